"""Prints what it is given, a line each, then does nothing until it is stopped."""

from __future__ import annotations

import signal
import sys

for line in sys.argv[1:]:
    print(line, flush=True)
while True:
    signal.pause()
