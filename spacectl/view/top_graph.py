"""The spaces and what moves between them, drawn: boxes in layers, and lines with what moves along them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from spacectl.model.flow import EdgeReport
from spacectl.model.report import SpaceReport
from spacectl.view.top_canvas import Canvas
from spacectl.view.top_edges import GLYPHS_OF_KINDS, edge_key
from spacectl.view.top_figures import rate
from spacectl.view.top_layers import Arc, Lane, layered
from spacectl.view.top_plan import WIDEST_LABEL, Box, Gutter, Plan, Step, plan_of, state_of
from spacectl.view.top_seen import Seen, edge_is_wrong
from spacectl.view.top_table import Cell

_LEAST_ROOM = 60
"""Characters that a space and its edges take at the very least."""

_TURNED, _ONWARD = "◀", "▶"


@dataclass(frozen=True, slots=True)
class Drawing:
    """A graph as it is drawn.

    Attributes:
        rows: its lines from top to bottom, each as cells from left to right.
        boxes: of each space that is drawn.
        arcs: that are drawn.
        left_out: edges that did not fit.
        keys: what is drawn at a place (column, row): the name of a space, or the first key of an arc.
    """

    rows: tuple[tuple[Cell, ...], ...]
    boxes: dict[str, Box]
    arcs: tuple[Arc, ...]
    left_out: tuple[EdgeReport, ...]
    keys: dict[tuple[int, int], str]


Label = Callable[[Sequence[EdgeReport]], str]

NOTHING_DRAWN = Drawing((), {}, (), (), {})


def arcs_of(edges: Sequence[EdgeReport], label: Label) -> list[Arc]:
    """The edges, those between the same two spaces in the same way as one."""
    groups: dict[tuple[str, str, str], list[EdgeReport]] = {}
    for edge in edges:
        groups.setdefault((edge.source, edge.target, edge.kind), []).append(edge)
    return [_arc(group, label) for group in groups.values()]


def draw(seen: Seen, width: int, height: int, *, around: str = "", marked: str = "") -> Drawing:
    """The graph in so many columns and rows: of all spaces, or of one (`around`) and its neighbours, or of none.

    What is `marked`, a space or a key of an arc, is shown as selected.
    """
    edges = seen.edges
    spaces = {space.name: space for space in seen.spaces}
    near = [edge for edge in edges if around in {edge.source, edge.target}]
    for drawn, alone in ((edges, set(spaces)), (near, {around} & set(spaces))):
        chosen = alone | {name for edge in drawn for name in (edge.source, edge.target)}
        if not 0 < len(chosen) <= width * height // _LEAST_ROOM:
            continue
        for label, padding in ((_whole_label, 1), (_short_label, 1), (_bare_label, 1), (_bare_label, 0)):
            plan = plan_of(layered(chosen, arcs_of(drawn, label)), spaces, padding)
            if plan.width <= width and plan.height <= height:
                return _drawing(plan, spaces, marked, tuple(edge for edge in edges if edge not in drawn))
    return replace(NOTHING_DRAWN, left_out=edges)


def _drawing(plan: Plan, spaces: dict[str, SpaceReport], marked: str, left_out: tuple[EdgeReport, ...]) -> Drawing:
    canvas = Canvas(plan.width, plan.height)

    def tone(arc: Arc) -> str:
        return "selected" if marked in arc.keys else "bad" if arc.wrong else "edge"

    def is_marked(lane: Lane) -> bool:
        return marked in lane.arc.keys

    for lane, start, end, y in sorted(plan.passing, key=lambda each: is_marked(each[0])):
        canvas.across(start - 1, end + 1, y, tone(lane.arc), lane.arc.keys[0])
    for gutter in plan.gutters:
        for step in sorted(gutter.steps, key=lambda each: is_marked(each.lane)):
            _draw_step(canvas, gutter, step, tone)
    for box in plan.boxes.values():
        _draw_box(canvas, box, spaces.get(box.name), selected=box.name == marked)
    arcs = {step.lane.arc: None for gutter in plan.gutters for step in gutter.steps}
    return Drawing(tuple(map(tuple, canvas.rows())), plan.boxes, tuple(arcs), left_out, canvas.keys)


def _draw_step(canvas: Canvas, gutter: Gutter, step: Step, tone: Callable[[Arc], str]) -> None:
    arc, colour = step.lane.arc, tone(step.lane.arc)
    key = arc.keys[0]
    end = gutter.x + gutter.label_width + gutter.tracks
    if step.from_y == step.to_y:
        canvas.across(gutter.x - 1, end + 1, step.from_y, colour, key)
    else:
        turn = gutter.x + gutter.label_width + step.track
        canvas.across(gutter.x - 1, turn, step.from_y, colour, key)
        canvas.down(turn, min(step.from_y, step.to_y), max(step.from_y, step.to_y), colour, key)
        canvas.across(turn, end + 1, step.to_y, colour, key)
    if step.first:
        canvas.write(gutter.x + 1, step.from_y, arc.label[:WIDEST_LABEL], colour, key)
        if step.lane.turned:
            canvas.write(gutter.x, step.from_y, _TURNED, colour, key)
    if step.last and not step.lane.turned:
        canvas.write(end, step.to_y, _ONWARD, colour, key)


def _draw_box(canvas: Canvas, box: Box, space: SpaceReport | None, *, selected: bool) -> None:
    inner = box.width - 2
    padding = box.padding
    name = box.name if len(box.name) <= inner - 2 * padding else f"{box.name[: inner - 2 * padding - 1]}…"
    frame = "selected" if selected else "box"
    state = state_of(space)
    canvas.write(
        box.x, box.y, f"╭{name:^{len(name) + 2 * padding}}{'─' * (inner - len(name) - 2 * padding)}╮", frame, box.name
    )
    for y in range(box.y + 1, box.y + box.height - 1):
        canvas.write(box.x, y, f"│{' ' * inner}│", frame, box.name)
    canvas.write(box.x + 1 + padding, box.y + 1, state.text, state.tone, box.name)
    canvas.write(box.x, box.y + box.height - 1, f"╰{'─' * inner}╯", frame, box.name)


def _arc(edges: Sequence[EdgeReport], label: Label) -> Arc:
    first = edges[0]
    keys = tuple(edge_key(edge) for edge in edges)
    return Arc(first.source, first.target, label(edges), keys, any(edge_is_wrong(edge) for edge in edges))


def _whole_label(edges: Sequence[EdgeReport]) -> str:
    first = edges[0]
    if first.kind == "call":
        return f"calls {_moves(edges)}/s"
    what = first.via.removeprefix(f"{first.source}.") if len(edges) == 1 else f"{len(edges)} events"
    return f"{what} {_moves(edges)}/s"


def _short_label(edges: Sequence[EdgeReport]) -> str:
    return f"{'calls' if edges[0].kind == 'call' else 'events'} {_moves(edges)}"


def _bare_label(edges: Sequence[EdgeReport]) -> str:
    return f"{GLYPHS_OF_KINDS[edges[0].kind]}{_moves(edges)}"


def _moves(edges: Sequence[EdgeReport]) -> str:
    return rate(sum(edge.rate for edge in edges))


def beside(drawing: Drawing, marked: str, direction: str) -> str:
    """What `left`, `right`, `up` or `down` selects: from a space its edges, from an edge the spaces at its ends.

    What is `marked` before and after is a space, or a key of an arc.
    """
    if marked in drawing.boxes:
        return _from_box(drawing, drawing.boxes[marked], direction)
    arc = next((arc for arc in drawing.arcs if marked in arc.keys), None)
    if arc is None:
        return min(drawing.boxes, key=lambda name: (drawing.boxes[name].x, drawing.boxes[name].y), default="")
    ends = sorted((arc.source, arc.target), key=lambda name: drawing.boxes[name].x)
    if direction in {"left", "right"}:
        return ends[direction == "right"]
    siblings = [
        each for each in drawing.arcs if ends[0] in (each.source, each.target) and _right_of(drawing, each, ends[0])
    ]
    place = siblings.index(arc) + (1 if direction == "down" else -1)
    return siblings[place % len(siblings)].keys[0]


def _from_box(drawing: Drawing, box: Box, direction: str) -> str:
    if direction in {"left", "right"}:
        here = [arc for arc in drawing.arcs if box.name in (arc.source, arc.target)]
        found = [arc for arc in here if _right_of(drawing, arc, box.name) is (direction == "right")]
        return found[0].keys[0] if found else box.name
    column = sorted((each for each in drawing.boxes.values() if each.x == box.x), key=lambda each: each.y)
    place = column.index(box) + (1 if direction == "down" else -1)
    return column[place].name if 0 <= place < len(column) else box.name


def _right_of(drawing: Drawing, arc: Arc, name: str) -> bool:
    """Whether an arc leaves a space at its right side."""
    other = arc.target if arc.source == name else arc.source
    return drawing.boxes[other].x > drawing.boxes[name].x
