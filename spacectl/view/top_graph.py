"""The spaces and what moves between them, drawn: boxes in layers, and lines with what moves along them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from spacectl.model.flow import EdgeReport
from spacectl.model.report import SpaceReport
from spacectl.view.top_canvas import Canvas
from spacectl.view.top_edges import GLYPHS_OF_KINDS, edge_key
from spacectl.view.top_figures import rate
from spacectl.view.top_layers import Arc, Lane, Layers, layered
from spacectl.view.top_seen import Seen, edge_is_wrong
from spacectl.view.top_spaces import state_cell
from spacectl.view.top_table import Cell

_WIDEST_NAME = 22
_WIDEST_LABEL = 20
_LEAST_ROOM = 60
"""Characters that a space and its edges take at the very least."""

_TURNED, _ONWARD = "◀", "▶"


@dataclass(frozen=True, slots=True)
class Box:
    """Where a space is drawn."""

    name: str
    x: int
    y: int
    width: int
    height: int
    padding: int


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
            plan = _plan(layered(chosen, arcs_of(drawn, label)), spaces, padding)
            if plan.width <= width and plan.height <= height:
                return _drawing(plan, spaces, marked, tuple(edge for edge in edges if edge not in drawn))
    return replace(NOTHING_DRAWN, left_out=edges)


@dataclass(frozen=True, slots=True)
class _Step:
    """One lane on its way through one gutter."""

    lane: Lane
    from_y: int
    to_y: int
    first: bool
    last: bool
    track: int = 0


@dataclass(frozen=True, slots=True)
class _Gutter:
    x: int
    label_width: int
    tracks: int
    steps: tuple[_Step, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    width: int
    height: int
    boxes: dict[str, Box]
    gutters: tuple[_Gutter, ...]
    passing: tuple[tuple[Lane, int, int, int], ...]
    """Lines through a layer: the lane, from and to which column, in which row."""


def _plan(graph: Layers, states: Mapping[str, SpaceReport], padding: int) -> _Plan:
    left, right = _ports(graph)
    ys, heights = _rows(graph, left, right)
    total = max((ys[name] + heights[name] for layer in graph.layers for name in layer), default=0)
    x, boxes, gutters, passing = 0, {}, [], []
    for number, layer in enumerate(graph.layers):
        spaces = [name for name in layer if "@" not in name]
        width = max((_inner_width(name, states.get(name)) for name in spaces), default=0) + 2 + 2 * padding
        for name in spaces:
            boxes[name] = Box(name, x, ys[name], width, heights[name], padding)
        for lane in graph.lanes:
            passing += [(lane, x, x + width - 1, ys[stop]) for stop in lane.stops if stop in layer and "@" in stop]
        x += width
        if number + 1 < len(graph.layers):
            gutters.append(_gutter(graph, layer, x, ys, (left, right)))
            x += gutters[-1].label_width + gutters[-1].tracks + 1
    return _Plan(x, total, boxes, tuple(gutters), tuple(passing))


def _inner_width(name: str, space: SpaceReport | None) -> int:
    return max(min(len(name), _WIDEST_NAME), len(_state(space).text))


def _state(space: SpaceReport | None) -> Cell:
    return Cell("elsewhere", "dim") if space is None else state_cell(space.state)


Ports = dict[str, list[Lane]]


def _ports(graph: Layers) -> tuple[Ports, Ports]:
    """The lanes at the left and at the right side of each space, from top to bottom by where they come from."""
    place = {name: number for layer in graph.layers for number, name in enumerate(layer)}
    left: Ports = {}
    right: Ports = {}
    for lane in graph.lanes:
        right.setdefault(lane.stops[0], []).append(lane)
        left.setdefault(lane.stops[-1], []).append(lane)
    for lanes in right.values():
        lanes.sort(key=lambda lane: place[lane.stops[1]])
    for lanes in left.values():
        lanes.sort(key=lambda lane: place[lane.stops[-2]])
    return left, right


def _rows(graph: Layers, left: Ports, right: Ports) -> tuple[dict[str, int], dict[str, int]]:
    ys: dict[str, int] = {}
    heights: dict[str, int] = {}
    for layer in graph.layers:
        for name in layer:
            lanes = max(len(left.get(name, ())), len(right.get(name, ())), 1)
            heights[name] = 1 if "@" in name else lanes + 2
    tallest = max((_height(layer, heights) for layer in graph.layers), default=0)
    for layer in graph.layers:
        y = (tallest - _height(layer, heights)) // 2
        for name in layer:
            ys[name] = y
            y += heights[name] + 1
    return ys, heights


def _height(layer: Sequence[str], heights: dict[str, int]) -> int:
    return sum(heights[name] + 1 for name in layer) - 1


def _gutter(graph: Layers, layer: Sequence[str], x: int, ys: dict[str, int], ports: tuple[Ports, Ports]) -> _Gutter:
    steps = []
    left, right = ports
    here = set(layer)
    for lane in graph.lanes:
        for stop, following in zip(lane.stops, lane.stops[1:], strict=False):
            if stop in here:
                from_y = ys[stop] if "@" in stop else ys[stop] + 1 + right[stop].index(lane)
                to_y = ys[following] if "@" in following else ys[following] + 1 + left[following].index(lane)
                steps.append(_Step(lane, from_y, to_y, "@" not in stop, "@" not in following))
    labels = [len(step.lane.arc.label) for step in steps if step.first]
    tracked = _tracked(steps)
    tracks = max((step.track for step in tracked), default=0) + 1
    return _Gutter(x, min(_WIDEST_LABEL, max(labels, default=0)) + 1, tracks, tuple(tracked))


def _tracked(steps: Sequence[_Step]) -> list[_Step]:
    """The steps, each with a vertical track of its own where it needs one.

    A step that comes from the row in which another one ends turns off before it, so that they do not run into one.
    """
    straight = [step for step in steps if step.from_y == step.to_y]
    bent = sorted((step for step in steps if step.from_y != step.to_y), key=lambda step: step.from_y)
    ordered: list[_Step] = []
    while bent:
        ends = {step.to_y for step in bent}
        free = next((step for step in bent if step.from_y not in ends - {step.to_y}), bent[-1])
        bent.remove(free)
        ordered.append(free)
    ordered.reverse()
    return straight + [replace(step, track=number) for number, step in enumerate(ordered)]


def _drawing(plan: _Plan, spaces: dict[str, SpaceReport], marked: str, left_out: tuple[EdgeReport, ...]) -> Drawing:
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


def _draw_step(canvas: Canvas, gutter: _Gutter, step: _Step, tone: Callable[[Arc], str]) -> None:
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
        canvas.write(gutter.x + 1, step.from_y, arc.label[:_WIDEST_LABEL], colour, key)
        if step.lane.turned:
            canvas.write(gutter.x, step.from_y, _TURNED, colour, key)
    if step.last and not step.lane.turned:
        canvas.write(end, step.to_y, _ONWARD, colour, key)


def _draw_box(canvas: Canvas, box: Box, space: SpaceReport | None, *, selected: bool) -> None:
    inner = box.width - 2
    padding = box.padding
    name = box.name if len(box.name) <= inner - 2 * padding else f"{box.name[: inner - 2 * padding - 1]}…"
    frame = "selected" if selected else "box"
    state = _state(space)
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
