"""Says `up`, closes stdin, stdout and stderr, as daemons do, and opens a file of its own in place of the log."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

print("up", flush=True)
sys.stdout = sys.stderr = None  # type: ignore[assignment]
for number in range(3):
    os.close(number)
place = Path(os.environ["DATA_DIR"]) / "own.log"
descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
os.write(descriptor, b"this is mine\n")
while True:
    signal.pause()
