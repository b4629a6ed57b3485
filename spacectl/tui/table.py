"""A table that stays quick with thousands of rows: it draws the lines that are on the screen, and no others."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.cells import cell_len
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from spacectl.tui.keys import bindings
from spacectl.tui.painting import MARK, cursor, strip
from spacectl.view.top_table import GAP, Cell, Column, Fitted, Kind, Listing, Query, fitted, kept_still

_STILL_S = 2.0
"""After the cursor moved rows stay where they are for so long, whatever they sort by."""

_NO_KIND: Kind[Any] = Kind((), str, str, bool)


class TableView(ScrollView, can_focus=True):
    """Rows of a listing, with a cursor that stays on its row, marks, and a heading that sorts when it is clicked."""

    BINDINGS: ClassVar[list[BindingType]] = list(bindings(priority=False))

    @dataclass
    class Moved(Message):
        """The cursor is on another row."""

        table: TableView

    @dataclass
    class Opened(Message):
        """A row was double-clicked."""

        table: TableView

    @dataclass
    class Turned(Message):
        """Left or right was pressed on a row."""

        table: TableView
        right: bool

    @dataclass
    class SortWanted(Message):
        """A heading was clicked, or its letter pressed."""

        column: str

    def __init__(self, *, follows: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.follows = follows
        self.marks: frozenset[str] = frozenset()
        self._listing: Listing[Any] = Listing(_NO_KIND, ())
        self._query = Query()
        self._keys: list[str] = []
        self._cursor = 0
        self._still_until = 0.0
        self._columns: list[Fitted[Any]] = []
        self._used: dict[str, int] = {}
        """The width of the longest text that a column has shown: columns do not jump while rows pass."""

    @property
    def items(self) -> Sequence[Any]:
        return self._listing.items

    @property
    def columns(self) -> Sequence[Column[Any]]:
        """All columns, those that do not fit too."""
        return self._listing.kind.columns

    @property
    def keys(self) -> Sequence[str]:
        return self._keys

    @property
    def item(self) -> Any:
        """What the cursor is on; None where there is no row."""
        return self._listing.items[self._cursor] if self._keys else None

    @property
    def marked(self) -> list[Any]:
        """The marked items, or the one the cursor is on where none is."""
        found = [item for item, key in zip(self.items, self._keys, strict=True) if key in self.marks]
        return found or ([self.item] if self._keys else [])

    def show(self, listing: Listing[Any], query: Query) -> None:
        """Show these rows; the cursor stays on its row, or at the end where the table follows."""
        here = self._keys[self._cursor] if self._keys else None
        is_asked = query != self._query
        if not is_asked and self._keys and time.monotonic() < self._still_until and not self.follows:
            listing = Listing(listing.kind, kept_still(listing.kind, listing.items, self._keys))
        self._listing, self._query = listing, query
        self._keys = [listing.kind.key(item) for item in listing.items]
        self.marks &= frozenset(self._keys) if self.marks else frozenset()
        if self.follows:
            self._cursor = max(0, len(self._keys) - 1)
        else:
            self._cursor = self._found(here)
        self._fit()
        if is_asked or self.follows:
            self._reveal()

    def choose(self, key: str) -> None:
        """Put the cursor on a row."""
        self._cursor = self._found(key)
        self._reveal()
        self.refresh()

    def mark(self) -> None:
        """Mark the row, or take its mark away, and go on to the next."""
        if self._keys:
            self.marks ^= {self._keys[self._cursor]}
            self._move_to(self._cursor + 1)
            self.refresh()

    def unmark(self) -> None:
        """Take all marks away."""
        self.marks = frozenset()
        self.refresh()

    def action_do(self, name: str) -> None:
        """Move the cursor."""
        page = max(1, self.size.height - 2)
        steps = {"up": -1, "down": 1, "page_up": -page, "page_down": page}
        match name:
            case "left" | "right":
                self.post_message(self.Turned(self, name == "right"))
            case "first":
                self._move_to(0)
            case "last":
                self._move_to(len(self._keys) - 1)
            case _:
                self._move_to(self._cursor + steps[name])

    def render_line(self, y: int) -> Strip:
        """The heading, a row, or nothing."""
        width = self.size.width
        if y == 0:
            return strip(self, self._heading(), width)
        place = self.scroll_offset.y + y - 1
        if not self._keys:
            return strip(self, [Cell(self._listing.kind.empty if y == 1 else "", "dim")], width)
        if place >= len(self._keys):
            return strip(self, (), width)
        over: Style | None = cursor(self) if place == self._cursor else None
        key = self._keys[place]
        if over is None and key in self.marks:
            over = MARK
        return strip(self, self._row(self._listing.items[place], marked=key in self.marks), width, over)

    def on_resize(self) -> None:
        self._used.clear()
        self._fit()
        self._reveal()

    def on_click(self, event: events.Click) -> None:
        place = event.y + self.scroll_offset.y - 1
        if event.y == 0:
            column = self._column_at(event.x)
            if column is not None and column.order is not None:
                self.post_message(self.SortWanted(column.key))
        elif place < len(self._keys):
            self._move_to(place)
            if event.chain == 2:  # noqa: PLR2004  (a double click)
                self.post_message(self.Opened(self))

    def on_key(self, event: events.Key) -> None:
        letter = event.character or ""
        column = next((each for each in self.columns if letter and each.letter == letter), None)
        if column is not None:
            event.stop()
            self.post_message(self.SortWanted(column.key))

    def on_mouse_scroll_up(self) -> None:
        self.follows = False

    def _move_to(self, place: int) -> None:
        if not self._keys:
            return
        self._cursor = max(0, min(place, len(self._keys) - 1))
        self._still_until = time.monotonic() + _STILL_S
        self.follows = self.follows and self._cursor == len(self._keys) - 1
        self._reveal()
        self.refresh()
        self.post_message(self.Moved(self))

    def _found(self, key: str | None) -> int:
        if key is not None and key in self._keys:
            return self._keys.index(key)
        return max(0, min(self._cursor, len(self._keys) - 1))

    def _fit(self) -> None:
        scrollbar = 1 if len(self._keys) + 1 > self.size.height else 0
        self._columns = fitted(self._listing.kind.columns, self.size.width - scrollbar, self._widest)
        self.virtual_size = Size(self.size.width, len(self._keys) + 1)
        self.refresh()

    def _widest(self, column: Column[Any]) -> int:
        """The width of what the column shows on the screen now."""
        if column.widest <= column.width:
            return 0
        top = self.scroll_offset.y
        rows = self.items[top : top + self.size.height]
        used = max((cell_len(column.cell(item).text) for item in rows), default=0)
        self._used[column.key] = max(used, self._used.get(column.key, 0))
        return self._used[column.key]

    def _reveal(self) -> None:
        rows = self.size.height - 1
        top = self.scroll_offset.y
        if rows <= 0:
            return
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False, force=True, immediate=True)
        elif self._cursor >= top + rows:
            self.scroll_to(y=self._cursor - rows + 1, animate=False, force=True, immediate=True)

    def _heading(self) -> list[Cell]:
        cells = []
        for each in self._columns:
            column = each.column
            arrow = ""
            if column.key == self._query.sort:
                arrow = "▼" if column.largest_first is not self._query.reverse else "▲"
            cells.append(Cell(each.text(Cell(f"{column.title}{arrow}")) + " " * GAP, "heading"))
        return cells

    def _row(self, item: Any, *, marked: bool) -> list[Cell]:
        cells = []
        for number, each in enumerate(self._columns):
            cell = each.column.cell(item)
            text = Cell(f"✓{cell.text}") if marked and number == 0 else cell
            cells.append(Cell(each.text(text) + " " * GAP, cell.tone))
        return cells

    def _column_at(self, x: int) -> Column[Any] | None:
        for each in self._columns:
            if x < each.width + GAP:
                return each.column
            x -= each.width + GAP
        return None
