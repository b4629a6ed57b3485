"""Starts a daemon that is hard to find: forked twice, in a session of its own, with an empty environment.

Its pid goes into $DATA_DIR/daemon, and it holds that file open.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

DAEMON = """
import os, signal, sys
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
held = open(sys.argv[1], "w")
print(os.getpid(), file=held, flush=True)
while True:
    signal.pause()
"""

place = Path(os.environ["DATA_DIR"]) / "daemon"
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execve(sys.executable, [sys.executable, "-c", DAEMON, str(place)], {})
    os._exit(0)
os.wait()
while not (place.exists() and place.read_text().endswith("\n")):
    pass
print("daemon started", flush=True)
while True:
    signal.pause()
