"""Lines to read: scrolled, and drawn only where they are on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from spacectl.tui.keys import bindings
from spacectl.tui.painting import strip
from spacectl.view.top_graph import NOTHING_DRAWN, Drawing, beside
from spacectl.view.top_table import Cell
from spacectl.view.top_wrap import wrapped


class PageView(ScrollView, can_focus=True):
    """Lines of cells; what is too long for its width goes on below."""

    WRAPS: ClassVar[bool] = True

    BINDINGS: ClassVar[list[BindingType]] = list(bindings(priority=False))

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._given: Sequence[Sequence[Cell]] = ()
        self._lines: Sequence[Sequence[Cell]] = ()

    @property
    def text(self) -> str:
        """All lines as text."""
        return "\n".join("".join(cell.text for cell in line).rstrip() for line in self._given)

    def show(self, lines: Sequence[Sequence[Cell]]) -> None:
        """Show these lines, from where it stands."""
        self._given = lines
        self._fit()

    def _fit(self) -> None:
        self._lines = wrapped(self._given, self.scrollable_content_region.width) if self.WRAPS else self._given
        self.virtual_size = Size(self.size.width, len(self._lines))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line."""
        place = self.scroll_offset.y + y
        return strip(self, self._lines[place] if place < len(self._lines) else (), self.size.width)

    def action_do(self, name: str) -> None:
        """Scroll."""
        page = max(1, self.size.height - 1)
        to = {"up": -1, "down": 1, "page_up": -page, "page_down": page, "first": -len(self._lines),
              "last": len(self._lines)}.get(name, 0)  # fmt: skip
        self.scroll_to(y=self.scroll_offset.y + to, animate=False)

    def on_resize(self) -> None:
        self._fit()


class GraphView(PageView):
    """The drawn flow; arrow keys go from spaces along edges to spaces."""

    WRAPS = False

    class Moved(Message):
        """Something else is selected."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.marked = ""
        self._drawing: Drawing = NOTHING_DRAWN

    def draw(self, drawing: Drawing) -> None:
        """Show a drawing."""
        self._drawing = drawing
        self.show(drawing.rows)

    def action_do(self, name: str) -> None:
        """Select what lies in this direction."""
        if name in {"left", "right", "up", "down"}:
            self._select(beside(self._drawing, self.marked, name))
        else:
            super().action_do(name)

    def on_click(self, event: events.Click) -> None:
        key = self._drawing.keys.get((event.x, event.y + self.scroll_offset.y))
        if key is not None:
            self._select(key)

    def _select(self, key: str) -> None:
        self.marked = key
        self.post_message(self.Moved())
