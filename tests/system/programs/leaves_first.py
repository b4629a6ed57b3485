"""Starts a grandchild that takes the port and lives on, then ends itself: `leaves_first.py CODE`."""

from __future__ import annotations

import os
import signal
import socket
import sys

ready, done = os.pipe()
if os.fork() == 0:
    listener = socket.create_server((os.environ["HOST"], int(os.environ["PORT"])))
    print(f"grandchild {os.getpid()} listens", flush=True)
    os.write(done, b"!")
    while True:
        signal.pause()
os.read(ready, 1)
sys.exit(int(sys.argv[1]))
