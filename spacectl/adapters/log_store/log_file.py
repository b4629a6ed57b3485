"""One log as it is read: its bytes, and when they were written.

Offsets count from the first byte the log ever had; what is gone from its head is skipped.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from spacectl.adapters.log_store.files import index_of
from spacectl.adapters.log_store.index_file import IndexReader
from spacectl.adapters.log_store.trimming import first_data
from spacectl.core.log_times import first_after, offset_after, offset_since
from spacectl.errors import MachineError
from spacectl.model.log_line import TimeRecord

BLOCK: Final = 64 * 1024
"""Bytes that are read at a time; also what a longer line is cut into."""

_SURE_NS: Final = 200_000_000
"""When the index ends so little before the last write, whoever keeps it is at work and about to go on."""

_MOVING_S: Final = 2.0
"""How long bytes may take to be moved before whoever moved them must have died."""

_PAUSE_S: Final = 0.001

_END_OF_TIME: Final = 1 << 62


class Span(NamedTuple):
    """The lines that begin before `end`, and not before the span before, have this time."""

    time_ns: int
    approximate: bool
    end: int


class LogFile:
    """A log that is read.

    Args:
        path: the log.

    Raises:
        FileNotFoundError: it is gone.
        MachineError: it may not be read.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY)
        except PermissionError as error:
            raise MachineError(f"cannot read {path}: {error.strerror}") from error
        stat = os.fstat(self._descriptor)
        self._identity = stat.st_dev, stat.st_ino
        self._index = IndexReader(index_of(path), stat.st_ino)
        self._spans: Iterator[TimeRecord] | None = None
        self._span = Span(0, approximate=False, end=-1)
        self._is_live = False
        self.look()

    def look(self, *, live: bool = False) -> None:
        """Take in what was written since.

        Args:
            live: the last look was a moment ago, so what is new was written just now.
        """
        self._index.look()
        stat = self._stat()
        self._changed_ns = stat.st_mtime_ns
        self.end = self._index.header.base + stat.st_size
        self._spans, self._is_live = None, live

    def rewind(self) -> None:
        """Let offsets begin anew."""
        self._spans = None

    @property
    def start(self) -> int:
        """The offset of the first byte that is still there."""
        return self._index.header.base + first_data(self._descriptor, 0)

    def is_at(self, path: Path) -> bool:
        """Whether this is the file at a path."""
        try:
            stat = path.stat()
        except OSError:
            return True  # moved, and nothing took its place yet
        return (stat.st_dev, stat.st_ino) == self._identity

    def since(self, time_ns: int) -> int:
        """The offset from which on lines are of this time or later."""
        return self.end if self._changed_ns < time_ns else offset_since(self._index, time_ns)

    def until(self, time_ns: int) -> int:
        """The offset from which on lines are later than this."""
        return _END_OF_TIME if self._changed_ns <= time_ns else offset_after(self._index, time_ns)

    def begins_line(self, offset: int) -> bool:
        """Whether a line begins at an offset."""
        return offset <= self._index.header.base or self.block(offset - 1, 1) == (offset - 1, b"\n")

    def span(self, offset: int) -> Span:
        """The time of the line that begins at an offset; offsets must not go back between two looks."""
        if self._spans is None:
            self._spans = self._index.walk(first_after(self._index, offset))
            self._span = Span(0, approximate=False, end=-1)
        while self._span.end <= offset:
            record = next(self._spans, None)
            self._span = self._last_span() if record is None else Span(record.time_ns, record.approximate, record.size)
        return self._span

    def _last_span(self) -> Span:
        """What no record tells of yet was written after the last one, at the latest when the file changed last."""
        last_ns = self._index[len(self._index) - 1].time_ns if len(self._index) else 0
        changed_ns = max(last_ns, self._changed_ns)
        sure = self._is_live or changed_ns - last_ns <= _SURE_NS
        return Span(changed_ns, approximate=not sure, end=_END_OF_TIME)

    def block(self, offset: int, most: int) -> tuple[int, bytes]:
        """Bytes from an offset on, and where they stand: further on, where what stood at the offset is gone."""
        deadline = time.monotonic() + _MOVING_S
        while True:
            before = self._index.now()
            place = max(0, offset - before.base)
            data = os.pread(self._descriptor, most, place)
            # Looked at after reading: a hole may have swallowed the bytes while they were read.
            there = first_data(self._descriptor, place)
            late = time.monotonic() > deadline
            if late or (before == self._index.now() and before.generation % 2 == 0):
                if there == place or not data:
                    return before.base + place, data
                offset = before.base + there
            elif not late:
                time.sleep(_PAUSE_S)  # bytes are being moved; the one who does it is soon done

    def last_lines(self, start: int, end: int, count: int) -> int:
        """Where the last lines begin of what stands in [start, end)."""
        stop = end
        while count and stop > start:
            at = max(start, stop - BLOCK)
            _, block = self.block(at, stop - at)
            upto = len(block) - (stop == end)  # the newline of the last line ends it, and begins none
            newlines = block.count(b"\n", 0, max(0, upto))
            if newlines >= count:
                for _ in range(count):
                    upto = block.rindex(b"\n", 0, upto)
                return at + upto + 1
            count -= newlines
            stop = at
        return start if count else end

    def _stat(self) -> os.stat_result:
        """What the file is like, at a moment when nobody moves its bytes."""
        deadline = time.monotonic() + _MOVING_S
        while True:
            stat = os.fstat(self._descriptor)
            if self._index.header == self._index.now() and self._index.header.generation % 2 == 0:
                return stat
            if time.monotonic() > deadline:
                return stat
            time.sleep(_PAUSE_S)
            self._index.look()

    def close(self) -> None:
        """Close its files."""
        os.close(self._descriptor)
        self._index.close()
