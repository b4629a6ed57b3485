"""The foreground of `up`: what the spaces write, with their names in front, and what happens to them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from spacectl.adapters.log_store import LogReader, sources
from spacectl.cli import output
from spacectl.cli.log_printing import printer, show_all
from spacectl.core.assemble import ENGINES
from spacectl.model.log_line import Selection
from spacectl.view.log_line import WIDEST_NAME

if TYPE_CHECKING:
    from spacectl.model.layout import Layout
    from spacectl.model.log_line import Chunk
    from spacectl.model.report import Noted

_FIRST_LINES = 1000
"""Of what each replica wrote while the system came up; `logs` shows all of it."""

_MOST_AT_ONCE_BYTES = 512 * 1024
"""Shown at a time, so that Ctrl-C and what happens are seen however much is written."""

_MOST_AT_LAST_BYTES = 2 * 1024**2
"""Shown once everything has ended: nobody waits for the past of a space that wrote faster than a terminal shows."""

_QUIET = frozenset({"ready", "started", "building", "built", "created", "updated", "stopped"})
"""What need not be told while all goes well; `ps` and the supervisor's log have it."""

_LOUD = {"failed": "bold red", "backoff": "yellow", "unhealthy": "red", "violation": "red", "build failed": "red"}


class Stream:
    """Shows what is written to the logs of one run, each line once, from its first lines on.

    Of builds only what comes from now on is shown: it went well, or was told of already. What goes wrong on the bus is
    told by notes.
    """

    def __init__(self, layout: Layout) -> None:
        selection = Selection(tail=_FIRST_LINES)
        names = [name for name in sources(layout.logs, selection) if name not in ENGINES]
        width = min(WIDEST_NAME, max(map(len, names), default=WIDEST_NAME // 2))
        self._began_ns = time.time_ns()
        self._reader = LogReader(layout.logs, selection)
        self._printer = printer(width, timed=False, as_json=False)
        self._coming: Iterator[Chunk] = iter(())

    def show_new(self) -> None:
        """Show what was written since, or the next part of it."""
        self._show(self._next())

    def show_last(self) -> None:
        """Show what is left, once nobody writes any more; a last line without a newline too."""
        last: deque[Chunk] = deque()
        kept = left_out = 0
        for coming in (self._coming, self._reader.new(final=True)):
            for chunk in coming:
                last.append(chunk)
                kept += len(chunk.text)
                while kept > _MOST_AT_LAST_BYTES:
                    left_out += len(last[0].text)
                    kept -= len(last.popleft().text)
        if left_out:
            output.say(f"… {left_out:,} bytes are not shown here: `spacectl logs --tail all` has them")
        self._show(last)
        with output.to_reader():
            self._printer.end()
        self._reader.close()

    def _next(self) -> Iterator[Chunk]:
        shown = 0
        while shown < _MOST_AT_ONCE_BYTES:
            chunk = next(self._coming, None)
            if chunk is None and shown == 0:
                self._coming = self._reader.new()
                chunk = next(self._coming, None)
            if chunk is None:
                return
            shown += len(chunk.text)
            yield chunk

    def _show(self, chunks: Iterable[Chunk]) -> None:
        with output.to_reader():
            show_all((chunk for chunk in chunks if self._is_wanted(chunk)), self._printer)

    def _is_wanted(self, chunk: Chunk) -> bool:
        if chunk.source.endswith(".build"):
            return chunk.time_ns >= self._began_ns
        return chunk.source not in ENGINES


def tell_note(note: Noted) -> None:
    """Say what happened to a space or an engine, where it is worth saying."""
    from rich.text import Text

    if note.kind not in _QUIET or note.text == "again":
        output.tell(Text(f"● {note.subject} {note.kind}: {note.text}", style=_LOUD.get(note.kind, "dim")))
