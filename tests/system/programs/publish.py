"""Speaks the NATS protocol with nothing but the standard library: publishes to each subject named, then idles.

It prints every error line the server sends.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from urllib.parse import urlsplit

url = urlsplit(os.environ["NATS_URL"])
bus = socket.create_connection((url.hostname, url.port))
lines = bus.makefile("rb")
lines.readline()  # INFO
hello = {"verbose": False, "pedantic": False, "user": url.username, "pass": url.password, "name": "publisher"}
bus.sendall(f"CONNECT {json.dumps(hello)}\r\nPING\r\n".encode())
while lines.readline() != b"PONG\r\n":
    pass
for subject in sys.argv[1:]:
    bus.sendall(f"PUB {subject} 2\r\n{{}}\r\n".encode())
bus.sendall(b"PING\r\n")
while (line := lines.readline()) != b"PONG\r\n":
    print(line.decode().strip(), flush=True)
print("published", flush=True)
while True:
    signal.pause()
