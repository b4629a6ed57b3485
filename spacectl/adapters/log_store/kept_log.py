"""One log that is kept: its size over time, and the part of it that is kept on disk."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from spacectl.adapters.log_store.files import index_of
from spacectl.adapters.log_store.index_file import IndexWriter
from spacectl.adapters.log_store.trimming import Method, copy_tail, first_data, punch


class KeptLog:
    """A log that programs write.

    Args:
        path: the log; it must exist.
        how: by which means it is kept small.
        seen_from_start: what it holds was written just now; else nobody knows when.

    Raises:
        OSError: it, or its index, cannot be opened.
    """

    def __init__(self, path: Path, how: Method, *, seen_from_start: bool) -> None:
        self.name = path.name
        self.is_trimmed = False
        self.is_abandoned = False
        self._how = how
        # Not O_APPEND: pwrite(2) would append then.
        self.descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOCTTY)
        try:
            stat = os.fstat(self.descriptor)
            self._identity = stat.st_dev, stat.st_ino
            self._start = first_data(self.descriptor, 0)
            self._index = IndexWriter(index_of(path), stat.st_ino, stat.st_size)
        except OSError:
            os.close(self.descriptor)
            raise
        self._size = self._index.last.size - self._index.header.base if self._index.last is not None else 0
        if not seen_from_start:
            self.record(approximate=True)

    def is_at(self, path: Path) -> bool:
        """Whether this log is the file at a path."""
        try:
            stat = path.stat()
        except OSError:
            return False
        return (stat.st_dev, stat.st_ino) == self._identity

    def record(self, *, approximate: bool = False) -> None:
        """Record how far the log has grown, and when it last did."""
        if self.is_trimmed and self._how == "truncate":
            return
        stat = os.fstat(self.descriptor)
        if stat.st_size < self._size:
            self._size = self._start = 0
            self._index.restart()
        if stat.st_size > self._size:
            self._size = stat.st_size
            self._index.append(stat.st_mtime_ns, stat.st_size, approximate=approximate)

    def needs_trim(self, bound: int) -> bool:
        """Whether it takes more of the disk than it may."""
        if self.is_trimmed:
            return False
        return self._size - self._start > (bound + bound // 4 if self._how == "punch" else bound)

    def trim(self, bound: int) -> bool:
        """Make it as small as it may be; whether it got smaller.

        Runs in a thread; meanwhile `is_trimmed` keeps everybody else away. A disk that cannot do it now is asked again
        when the log has grown further.
        """
        before = self._size - self._start
        with contextlib.suppress(OSError):
            if self._how == "punch":
                self._start = punch(self.descriptor, self._start, self._size - bound)
            else:
                self._copy_tail(bound // 2)
        return self._size - self._start < before

    def _copy_tail(self, keep: int) -> None:
        self._index.moving()
        cut = 0
        try:
            cut = copy_tail(self.descriptor, keep)
        finally:
            self._index.moved(cut)
            self._size = max(0, self._size - cut)

    def close(self) -> None:
        """Close its files."""
        os.close(self.descriptor)
        self._index.close()
