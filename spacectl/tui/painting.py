"""Turns cells into the strips that Textual draws."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from spacectl.tui.themes import style
from spacectl.view.top_table import Cell, shown

MARK = Style(bold=True, underline=True)
_WITHOUT_COLOUR = Style(reverse=True)


def cursor(widget: Widget) -> Style:
    """What is laid over the row that the cursor is on."""
    return _WITHOUT_COLOUR if widget.app.no_color else style(widget.app.theme, "cursor")


def strip(widget: Widget, cells: Iterable[Cell], width: int, over: Style | None = None) -> Strip:
    """Cells side by side in the colours of the theme, filled up or cut to a width; `over` is laid over, as a cursor."""
    ground = widget.rich_style
    theme = widget.app.theme
    segments = [Segment(shown(cell.text), _laid(ground, theme, cell.tone, over)) for cell in cells]
    return Strip(segments).adjust_cell_length(width, _laid(ground, theme, "", over))


@lru_cache(512)
def _laid(ground: Style, theme: str, tone: str, over: Style | None) -> Style:
    """A tone on its ground, and what is laid over both; adding styles up again for each cell would take a third."""
    laid = ground + style(theme, tone)
    return laid if over is None else laid + over
