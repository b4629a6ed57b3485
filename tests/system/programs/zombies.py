"""Starts many children that end at once, and never waits for one of them; then idles.

Half of them leave a child of their own behind, which becomes somebody else's.
"""

from __future__ import annotations

import os
import signal

for number in range(20):
    if os.fork() == 0:
        if number % 2 and os.fork() == 0:
            os._exit(0)
        os._exit(number)
print("up", flush=True)
while True:
    signal.pause()
