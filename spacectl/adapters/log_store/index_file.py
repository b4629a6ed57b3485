"""The time index of a log: a file of fixed-size records beside it, written by the supervisor and read by anybody.

A header of 32 bytes: magic, inode of the log, base, generation; then records of 16 bytes: time in nanoseconds since
1970, and size. All little-endian and unsigned. Sizes count from the first byte the log ever had; `base` of these are
cut off the front of the file, so a size less the base is an offset in the file. Where the generation is odd, the bytes
of the log are being moved, and no offset is good until it is even again. The top bit of a size marks the record as
approximate.
"""

from __future__ import annotations

import contextlib
import os
import struct
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from spacectl.core.log_times import thinned
from spacectl.model.log_line import TimeRecord

_MAGIC = b"spctime1"
_HEADER = struct.Struct("<8sQQQ")
_RECORD = struct.Struct("<QQ")
_APPROXIMATE = 1 << 63
_RECORDS_READ = 256

LIMIT_BYTES = 1 << 20


class Header(NamedTuple):
    """What a log's offsets mean at present.

    Attributes:
        base: bytes that were cut off the front of the file so far.
        generation: odd while bytes are being moved.
    """

    base: int = 0
    generation: int = 0


class IndexWriter:
    """Writes the index of one log; one that fits the log already is continued.

    Args:
        path: the index file.
        inode: of the log.
        size: of the log's file now.
        limit: bytes beyond which the index is thinned out.

    Raises:
        OSError: it cannot be written. Only a full disk is no error: then records are missing.
    """

    def __init__(self, path: Path, inode: int, size: int, limit: int = LIMIT_BYTES) -> None:
        self._path = path
        self._inode = inode
        self._limit = limit
        self._descriptor = _open(path)
        self.header = Header()
        self.last: TimeRecord | None = None
        if not self._continue(size):
            self.restart()

    def append(self, time_ns: int, size: int, *, approximate: bool = False) -> None:
        """Record that the file has grown to a size; the clock may go back, the times of an index never do."""
        size += self.header.base
        if self.last is not None:
            time_ns = max(time_ns, self.last.time_ns)
        record = _RECORD.pack(time_ns, size | (_APPROXIMATE if approximate else 0))
        try:
            # At a record's place, not at the end: a write that a full disk cut short is written over by the next.
            complete = os.pwrite(self._descriptor, record, self._end) == _RECORD.size
        except OSError:
            return
        if complete:
            self._end += _RECORD.size
            self.last = TimeRecord(time_ns, size, approximate)
            if self._end > self._limit:
                self._thin()

    def restart(self) -> None:
        """Begin anew: the log does too."""
        self.last = None
        self._end = _HEADER.size
        os.ftruncate(self._descriptor, 0)
        self._put_header(Header())

    def moving(self) -> None:
        """Tell readers to wait: bytes of the log are about to be moved."""
        self._put_header(Header(self.header.base, self.header.generation + 1))

    def moved(self, cut: int) -> None:
        """Tell readers to go on: so many more bytes were cut off the front."""
        self._put_header(Header(self.header.base + cut, self.header.generation + 1))

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _continue(self, size: int) -> bool:
        header = _read_header(self._descriptor, self._inode)
        if header is None or header.generation % 2:
            return False
        self.header = header
        self._end = _whole(os.fstat(self._descriptor).st_size)
        if self._end > _HEADER.size:
            self.last = _record(os.pread(self._descriptor, _RECORD.size, self._end - _RECORD.size))
        return self.last is None or self.last.size <= header.base + size

    def _put_header(self, header: Header) -> None:
        with contextlib.suppress(OSError):  # the disk is full
            os.pwrite(self._descriptor, _HEADER.pack(_MAGIC, self._inode, *header), 0)
        self.header = header

    def _thin(self) -> None:
        """Put a coarser index in place of this one; who reads the old one goes on with it until they look again."""
        numbers = array("Q", os.pread(self._descriptor, self._end - _HEADER.size, _HEADER.size))
        records = thinned(numbers).tobytes()
        aside = self._path.with_suffix(".times-new")
        try:
            aside.write_bytes(_HEADER.pack(_MAGIC, self._inode, *self.header) + records)
            aside.chmod(0o600)
            aside.replace(self._path)
            fresh = _open(self._path)
        except OSError:  # no room for it: the old one grows on, and the next record tries again
            aside.unlink(missing_ok=True)
            return
        os.close(self._descriptor)
        self._descriptor, self._end = fresh, _HEADER.size + len(records)


class IndexReader:
    """The index of one log as it was at the last look; without one that fits, it has no records.

    Args:
        path: the index file; it need not exist.
        inode: of the log.
    """

    def __init__(self, path: Path, inode: int) -> None:
        self._path = path
        self._inode = inode
        self._descriptor = -1
        self._identity = 0
        self._count = 0
        self.header = Header()

    def look(self) -> None:
        """Take in what was written since."""
        try:
            identity = self._path.stat().st_ino
        except OSError:
            identity = 0
        if identity != self._identity:
            self.close()
            self._identity = identity
            with contextlib.suppress(OSError):
                self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        header = _read_header(self._descriptor, self._inode) if self._descriptor >= 0 else None
        self.header = header or Header()
        self._count = 0
        if header is not None:
            self._count = (_whole(os.fstat(self._descriptor).st_size) - _HEADER.size) // _RECORD.size

    def now(self) -> Header:
        """The header as it is at this moment."""
        header = _read_header(self._descriptor, self._inode) if self._descriptor >= 0 else None
        return header or Header()

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, position: int, /) -> TimeRecord:
        if not 0 <= position < self._count:
            raise IndexError(position)
        offset = _HEADER.size + position * _RECORD.size
        return _record(os.pread(self._descriptor, _RECORD.size, offset))

    def walk(self, position: int) -> Iterator[TimeRecord]:
        """The records from a position on, read a few at a time."""
        while position < self._count:
            count = min(_RECORDS_READ, self._count - position)
            block = os.pread(self._descriptor, count * _RECORD.size, _HEADER.size + position * _RECORD.size)
            if not block:
                return
            for time_ns, size in _RECORD.iter_unpack(block[: len(block) // _RECORD.size * _RECORD.size]):
                yield TimeRecord(time_ns, size & ~_APPROXIMATE, bool(size & _APPROXIMATE))
            position += count

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor, self._identity = -1, 0


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _read_header(descriptor: int, inode: int) -> Header | None:
    data = os.pread(descriptor, _HEADER.size, 0)
    if len(data) < _HEADER.size:
        return None
    magic, of, base, generation = _HEADER.unpack(data)
    return Header(base, generation) if magic == _MAGIC and of == inode else None


def _record(data: bytes) -> TimeRecord:
    if len(data) < _RECORD.size:  # the index was begun anew under our hands
        return TimeRecord(0, 0)
    time_ns, size = _RECORD.unpack(data)
    return TimeRecord(time_ns, size & ~_APPROXIMATE, bool(size & _APPROXIMATE))


def _whole(size: int) -> int:
    """The size without a record at the end that is not whole."""
    return max(_HEADER.size, size - (size - _HEADER.size) % _RECORD.size)
