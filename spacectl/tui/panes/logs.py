"""The screen of the logs."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from spacectl.model.log_line import LogLine
from spacectl.tui.panes.unfolding import UnfoldingPane
from spacectl.tui.table import TableView
from spacectl.view.top_commands import logs_command
from spacectl.view.top_logs import LEVELS, STREAMS, Line, LogView, at, listing, unfolded
from spacectl.view.top_table import Cell

KEPT = 20_000
"""Lines."""


class LogsPane(UnfoldingPane):
    """What all spaces write, or some of them."""

    NAME = "logs"
    TITLE = "Logs"

    def __init__(self) -> None:
        super().__init__()
        self.view = LogView()
        self._lines: deque[Line] = deque(maxlen=KEPT)
        self._read = 0
        self._sought: float | None = None

    @property
    def command(self) -> str:
        level = None if self.view.level is None else self.view.level.word
        return logs_command(self.view.names, level, self.query_.filter)

    @property
    def copied(self) -> str:
        line: Line | None = self.item
        return "" if line is None else line.text

    @property
    def about(self) -> str:
        parts = [f"of {', '.join(sorted(self.view.names))}"] if self.view.names else []
        parts += [] if self.view.level is None else [f"{self.view.level.word} and worse"]
        parts += [] if self.view.stream == "all" else [f"only {self.view.stream}"]
        parts += [self.following]
        return "  ".join(parts)

    def add(self, lines: Iterable[LogLine]) -> None:
        """Take in lines that were read."""
        for line in lines:
            self._lines.append(Line(self._read, line))
            self._read += 1
        self.draw()
        self._seek()

    def clear(self) -> None:
        """Forget all lines."""
        self._lines.clear()
        self.draw()

    def of(self, names: Iterable[str]) -> None:
        """Show those of some spaces only; of all where none is named."""
        self.view = replace(self.view, names=frozenset(names))
        self.draw()

    def seek(self, time_s: float) -> None:
        """Go to what was written at a time (s since 1970), once it is read."""
        self._sought = time_s
        self.query_one(TableView).follows = False
        self._seek()

    def draw(self) -> None:
        """Draw what is known."""
        self.query_one(TableView).show(listing(self._lines, self.view, self.query_), self.query_)
        super().draw()

    def whole(self, item: Line) -> list[list[Cell]]:
        """A line with its time and where it was written."""
        return unfolded(item)

    def do(self, _name: str) -> bool:
        """Choose levels and logs, follow, or unfold a line."""
        match _name:
            case "level":
                self.view = replace(self.view, level=LEVELS[(LEVELS.index(self.view.level) + 1) % len(LEVELS)])
            case "stream":
                place = STREAMS.index(self.view.stream) + 1
                self.view = replace(self.view, stream=STREAMS[place % len(STREAMS)])
            case _:
                return super().do(_name)
        self.draw()
        return True

    def back(self) -> bool:
        """Close what is open: a filter first, then the choice of logs."""
        if super().back():
            return True
        if self.view == LogView():
            return False
        self.view = LogView()
        self.draw()
        return True

    def _seek(self) -> None:
        table = self.query_one(TableView)
        if self._sought is None or not table.keys:
            return
        key = at(table.items, self._sought)
        if key is not None:
            table.choose(key)
            if table.items[-1].time >= self._sought:
                self._sought = None
