"""Ignores every polite request to end."""

from __future__ import annotations

import signal

for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
print("not listening", flush=True)
while True:
    signal.pause()
