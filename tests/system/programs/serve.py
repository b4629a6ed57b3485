"""A small API: /health, /env (its environment), /pid, /slow (answers after a second), and POST /echo.

It keeps connections, and ends at once when it is told to, whatever it has in hand.

Options: --health STATUS (what /health answers), --late SECONDS (before it listens), --say TEXT (a first line).
"""

from __future__ import annotations

import argparse
import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

options = argparse.ArgumentParser()
options.add_argument("--health", type=int, default=200)
options.add_argument("--late", type=float, default=0.0)
options.add_argument("--say", default="hello")
given = options.parse_args()


class Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are written one after the other

    def do_GET(self) -> None:
        if self.path == "/health":
            self.answer(given.health, {"status": given.health})
        elif self.path == "/env":
            self.answer(200, dict(os.environ))
        elif self.path == "/pid":
            self.answer(200, {"pid": os.getpid()})
        elif self.path == "/slow":
            print("slow", flush=True)
            time.sleep(1)
            self.answer(200, {"pid": os.getpid()})
        else:
            self.answer(404, {"detail": f"nothing at {self.path}"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.answer(201, {"got": json.loads(body or b"null")})

    def answer(self, status: int, value: object) -> None:
        text = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        pass


print(given.say, flush=True)
time.sleep(given.late)
ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Api).serve_forever()
