"""`down` of a system whose supervisor is of a version that this one does not understand."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import UnixStreamServer
from typing import Any

import pytest

from spacectl.adapters.control.client import ControlClient
from spacectl.adapters.lock import is_locked, sign, try_lock
from spacectl.cli.down import down
from spacectl.errors import OtherVersionError
from spacectl.model.layout import Layout

DEADLINE_S = 20.0


class Other(BaseHTTPRequestHandler):
    """It tells how it is in its own way, and ends when it is asked to, after it was asked once more how it is."""

    def do_GET(self) -> None:
        self._answer(200, b'{"all": "well"}')
        if self.server.asked:  # type: ignore[attr-defined]
            self._end()

    def do_POST(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        self._answer(202, b"")

    def address_string(self) -> str:
        return ""  # one of a Unix socket has none

    def log_message(self, *_: Any) -> None:
        pass

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _end(self) -> None:
        os.close(self.server.lock)  # type: ignore[attr-defined]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    found = Layout(tmp_path)
    found.manifest.write_text('[system]\nname = "shop"\n')
    found.run.mkdir(parents=True)
    return found


@pytest.fixture
def other(layout: Layout) -> Iterator[Any]:
    server: Any = UnixStreamServer(str(layout.control_socket), Other)
    server.lock, server.asked = try_lock(layout.lock), []
    process = subprocess.Popen(["sleep", "60"])  # what would be killed, should all this go wrong
    sign(server.lock, process.pid)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join(DEADLINE_S)
    server.server_close()
    process.kill()
    process.wait()


def test_it_is_ended_like_any_other(layout: Layout, other: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(OtherVersionError):
        ControlClient(layout.control_socket).report()
    down(system=layout.root)
    assert other.asked == ["/shutdown"]
    assert not is_locked(layout.lock)
    assert capsys.readouterr().err.splitlines()[-1] == "stopped"
