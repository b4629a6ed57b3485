"""Waking up when files are written: the little that is needed of inotify(7).

Our own few lines, because the wrappers on the package index look for the C library by running `ldconfig` or a
compiler, and the supervisor, which takes in every child process there is, must start none that it does not know.
"""

from __future__ import annotations

import ctypes
import os
import struct
from enum import IntFlag
from pathlib import Path
from typing import NamedTuple

_READ_BYTES = 64 * 1024
_EVENT = struct.Struct("iIII")

_libc = ctypes.CDLL(None, use_errno=True)
_libc.inotify_add_watch.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_uint32)


class Mask(IntFlag):
    """What is watched for, and what happened (sys/inotify.h)."""

    MODIFY = 0x2
    MOVED_FROM = 0x40
    MOVED_TO = 0x80
    CREATE = 0x100
    Q_OVERFLOW = 0x4000
    ONLYDIR = 0x01000000
    ONESHOT = 0x80000000


class Event(NamedTuple):
    """Something happened to what is watched.

    Attributes:
        watch: the number that `add` gave; -1 when events were lost.
        mask: what happened.
        name: of the file, where a folder is watched.
    """

    watch: int
    mask: int
    name: str


class Inotify:
    """A queue of events.

    Raises:
        OSError: this user has no more of them.
    """

    def __init__(self) -> None:
        self._descriptor = _checked(_libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))

    def fileno(self) -> int:
        """The descriptor that is readable when there are events."""
        return self._descriptor

    def add(self, path: Path | str, mask: Mask) -> int:
        """Watch a file or a folder; the number that its events carry.

        Raises:
            OSError: there is no such path, or this user has no watches left.
        """
        return _checked(_libc.inotify_add_watch(self._descriptor, os.fsencode(path), mask))

    def read(self) -> list[Event]:
        """The events of this moment, oldest first."""
        events = []
        while data := self._more():
            offset = 0
            while offset < len(data):
                watch, mask, _cookie, length = _EVENT.unpack_from(data, offset)
                offset += _EVENT.size + length
                events.append(Event(watch, mask, os.fsdecode(data[offset - length : offset].rstrip(b"\0"))))
        return events

    def close(self) -> None:
        """Give it back."""
        os.close(self._descriptor)

    def _more(self) -> bytes:
        try:
            return os.read(self._descriptor, _READ_BYTES)
        except BlockingIOError:
            return b""


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
