"""Reads what is added to a log file, line by line, without ever holding more than a little of it."""

from __future__ import annotations

import os
from pathlib import Path

_MOST_BYTES = 256 * 1024
_LAST_BYTES = 16 * 1024**2
"""How far back from its end a file is searched for its last lines."""


class Follower:
    """The lines added to one file since the last look; one that shrank, or is another one now, is read from its start.

    Args:
        path: the file; it need not exist yet.
        offset: where to begin.
    """

    def __init__(self, path: Path, offset: int = 0) -> None:
        self._path = path
        self._offset = offset
        self._inode: int | None = None
        self._rest = b""

    def read(self) -> list[bytes]:
        """Complete lines, without their newlines; at most 256 KiB a look, the rest at the next."""
        try:
            if self._is_all_read():  # as nearly always
                return []
            with self._path.open("rb") as file:
                before = self._begin_anew() if self._is_another(os.fstat(file.fileno())) else []
                file.seek(self._offset)
                more = file.read(_MOST_BYTES)
        except OSError:
            return []
        self._offset += len(more)
        *lines, self._rest = (self._rest + more).split(b"\n")
        if len(self._rest) > _MOST_BYTES:
            lines, self._rest = [*lines, self._rest], b""
        return [*before, *lines]

    def catch_up(self, most_bytes: int) -> int:
        """Leave out what lies further back than this from the end; how many bytes that were, 0 as a rule."""
        try:
            behind = self._path.stat().st_size - self._offset
        except OSError:
            return 0
        if behind <= most_bytes:
            return 0
        left_out = behind - most_bytes + len(self._rest)
        self._offset += behind - most_bytes
        self._rest = b""
        return left_out

    def rest(self) -> bytes:
        """What was read after the last newline; for when nobody writes any more. It is given only once."""
        rest, self._rest = self._rest, b""
        return rest

    def _is_all_read(self) -> bool:
        now = self._path.stat()
        return (now.st_ino, now.st_size) == (self._inode, self._offset)

    def _is_another(self, now: os.stat_result) -> bool:
        replaced = self._inode not in {None, now.st_ino}
        self._inode = now.st_ino
        return replaced or now.st_size < self._offset

    def _begin_anew(self) -> list[bytes]:
        self._offset = 0
        rest = self.rest()
        return [rest] if rest else []


def last_lines(path: Path, count: int) -> tuple[list[bytes], int]:
    """The last lines of a file, read from its end, and the offset where they stop.

    A last line without a newline counts as one. No more than the last 16 MiB are read: there may be fewer lines then,
    and the first may lack its beginning.
    """
    try:
        with path.open("rb") as file:
            end = start = file.seek(0, 2)
            blocks: list[bytes] = []
            newlines = 0
            first = max(0, end - _LAST_BYTES)
            while start > first and newlines <= count:
                size = min(_MOST_BYTES, start - first)
                start = file.seek(start - size)
                blocks.insert(0, file.read(size))
                newlines += blocks[0].count(b"\n")
    except OSError:
        return [], 0
    lines = b"".join(blocks).split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return lines[len(lines) - min(count, len(lines)) :], end
