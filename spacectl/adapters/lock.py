"""One supervisor per system: an advisory lock held as long as it lives.

It is an open file description lock (fcntl(2), F_OFD_SETLK): a fork inherits it, it ends with the last process that
holds the descriptor, and asking whether somebody has it takes nothing from anybody.
"""

from __future__ import annotations

import fcntl
import os
import struct
from pathlib import Path

from spacectl.errors import MachineError

_FLOCK = struct.Struct("hhqqi4x")  # struct flock: type, whence, start, length (0: to the end), pid


def try_lock(path: Path) -> int | None:
    """Take the lock; the open descriptor holds it, over a fork too. None when another process has it.

    Raises:
        MachineError: the lock file cannot be opened.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise MachineError(f"cannot write {path}: {error.strerror}") from error
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _asked(fcntl.F_WRLCK))
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock now."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        answer = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, _asked(fcntl.F_WRLCK))
    finally:
        os.close(descriptor)
    return bool(_FLOCK.unpack(answer)[0] != fcntl.F_UNLCK)


def sign(descriptor: int, pid: int) -> None:
    """Write into the lock who holds it."""
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{pid}\n".encode(), 0)


def holder(path: Path) -> int | None:
    """Who holds the lock, if anybody does and has signed it."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return int(text) if text.isdigit() and is_locked(path) else None


def _asked(kind: int) -> bytes:
    return _FLOCK.pack(kind, os.SEEK_SET, 0, 0, 0)
