"""Reads the logs of a system's last run, from their last lines on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from spacectl.adapters.log_lines import Follower, last_lines
from spacectl.cli import output
from spacectl.cli.streaming import log_files, name_width, show_lines
from spacectl.core.assemble import BUS
from spacectl.view.lines import is_trouble

if TYPE_CHECKING:
    from spacectl.model.layout import Layout

_BUS_LINES = 10_000
"""How far back the bus's log is searched for trouble; all of it is shown only where it is named."""


class LogReading:
    """The logs with these names, or all."""

    def __init__(self, layout: Layout, names: frozenset[str], *, as_json: bool) -> None:
        self._layout = layout
        self._names = names
        self._as_json = as_json
        self._followers: dict[Path, Follower] = {}

    def show_last(self, count: int) -> int:
        """Show the last lines of each; how many logs there are."""
        for path in self._files():
            lines, end = last_lines(path, _BUS_LINES if self._is_filtered(path) else count)
            chosen = self._chosen(path, lines)
            self._show(path.stem, chosen[len(chosen) - min(count, len(chosen)) :])
            self._followers[path] = Follower(path, end)
        return len(self._followers)

    def show_new(self) -> None:
        """Show what was written since."""
        for path in self._files():
            lines = self._followers.setdefault(path, Follower(path)).read()
            self._show(path.stem, self._chosen(path, lines))

    def _files(self) -> list[Path]:
        return log_files(self._layout, self._names)

    def _is_filtered(self, path: Path) -> bool:
        return path.stem == BUS and BUS not in self._names

    def _chosen(self, path: Path, lines: list[bytes]) -> list[bytes]:
        return [line for line in lines if is_trouble(line)] if self._is_filtered(path) else lines

    def _show(self, name: str, lines: list[bytes]) -> None:
        if not lines:
            return
        if not self._as_json:
            show_lines(name, lines, width=name_width(self._files()))
            return
        from spacectl.model.report import LogLine

        for line in lines:
            output.out_json(LogLine(source=name, line=line.decode(errors="replace")))
