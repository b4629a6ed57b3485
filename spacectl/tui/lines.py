"""The single lines around the screens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from spacectl.tui.painting import strip
from spacectl.view.top_table import Cell


class LineView(Widget):
    """One line of cells."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._cells: Sequence[Cell] = ()

    def show(self, cells: Sequence[Cell]) -> None:
        """Show these cells."""
        if cells != self._cells:
            self._cells = cells
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """The line."""
        return strip(self, self._cells if y == 0 else (), self.size.width)


class TabsView(LineView):
    """The names of the screens; a click goes there."""

    @dataclass
    class Chosen(Message):
        """A screen was clicked."""

        screen: str

    def __init__(self, tabs: Sequence[tuple[str, str]], **options: Any) -> None:
        super().__init__(**options)
        self._tabs = tabs
        self._places: list[tuple[int, str]] = []
        self._told: tuple[str, Sequence[Cell]] = ("", ())

    def tell(self, current: str, about: Sequence[Cell]) -> None:
        """Show which screen is open, and what of it is shown."""
        self._told = (current, about)
        cells: list[Cell] = []
        self._places = []
        end = 0
        for number, (name, title) in enumerate(self._tabs, 1):
            text = f" {number} {title} " if self.size.width >= 70 or name == current else f" {number} {title[:2]}"  # noqa: PLR2004
            cells.append(
                Cell(f"[{text.strip()}]" if name == current else text, "selected" if name == current else "dim")
            )
            end += len(cells[-1].text)
            self._places.append((end, name))
        self.show([*cells, Cell("  "), *about])

    def on_resize(self) -> None:
        self.tell(*self._told)

    def on_click(self, event: events.Click) -> None:
        for end, name in self._places:
            if event.x < end:
                self.post_message(self.Chosen(name))
                return
