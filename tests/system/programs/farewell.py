"""Speaks the NATS protocol with nothing but the standard library: publishes to a subject when it is asked to end.

It prints every line that the server answers to that, then `done`.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from urllib.parse import urlsplit

signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
url = urlsplit(os.environ["NATS_URL"])
bus = socket.create_connection((url.hostname, url.port))
lines = bus.makefile("rb")
lines.readline()  # INFO
hello = {"verbose": False, "pedantic": False, "user": url.username, "pass": url.password, "name": "farewell"}
bus.sendall(f"CONNECT {json.dumps(hello)}\r\nPING\r\n".encode())
while lines.readline() != b"PONG\r\n":
    pass
print("connected", flush=True)
signal.sigwait({signal.SIGTERM})
bus.sendall(f"PUB {sys.argv[1]} 2\r\n{{}}\r\nPING\r\n".encode())
while (line := lines.readline()) not in {b"PONG\r\n", b""}:
    if line != b"PING\r\n":
        print(line.decode().strip(), flush=True)
print("done", flush=True)
