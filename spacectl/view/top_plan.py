"""Where everything of a drawn graph stands: boxes, and the ways of the lines between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from spacectl.model.report import SpaceReport
from spacectl.view.top_layers import Lane, Layers
from spacectl.view.top_spaces import state_cell
from spacectl.view.top_table import Cell

_WIDEST_NAME = 22
WIDEST_LABEL = 20


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
class Step:
    """One lane on its way through one gutter."""

    lane: Lane
    from_y: int
    to_y: int
    first: bool
    last: bool
    track: int = 0


@dataclass(frozen=True, slots=True)
class Gutter:
    """The room between two layers: labels at its left, vertical tracks, arrowheads at its right."""

    x: int
    label_width: int
    tracks: int
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Where everything stands, in columns and rows of a terminal."""

    width: int
    height: int
    boxes: dict[str, Box]
    gutters: tuple[Gutter, ...]
    passing: tuple[tuple[Lane, int, int, int], ...]
    """Lines through a layer: the lane, from and to which column, in which row."""


def plan_of(graph: Layers, states: Mapping[str, SpaceReport], padding: int) -> Plan:
    """Where everything of a graph stands, with so many columns between the frame of a box and what is in it."""
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
    return Plan(x, total, boxes, tuple(gutters), tuple(passing))


def _inner_width(name: str, space: SpaceReport | None) -> int:
    return max(min(len(name), _WIDEST_NAME), len(state_of(space).text))


def state_of(space: SpaceReport | None) -> Cell:
    """What stands in the box of a space; None is one that this system does not run."""
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


def _gutter(graph: Layers, layer: Sequence[str], x: int, ys: dict[str, int], ports: tuple[Ports, Ports]) -> Gutter:
    steps = []
    left, right = ports
    here = set(layer)
    for lane in graph.lanes:
        for stop, following in zip(lane.stops, lane.stops[1:], strict=False):
            if stop in here:
                from_y = ys[stop] if "@" in stop else ys[stop] + 1 + right[stop].index(lane)
                to_y = ys[following] if "@" in following else ys[following] + 1 + left[following].index(lane)
                steps.append(Step(lane, from_y, to_y, "@" not in stop, "@" not in following))
    labels = [len(step.lane.arc.label) for step in steps if step.first]
    tracked = _tracked(steps)
    tracks = max((step.track for step in tracked), default=0) + 1
    return Gutter(x, min(WIDEST_LABEL, max(labels, default=0)) + 1, tracks, tuple(tracked))


def _tracked(steps: Sequence[Step]) -> list[Step]:
    """The steps, each with a vertical track of its own where it needs one.

    A step that comes from the row in which another one ends turns off before it, so that they do not run into one.
    """
    straight = [step for step in steps if step.from_y == step.to_y]
    bent = sorted((step for step in steps if step.from_y != step.to_y), key=lambda step: step.from_y)
    ordered: list[Step] = []
    while bent:
        ends = {step.to_y for step in bent}
        free = next((step for step in bent if step.from_y not in ends - {step.to_y}), bent[-1])
        bent.remove(free)
        ordered.append(free)
    ordered.reverse()
    return straight + [replace(step, track=number) for number, step in enumerate(ordered)]
