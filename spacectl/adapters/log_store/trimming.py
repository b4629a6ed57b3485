"""Gives the disk back what the head of a log takes, while programs go on writing at its end.

Where the file system can, a hole is punched (fallocate(2), FALLOC_FL_PUNCH_HOLE): every offset stays good and not a
byte that is being written is touched. Where it cannot, the tail is copied to the front of the file and the rest cut
off; writers that append go on at the new end. Then what is written between the last look and the cut, a few
microseconds, is lost.
"""

from __future__ import annotations

import ctypes
import errno
import os
import tempfile
from pathlib import Path
from typing import Literal

Method = Literal["punch", "truncate"]

_KEEP_SIZE, _PUNCH_HOLE = 0x01, 0x02  # linux/falloc.h
_ALIGN = 64 * 1024
"""A hole of whole blocks leaves no zeroes that are not part of it; no file system here has larger ones."""

_COPIED = 1 << 20

_CATCHES = 1000
"""How often it is tried to cut in a moment when nothing has been added since the last copy."""

_libc = ctypes.CDLL(None, use_errno=True)
_fallocate = getattr(_libc, "fallocate64", None) or _libc.fallocate
_fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)


def method(folder: Path) -> Method:
    """How logs in this folder are kept small.

    Raises:
        OSError: nothing can be written there.
    """
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(bytes(2 * _ALIGN))
        file.flush()
        try:
            punch(file.fileno(), 0, _ALIGN)
            return "punch" if first_data(file.fileno(), 0) == _ALIGN else "truncate"
        except OSError as error:
            if error.errno in {errno.EOPNOTSUPP, errno.ENOSYS, errno.EPERM, errno.EINVAL}:
                return "truncate"
            raise


def punch(descriptor: int, start: int, stop: int) -> int:
    """Take the blocks of a range away; where the hole ends, at most a block before `stop`.

    Raises:
        OSError: the file system cannot do it.
    """
    stop -= stop % _ALIGN
    if stop > start and _fallocate(descriptor, _PUNCH_HOLE | _KEEP_SIZE, start, stop - start) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return max(start, stop)


def first_data(descriptor: int, offset: int) -> int:
    """Where the first byte at or after an offset is that no hole swallowed; the file's size where there is none."""
    try:
        return os.lseek(descriptor, offset, os.SEEK_DATA)
    except OSError as error:
        if error.errno == errno.ENXIO:
            return max(offset, os.fstat(descriptor).st_size)
        if error.errno == errno.EINVAL:  # a file system without holes
            return offset
        raise


def copy_tail(descriptor: int, keep: int) -> int:
    """Move the last bytes of a file to its front and cut the rest off; how many bytes went.

    The kept part begins with a line. Does nothing where the file is not at least twice as long as what is kept.

    Raises:
        OSError: the file cannot be read or written.
    """
    size = os.fstat(descriptor).st_size
    if size < 2 * keep:
        return 0
    cut = _line_after(descriptor, size - keep, size)
    at = _copy(descriptor, cut, cut)
    for _ in range(_CATCHES):
        if os.fstat(descriptor).st_size == at:
            break
        at = _copy(descriptor, at, cut)
    os.ftruncate(descriptor, at - cut)
    return cut


def _copy(descriptor: int, at: int, cut: int) -> int:
    """Copy what stands from `at` to the end forward by `cut`; where that end was."""
    while block := os.pread(descriptor, _COPIED, at):
        os.pwrite(descriptor, block, at - cut)
        at += len(block)
    return at


def _line_after(descriptor: int, offset: int, size: int) -> int:
    """Where the next line begins, if one does within the next block."""
    block = os.pread(descriptor, _ALIGN, offset)
    return min(size, offset + block.find(b"\n") + 1)
