"""One frame of the cockpit as text, for pipes, logs and screen readers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from spacectl.view import top_edges, top_notes, top_spaces
from spacectl.view.top_header import headline, narrowed
from spacectl.view.top_seen import Seen
from spacectl.view.top_table import GAP, Cell, Listing, Query, fitted

FRAMES = ("spaces", "flow", "timeline")

_COLOURS = {
    "dim": "dim", "name": "bold", "title": "bold cyan", "good": "green", "busy": "cyan", "warn": "yellow", "bad": "red",
    "worst": "bold red", "heading": "bold",
}  # fmt: skip


def frame(seen: Seen, screen: str, query: Query, now: datetime, width: int) -> list[Text]:
    """A screen, which is one of FRAMES, in so many columns; its heading first."""
    about = narrowed(query)
    lines = [_line(headline("", seen, now, width))] + ([_line([Cell(" "), *about])] if about else [])
    match screen:
        case "flow":
            shown: Listing[Any] = top_edges.listing(seen, query)
        case "timeline":
            shown = top_notes.listing(seen.notes, query)
        case _:
            names = [space.name for space in seen.spaces if len(space.replicas) > 1]
            shown = top_spaces.listing(seen, query, names, now)
    return [*lines, *rows(shown, width)]


def rows(listing: Listing[Any], width: int) -> list[Text]:
    """The rows of a listing as lines, the heading first."""
    columns = fitted(
        listing.kind.columns,
        width,
        lambda column: max((cell_len(column.cell(item).text) for item in listing.items), default=0),
    )
    gap = Cell(" " * GAP)
    lines = [_line(cell for each in columns for cell in (Cell(each.text(Cell(each.column.title)), "heading"), gap))]
    if not listing.items:
        return [*lines, Text(listing.kind.empty, style="dim")]
    for item in listing.items:
        cells = [(each, each.column.cell(item)) for each in columns]
        lines.append(_line(part for each, cell in cells for part in (Cell(each.text(cell), cell.tone), gap)))
    return lines


def _line(cells: Iterable[Cell]) -> Text:
    text = Text.assemble(*((cell.text, _COLOURS.get(cell.tone, "")) for cell in cells))
    text.rstrip()
    return text
