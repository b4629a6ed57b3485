"""Reads what is added to a log file, line by line, without ever holding more than a little of it."""

from __future__ import annotations

from pathlib import Path

_MOST_BYTES = 256 * 1024


class Follower:
    """The lines added to one file since the last look; a file that shrank is read from its start.

    Args:
        path: the file; it need not exist yet.
        offset: where to begin.
    """

    def __init__(self, path: Path, offset: int = 0) -> None:
        self._path = path
        self._offset = offset
        self._rest = b""

    def read(self) -> list[bytes]:
        """Complete lines, without their newlines; at most 256 KiB a look, the rest at the next."""
        try:
            with self._path.open("rb") as file:
                if file.seek(0, 2) < self._offset:
                    self._offset, self._rest = 0, b""
                file.seek(self._offset)
                more = file.read(_MOST_BYTES)
        except OSError:
            return []
        self._offset += len(more)
        *lines, self._rest = (self._rest + more).split(b"\n")
        if len(self._rest) > _MOST_BYTES:
            lines, self._rest = [*lines, self._rest], b""
        return lines


def last_lines(path: Path, count: int) -> tuple[list[bytes], int]:
    """The last lines of a file, read from its end, and the offset where they stop.

    A last line without a newline counts as one.
    """
    try:
        with path.open("rb") as file:
            end = start = file.seek(0, 2)
            blocks: list[bytes] = []
            newlines = 0
            while start > 0 and newlines <= count:
                size = min(_MOST_BYTES, start)
                start = file.seek(start - size)
                blocks.insert(0, file.read(size))
                newlines += blocks[0].count(b"\n")
    except OSError:
        return [], 0
    lines = b"".join(blocks).split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return lines[len(lines) - min(count, len(lines)) :], end
