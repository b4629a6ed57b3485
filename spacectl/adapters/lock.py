"""One supervisor per system: an advisory lock held as long as it lives (flock(2))."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from spacectl.errors import MachineError


def try_lock(path: Path) -> int | None:
    """Take the lock; the open descriptor holds it, over a fork too. None when another process has it.

    Raises:
        MachineError: the lock file cannot be opened.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise MachineError(f"cannot open {path}: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock now."""
    if not path.exists():
        return False
    descriptor = try_lock(path)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False
