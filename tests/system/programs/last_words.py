"""Prints `up`, and when it is asked to end a last line without a newline."""

from __future__ import annotations

import signal
import sys


def say_goodbye(number: int, _: object) -> None:
    sys.stdout.write(f"goodbye from {signal.Signals(number).name}")
    sys.stdout.flush()
    sys.exit(0)


for each in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    signal.signal(each, say_goodbye)
print("up", flush=True)
while True:
    signal.pause()
