"""Takes the events of one publisher with the bus's own protocol, and serves how many, and how often it was asked.

With `picky` it refuses those whose data is a number that ends with 9; with `silent` it acknowledges none.
"""

import itertools
import json
import os
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

taken: dict[str, int] = {}
ANSWER = Path(os.environ["DATA_DIR"]) / "answer"
asked = itertools.count(1)


class Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    wbufsize = -1  # headers and body in one packet

    def do_GET(self) -> None:
        if self.path == "/health":
            return self.answer({})
        if self.path == "/add":
            return self.answer({"asked": next(asked)})
        if self.path == "/told":
            return self.answer({"taken": taken})
        return self.answer({}, 404)

    def answer(self, value: object, status: int = 200) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def answer_to(data: bytes) -> str:
    if "silent" in sys.argv:
        return ""
    if "picky" in sys.argv and data.endswith(b"9"):
        return "-NAK"
    return ANSWER.read_text() if ANSWER.exists() else "+ACK"


def take(stream: str) -> None:
    bus = urlsplit(os.environ["NATS_URL"])
    inbox = f"{os.environ['NATS_INBOX_PREFIX']}.pull"
    connection = socket.create_connection((bus.hostname, bus.port))
    lines = connection.makefile("rb")
    lines.readline()
    options = {"user": bus.username, "pass": bus.password, "verbose": False, "headers": True, "no_responders": True}
    connection.sendall(f"CONNECT {json.dumps(options)}\r\nSUB {inbox} 1\r\n".encode())
    request = json.dumps({"batch": 100, "expires": 1_000_000_000})
    pull = (
        f"PUB $JS.API.CONSUMER.MSG.NEXT.{stream}.{os.environ['SPACE']} {inbox} {len(request)}\r\n{request}\r\n".encode()
    )
    connection.sendall(pull)
    owed = 100
    while line := lines.readline():
        word, *rest = line.split()
        if word == b"PING":
            connection.sendall(b"PONG\r\n")
        if word not in (b"MSG", b"HMSG"):
            continue
        data = lines.read(int(rest[-1]) + 2).strip()
        subject = rest[0].decode()
        if subject.startswith("_INBOX."):  # a status: the request is over
            owed = 0
        else:
            reply = rest[2].decode()
            word = answer_to(data)
            if word:
                connection.sendall(f"PUB {reply} {len(word)}\r\n{word}\r\n".encode())
            taken[subject] = taken.get(subject, 0) + (word == "+ACK")
            owed -= 1
        if owed <= 0:
            connection.sendall(pull)
            owed = 100


threading.Thread(target=take, args=("ticker",), daemon=True).start()
ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Api).serve_forever()
