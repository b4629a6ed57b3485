"""Reads many logs as one, in the order of time."""

from __future__ import annotations

import heapq
import select
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

from spacectl.adapters.log_store.files import sources
from spacectl.adapters.log_store.inotify import Inotify, Mask
from spacectl.adapters.log_store.log_file import LogFile
from spacectl.adapters.log_store.log_tail import LogTail
from spacectl.core.log_cutting import log_lines
from spacectl.model.log_line import Chunk, LogLine, Selection

_ROUND_S: Final = 0.05
_HELD_S: Final = 0.1
_POLL_S: Final = 0.1
"""How often is looked where the kernel cannot wake us."""

_CHANGED = Mask.MODIFY | Mask.CREATE | Mask.MOVED_TO | Mask.ONLYDIR | Mask.ONESHOT


def chunks(folder: Path, selection: Selection) -> Iterator[Chunk]:
    """What the selected logs hold now, merged in the order of time; chunks of the same time in that of their names.

    Memory is bounded whatever the size: one block of each log. A last line without a newline counts as a line.

    Args:
        folder: where the logs are; one that does not exist holds none.
        selection: which lines.

    Raises:
        MachineError: a log may not be read.
    """
    with LogReader(folder, selection) as reader:
        yield from reader.new(final=True)


def read(folder: Path, selection: Selection) -> Iterator[LogLine]:
    """The same as `chunks`, line by line."""
    return log_lines(chunks(folder, selection))


class LogReader:
    """Reads what logs hold, and then what is added to them; logs that come later too, those from their start.

    Use it with `with`, or close it.

    Args:
        folder: where the logs are; it need not exist yet.
        selection: which lines; `since_ns`, `until_ns` and `tail` are about the logs there are at the first look.
    """

    def __init__(self, folder: Path, selection: Selection) -> None:
        self._folder = folder
        self._selection = selection
        self._tails: dict[str, LogTail] = {}
        self._is_first = True
        self._inotify: Inotify | None = None
        self._rested_at = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def new(self, *, final: bool = False) -> Iterator[Chunk]:
        """What came since the last time, merged in the order of time.

        Args:
            final: nobody writes any more: a last line without a newline is given at once, not after a while.

        Raises:
            MachineError: a log may not be read.
        """
        ended = self._look()
        parts = [tail.new(final=True) for tail in ended]
        parts += [self._tails[source].new(final=final) for source in sorted(self._tails)]
        yield from heapq.merge(*parts, key=lambda chunk: chunk.time_ns)
        for tail in ended:
            tail.close()

    def missed(self) -> dict[str, int]:
        """Bytes of each log that were gone before they could be read, since the last time: it was written too fast."""
        found = {source: tail.missed for source, tail in sorted(self._tails.items()) if tail.missed}
        for source in found:
            self._tails[source].missed = 0
        return found

    def wait(self, out: int) -> bool:
        """Wait until there may be something new.

        Args:
            out: the descriptor that it is written to.

        Returns:
            False when nobody can read what is written there any more.
        """
        pause_s = self._rested_at + _ROUND_S - time.monotonic()
        if pause_s > 0 and not _sleep(pause_s, out):
            return False
        is_read = self._sleep(out)
        self._watch()
        self._rested_at = time.monotonic()
        return is_read

    def close(self) -> None:
        """Close all logs."""
        for tail in self._tails.values():
            tail.close()
        self._tails.clear()
        if self._inotify is not None:
            self._inotify.close()
            self._inotify = None

    def _look(self) -> list[LogTail]:
        """Take in what was written; the logs in whose place another one is now."""
        found = sources(self._folder, self._selection)
        for tail in self._tails.values():
            tail.look()
        replaced = [name for name in self._tails.keys() & found.keys() if not self._tails[name].log.is_at(found[name])]
        ended = [self._tails.pop(source) for source in sorted(replaced)]
        for source in found.keys() - self._tails.keys():
            self._open(source, found[source])
        self._is_first = False
        return ended

    def _open(self, source: str, path: Path) -> None:
        try:
            log = LogFile(path)
        except FileNotFoundError:  # put aside this very moment
            return
        self._tails[source] = LogTail(source, log, self._selection, whole=not self._is_first)

    def _sleep(self, out: int) -> bool:
        holds = any(tail.holds for tail in self._tails.values())
        if self._inotify is None:
            return _sleep(_POLL_S, out)
        return _sleep(_HELD_S if holds else None, out, self._inotify)

    def _watch(self) -> None:
        """Be woken at the next change; whatever changed before is seen by the look that follows."""
        try:
            if self._inotify is None:
                self._inotify = Inotify()
            self._inotify.read()
            self._inotify.add(self._folder, _CHANGED)
        except OSError:  # no watches left, or no folder yet
            if self._inotify is not None:
                self._inotify.close()
                self._inotify = None


def _sleep(limit_s: float | None, out: int, inotify: Inotify | None = None) -> bool:
    """Wait for a change, or so long; false when nobody reads `out` any more."""
    asked = select.poll()
    asked.register(out, 0)
    if inotify is not None:
        asked.register(inotify.fileno(), select.POLLIN)
    events = dict(asked.poll(None if limit_s is None else limit_s * 1000))
    return not events.get(out, 0) & (select.POLLERR | select.POLLHUP)
