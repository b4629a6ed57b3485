"""Starts children in process groups of their own, as a shell with job control does, which ignore requests to end.

Their pids go into $DATA_DIR/pids: one in the session of the program, one in a session of its own.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path


def regroup() -> None:
    os.setpgid(0, 0)


def start(leave: Callable[[], object]) -> int:
    ready, done = os.pipe()
    pid = os.fork()
    if pid == 0:
        leave()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        os.write(done, b"!")
        while True:
            signal.pause()
    os.read(ready, 1)
    return pid


pids = [start(regroup), start(os.setsid)]
(Path(os.environ["DATA_DIR"]) / "pids").write_text(" ".join(map(str, pids)))
print("up", flush=True)
while True:
    signal.pause()
