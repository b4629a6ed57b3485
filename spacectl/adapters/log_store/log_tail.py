"""Reads one log from a place on, as chunks of lines that share a time."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from typing import Final

from spacectl.adapters.log_store.log_file import BLOCK, LogFile
from spacectl.core.log_cutting import Sieve, lines_of, whole_lines, without_first
from spacectl.core.log_levels import level_of
from spacectl.core.log_notes import note_level
from spacectl.model.log_line import SUPERVISOR, Chunk, Selection

_PATIENCE_S: Final = 0.25
"""How long the rest of a line may stay away before the beginning is given."""

_LIVE_S: Final = 1.0

_NO_END: Final = 1 << 62


class LogTail:
    """What one log holds from some place on, each byte once.

    Args:
        source: the log's name.
        log: the log; it is closed with this.
        selection: which of its lines are wanted.
        whole: begin with the first line there is, whatever the selection says.

    Attributes:
        missed: bytes that were gone from the head of the log before they could be read.
    """

    def __init__(self, source: str, log: LogFile, selection: Selection, *, whole: bool = False) -> None:
        self.log = log
        self.missed = 0
        self._source = source
        self._sieve = self._new_sieve(selection)
        self._position = 0
        self._begins, self._skipping, self._is_beheaded = True, False, False
        self._time_ns, self._approximate = 0, False
        self._held_at: float | None = None
        self._seen_end = log.end
        self._looked_at = time.monotonic()
        self._stop = _NO_END
        self._unwanted = 0
        self._go_to(log.start)
        if whole:
            self.missed = self._position
        else:
            self._select(selection)

    def look(self) -> None:
        """Take in what was written since the last look."""
        now = time.monotonic()
        self.log.look(live=now - self._looked_at < _LIVE_S)
        if self.log.end < self._position:  # it was emptied, and begins anew
            self._go_to(self.log.start)
        if self.log.end != self._seen_end:
            self._seen_end, self._held_at = self.log.end, None
        self._looked_at = now

    @property
    def holds(self) -> bool:
        """Whether it waits for the rest of a line."""
        return self._held_at is not None

    def new(self, *, final: bool) -> Iterator[Chunk]:
        """The wanted lines up to where the log ended at the last look.

        Args:
            final: give a last line that has no newline too; else it is held back until it has one, or has not grown for
                a while.
        """
        for chunk in self._cut(self._seen_end, final=final):
            kept = self._without_unwanted(self._sieve.keep(chunk))
            if kept is not None:
                yield kept

    def close(self) -> None:
        """Close the log."""
        self.log.close()

    def _new_sieve(self, selection: Selection) -> Sieve:
        tells = note_level if self._source == SUPERVISOR else level_of
        return Sieve(selection.grep, selection.least(self._source), levels=selection.levels, tells=tells)

    def _select(self, selection: Selection) -> None:
        if selection.since_ns is not None:
            self._go_to(max(self._position, self.log.since(selection.since_ns)))
        if selection.until_ns is not None:
            self._stop = self.log.until(selection.until_ns)
        if selection.tail is None:
            return
        if self._sieve.keeps_all and self._stop >= self.log.end:
            self._go_to(self.log.last_lines(self._position, self.log.end, selection.tail))
        else:
            self._skip_to_last(selection)

    def _skip_to_last(self, selection: Selection) -> None:
        """Count the wanted lines, so that all but the last can be passed over: two passes instead of much memory."""
        place = self._position, self._skipping
        lines = sum(len(lines_of(chunk)) for chunk in self.new(final=True))
        self._unwanted = max(0, lines - selection.tail) if selection.tail is not None else 0
        self._position, self._skipping = place
        self._begins, self._held_at = True, None
        self._sieve = self._new_sieve(selection)
        self.log.rewind()

    def _without_unwanted(self, chunk: Chunk | None) -> Chunk | None:
        if chunk is None or not self._unwanted:
            return chunk
        passed = min(self._unwanted, len(lines_of(chunk)))
        self._unwanted -= passed
        return without_first(chunk, passed)

    def _go_to(self, offset: int, *, after_hole: bool = False) -> None:
        self._position = offset
        self._skipping = not self.log.begins_line(offset)
        self._is_beheaded = after_hole or offset == self.log.start
        self._begins = True

    def _cut(self, end: int, *, final: bool) -> Iterator[Chunk]:
        while self._position < end and not (self._begins and self._position >= self._stop):
            at, block = self.log.block(self._position, min(BLOCK, end - self._position))
            if not block or at >= end:
                return
            if at > self._position:
                self.missed += at - self._position
                self._go_to(at, after_hole=True)
            elif self._skipping:
                self._skip(block)
            elif not (yield from self._whole(block)):
                is_last = at + len(block) >= end
                if is_last and len(block) < BLOCK and not final and not self._is_overdue():
                    return
                yield self._taken(block, ends=is_last and final)

    def _whole(self, block: bytes) -> Generator[Chunk, None, bool]:
        """The whole lines of a block; false where it begins with one that goes on beyond it."""
        start = 0
        while start < len(block) and not (self._begins and self._position >= self._stop):
            stop = whole_lines(block, start, start + self._limit())
            if stop == start:
                break
            chunk = self._taken(block[start:stop], ends=True)
            self._begins = True
            start = stop
            yield chunk
        return start > 0

    def _limit(self) -> int:
        """In how many bytes from here on lines begin that belong into the same chunk."""
        if not self._begins:
            return 1  # what is left of a line stands alone
        return min(self.log.span(self._position).end, self._stop) - self._position

    def _taken(self, text: bytes, *, ends: bool) -> Chunk:
        begins = self._begins
        if begins:
            self._time_ns, self._approximate, _ = self.log.span(self._position)
        self._position += len(text)
        self._begins = False
        self._held_at = None
        return Chunk(self._source, self._time_ns, self._approximate, text, begins, ends)

    def _skip(self, block: bytes) -> None:
        """Pass over the rest of a line; a very long one whose beginning is gone from the disk is given after all."""
        newline = block.find(b"\n") + 1
        if not newline and self._is_beheaded and len(block) == BLOCK:
            self._skipping = self._begins = False
            self._time_ns, self._approximate, _ = self.log.span(self._position)
            return
        self._skipping = newline == 0
        self._position += newline or len(block)

    def _is_overdue(self) -> bool:
        """Whether the rest of the last line has stayed away too long."""
        if self._held_at is None:
            self._held_at = self._looked_at
        return self._looked_at - self._held_at >= _PATIENCE_S
