"""Writes many numbered lines of 100 bytes as fast as it can, says `flooded`, then idles: `flood.py COUNT`."""

from __future__ import annotations

import signal
import sys

for number in range(int(sys.argv[1])):
    sys.stdout.write(f"{number:09} {'x' * 89}\n")
print("flooded", flush=True)
while True:
    signal.pause()
