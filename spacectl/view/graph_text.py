"""The graph as a drawing of characters: spaces from top to bottom, layer after layer, and a rail for each edge.

An edge leaves its source to the right, runs up or down on a rail of its own and comes back to its target, so that none
hides behind a space and no two are one line. Events are drawn through, calls are dashed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from spacectl.model.graph import Graph
from spacectl.view.graph_links import Bundle, bundles

_GAP = 2  # columns from one rail to the next, where there is room
_LEAST_LABEL = 8
_AROUND_LABEL = 4
_LINES = {"event": ("─", "│", "┐", "┘"), "call": ("╌", "╎", "╮", "╯")}
_ASCII = str.maketrans("─╌│╎┐┘╮╯┌└├┤┼◄…", "--|:+++++++++<~")


@dataclass(frozen=True, slots=True)
class _Rail:
    """An edge with the lines on which it leaves and arrives, and its place among the rails."""

    bundle: Bundle
    leaves: int
    arrives: int
    lane: int = 0

    @property
    def top(self) -> int:
        return min(self.leaves, self.arrives)

    @property
    def bottom(self) -> int:
        return max(self.leaves, self.arrives)

    def meets(self, other: _Rail) -> bool:
        """Whether the two would touch on one lane."""
        return self.top <= other.bottom and other.top <= self.bottom


def draw(graph: Graph, *, width: int, ascii_only: bool = False) -> str:
    """The drawing; wider than `width` columns only where the rails of very many edges do not fit."""
    names = [name for layer in graph.layers for name in layer]
    if not names:
        return "no space yet"
    box = max(len(name) for name in names) + 4
    rows, rails = _placed(names, bundles(graph), box)
    lanes = 1 + max((rail.lane for rail in rails), default=-1)
    pitch = _GAP if box + _LEAST_LABEL + _AROUND_LABEL + _GAP * lanes <= width else 1
    longest = max((len(rail.bundle.label) for rail in rails), default=0)
    label = min(longest, max(_LEAST_LABEL, width - box - _AROUND_LABEL - pitch * lanes))
    canvas = [[*row.ljust(box + label + _AROUND_LABEL + pitch * lanes)] for row in rows]
    for rail in rails:
        _draw(canvas, rail, box, box + label + _AROUND_LABEL + pitch * rail.lane, label)
    text = "\n".join("".join(row).rstrip() for row in canvas)
    return text.translate(_ASCII) if ascii_only else text


def _placed(names: Sequence[str], edges: Sequence[Bundle], box: int) -> tuple[list[str], list[_Rail]]:
    """The boxes, line by line, and every edge with the lines on which it leaves and arrives."""
    place = {name: number for number, name in enumerate(names)}
    rows: list[str] = []
    leaves: dict[Bundle, int] = {}
    arrives: dict[Bundle, int] = {}
    for name in names:
        # What comes from above arrives first, and what goes farthest down leaves last: fewer lines cross.
        coming = sorted((edge for edge in edges if edge.target == name), key=lambda edge: -place[edge.source])
        going = sorted((edge for edge in edges if edge.source == name), key=lambda edge: -place[edge.target])
        begin = len(rows) + 1
        arrives |= {edge: begin + number for number, edge in enumerate(coming)}
        leaves |= {edge: begin + len(coming) + number for number, edge in enumerate(going)}
        inside = [name, *[""] * max(0, len(coming) + len(going) - 1)]
        rows.append(f"┌{'─' * (box - 2)}┐")
        rows += [f"│ {each.ljust(box - 4)} │" for each in inside]
        rows.append(f"└{'─' * (box - 2)}┘")
    return rows, _with_lanes([_Rail(edge, leaves[edge], arrives[edge]) for edge in edges])


def _with_lanes(rails: Sequence[_Rail]) -> list[_Rail]:
    """Short edges next to the spaces, long ones farther out; none on the lane of another beside it."""
    lanes: list[list[_Rail]] = []
    placed: list[_Rail] = []
    for rail in sorted(rails, key=lambda each: (each.bottom - each.top, each.top)):
        lane = next((number for number, used in enumerate(lanes) if not any(map(rail.meets, used))), len(lanes))
        if lane == len(lanes):
            lanes.append([])
        lanes[lane].append(rail)
        placed.append(replace(rail, lane=lane))
    return placed


def _draw(canvas: list[list[str]], rail: _Rail, box: int, column: int, room: int) -> None:
    across, along, upper, lower = _LINES[rail.bundle.kind]
    label = rail.bundle.label
    label = label if len(label) <= room else f"{label[: room - 1]}…"
    for row in range(rail.top + 1, rail.bottom):
        canvas[row][column] = along if canvas[row][column] == " " else "┼"
    canvas[rail.top][column], canvas[rail.bottom][column] = upper, lower
    for start, row in ((f"├{across} {label} ", rail.leaves), (f"│◄{across}", rail.arrives)):
        canvas[row][box - 1 : box - 1 + len(start)] = start
        for place in range(box - 1 + len(start), column):
            canvas[row][place] = across if canvas[row][place] == " " else "┼"
