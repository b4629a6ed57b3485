"""Cuts the bytes of logs into lines, and chooses among them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from spacectl.core.log_levels import level_of
from spacectl.model.log_line import Chunk, Level, LogLine


def whole_lines(text: bytes, start: int, stop: int) -> int:
    """Where the lines end that begin within [start, stop); where the last is not whole, the lines before it.

    Returns:
        An offset in `text`; `start` where not even the first line is whole.
    """
    end = text.find(b"\n", max(start, min(stop, len(text)) - 1)) + 1
    return end or max(start, text.rfind(b"\n", start) + 1)


def lines_of(chunk: Chunk) -> list[bytes]:
    """The lines of a chunk without their newlines."""
    lines = chunk.text.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines


def log_lines(chunks: Iterable[Chunk]) -> Iterator[LogLine]:
    """The lines of many chunks, one by one."""
    for chunk in chunks:
        lines = lines_of(chunk)
        levels = chunk.levels or (None,) * len(lines)
        last = len(lines) - 1
        for position, (line, level) in enumerate(zip(lines, levels, strict=True)):
            truncated = position == last and not chunk.ends
            yield LogLine(chunk.source, chunk.time_ns, chunk.approximate, line, level, truncated)


class Sieve:
    """Keeps the wanted lines of one log; they must come in order, because a line inherits the level of the one before.

    Args:
        grep: only lines in which this is found.
        least: only lines at least as grave; where no line named a level yet, they count as INFO.
        levels: tell the level of each line.
        tells: the level that a line names itself.
    """

    def __init__(
        self,
        grep: re.Pattern[bytes] | None,
        least: Level | None,
        *,
        levels: bool = False,
        tells: Callable[[bytes], Level | None] = level_of,
    ) -> None:
        self._grep = grep
        self._least = least
        self._looks = levels or least is not None
        self._levels = levels
        self._tells = tells
        self._level: Level | None = None

    @property
    def keeps_all(self) -> bool:
        """Whether no line is left out."""
        return self._grep is None and self._least is None

    def keep(self, chunk: Chunk) -> Chunk | None:
        """The chunk with only its wanted lines, or None where it has none."""
        if self.keeps_all and not self._levels:
            return chunk
        lines = lines_of(chunk)
        found = self._found(lines, begins=chunk.begins)
        kept = [position for position, level in enumerate(found) if self._wanted(lines[position], level)]
        if self._levels:
            chunk = replace(chunk, levels=tuple(found))
        return _only(chunk, lines, kept)

    def _found(self, lines: list[bytes], *, begins: bool) -> list[Level | None]:
        if not self._looks:
            return [None] * len(lines)
        found = []
        for position, line in enumerate(lines):
            if position or begins:
                self._level = self._tells(line) or self._level
            found.append(self._level)
        return found

    def _wanted(self, line: bytes, level: Level | None) -> bool:
        if self._least is not None and (level or Level.INFO) < self._least:
            return False
        return self._grep is None or self._grep.search(line) is not None


def without_first(chunk: Chunk, count: int) -> Chunk | None:
    """A chunk without its first lines; None where there are no more."""
    lines = lines_of(chunk)
    return _only(chunk, lines, range(count, len(lines)))


def _only(chunk: Chunk, lines: list[bytes], kept: Sequence[int]) -> Chunk | None:
    """A chunk with only the lines at these positions, which are in order."""
    if len(kept) == len(lines):
        return chunk
    if not kept:
        return None
    has_last = kept[-1] == len(lines) - 1
    text = b"\n".join([lines[position] for position in kept])
    if not has_last or chunk.text.endswith(b"\n"):
        text += b"\n"
    return replace(
        chunk,
        text=text,
        begins=chunk.begins or kept[0] > 0,
        ends=chunk.ends or not has_last,
        levels=tuple(chunk.levels[position] for position in kept) if chunk.levels else (),
    )
