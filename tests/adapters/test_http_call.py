import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from spacectl.adapters.http_call import call
from spacectl.errors import SpacectlError, UsageError


class Api(BaseHTTPRequestHandler):
    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path == "/text":
            self.send_response(418, "I am a teapot")
            text = "plain \x1b[31m é".encode()
        else:
            self.send_response(200)
            text = json.dumps({"method": self.command, "path": self.path, "body": body.decode(),
                               "type": self.headers.get("content-type")}).encode()  # fmt: skip
        self.send_header("content-length", str(len(text)))
        self.send_header("x-twice", "1")
        self.send_header("x-twice", "2")
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PATCH = answer  # noqa: N815  (the names http.server looks for)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def base() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_json_is_sent_as_such_and_spread_over_lines(base: str) -> None:
    answer = call("POST", base, "/orders?page=2", b'{"item": 1}')
    assert answer.status == 200
    assert json.loads(answer.text) == {
        "method": "POST", "path": "/orders?page=2", "body": '{"item": 1}', "type": "application/json"
    }  # fmt: skip
    assert answer.text.count("\n") == 5


def test_without_a_body_there_is_no_type(base: str) -> None:
    assert json.loads(call("GET", base, "/", None).text)["type"] is None


def test_any_other_answer_is_told_as_it_is(base: str) -> None:
    answer = call("GET", base, "/text", None)
    assert (answer.status, answer.reason, answer.text) == (418, "I am a teapot", "plain \x1b[31m é")
    assert [value for name, value in answer.headers if name == "x-twice"] == ["1", "2"]


def test_a_proxy_of_the_shell_is_not_asked(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert call("GET", base, "/", None).status == 200


def test_nobody_answers() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        with pytest.raises(SpacectlError, match="Connection refused") as raised:
            call("GET", url, "/health", None)
    assert raised.value.message.startswith(f"GET {url}/health: ")


def test_an_answer_that_takes_too_long() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(SpacectlError, match="timed out"):
        call("GET", f"http://127.0.0.1:{silent.getsockname()[1]}", "/", None, timeout_s=0.05)


def test_what_is_no_path() -> None:
    for path in ("orders", "", "http://elsewhere/"):
        with pytest.raises(UsageError, match='must start with "/"'):
            call("GET", "http://127.0.0.1:1", path, None)
    with pytest.raises(UsageError, match="is not a path"):
        call("GET", "http://127.0.0.1:1", "/a\x00b", None)
