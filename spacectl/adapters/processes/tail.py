"""The last lines of a log, kept with the reason when a process crashed."""

from __future__ import annotations

import os
from pathlib import Path

_BYTES = 16_384
_LINES = 10


def tail(log: Path, start: int) -> tuple[str, ...]:
    """The last lines that a log holds from an offset on; bytes that are no UTF-8 are replaced."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(start, size - _BYTES))
            text = file.read(_BYTES)
    except OSError:
        return ()
    return tuple(line.decode(errors="replace") for line in text.splitlines()[-_LINES:])
