"""Puts the spaces of a graph into layers, so that what moves goes from left to right.

The method is Sugiyama's: cycles are broken by turning edges round, a layer is the longest way from a source, edges that
pass a layer get a place in it, and the order within layers is improved by medians.
K. Sugiyama, S. Tagawa, M. Toda: Methods for visual understanding of hierarchical system structures (1981).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

_SWEEPS = 6


@dataclass(frozen=True, slots=True)
class Arc:
    """All that moves from one space to another in one way.

    Attributes:
        keys: of the edges it stands for.
        label: what is written at it.
        wrong: one of them should be looked at.
    """

    source: str
    target: str
    label: str
    keys: tuple[str, ...]
    wrong: bool = False


@dataclass(frozen=True, slots=True)
class Lane:
    """One arc on its way through the layers.

    Attributes:
        turned: it is drawn from right to left.
        stops: its name in each layer from the left end to the right: a space, or a place that it passes.
    """

    arc: Arc
    turned: bool
    stops: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layers:
    """The names of each layer from top to bottom, spaces and passed places, and the way of each arc."""

    layers: tuple[tuple[str, ...], ...]
    lanes: tuple[Lane, ...]


def layered(names: Iterable[str], arcs: Sequence[Arc]) -> Layers:
    """The layers of a graph. An arc from a space to itself is left out."""
    nodes = sorted(set(names))
    loose = [arc for arc in arcs if arc.source != arc.target]
    turned = _turned(nodes, loose)
    ends = [(arc.target, arc.source) if arc in turned else (arc.source, arc.target) for arc in loose]
    depth = _depths(nodes, ends)
    layers: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for node in nodes:
        layers[depth[node]].append(node)
    lanes = []
    for number, (arc, (left, right)) in enumerate(zip(loose, ends, strict=True)):
        passed = [f"{number}@{layer}" for layer in range(depth[left] + 1, depth[right])]
        for layer, name in enumerate(passed, depth[left] + 1):
            layers[layer].append(name)
        lanes.append(Lane(arc, arc in turned, (left, *passed, right)))
    return Layers(tuple(map(tuple, _untangled(layers, lanes))), tuple(lanes))


def _turned(nodes: Sequence[str], arcs: Sequence[Arc]) -> frozenset[Arc]:
    """Arcs that lead back to where a walk through the graph comes from."""
    onward: dict[str, list[Arc]] = {node: [] for node in nodes}
    entered = set()
    for arc in arcs:
        onward[arc.source].append(arc)
        entered.add(arc.target)
    back: set[Arc] = set()
    done: set[str] = set()
    for start in sorted(nodes, key=lambda node: (node in entered, -len(onward[node]), node)):
        walk, on_way = [(start, iter(onward[start]))], {start}
        while walk and (walk[0][0] not in done):
            node, rest = walk[-1]
            following = next(rest, None)
            if following is None:
                walk.pop()
                on_way.discard(node)
                done.add(node)
            elif following.target in on_way:
                back.add(following)
            elif following.target not in done:
                walk.append((following.target, iter(onward[following.target])))
                on_way.add(following.target)
    return frozenset(back)


def _depths(nodes: Sequence[str], ends: Sequence[tuple[str, str]]) -> dict[str, int]:
    depth = dict.fromkeys(nodes, 0)
    waiting = dict.fromkeys(nodes, 0)
    onward: dict[str, list[str]] = {node: [] for node in nodes}
    for left, right in ends:
        waiting[right] += 1
        onward[left].append(right)
    ready = [node for node in nodes if not waiting[node]]
    while ready:
        node = ready.pop()
        for right in onward[node]:
            depth[right] = max(depth[right], depth[node] + 1)
            waiting[right] -= 1
            if not waiting[right]:
                ready.append(right)
    return depth


def _untangled(layers: list[list[str]], lanes: Sequence[Lane]) -> list[list[str]]:
    before: dict[str, list[str]] = {}
    after: dict[str, list[str]] = {}
    for lane in lanes:
        for left, right in pairwise(lane.stops):
            before.setdefault(right, []).append(left)
            after.setdefault(left, []).append(right)
    for sweep in range(_SWEEPS):
        towards, neighbours = (layers, before) if sweep % 2 == 0 else (layers[::-1], after)
        for fixed, free in pairwise(towards):
            _sort_by_neighbours(free, fixed, neighbours)
    return layers


def _sort_by_neighbours(free: list[str], fixed: Sequence[str], neighbours: Mapping[str, Sequence[str]]) -> None:
    place = {name: number for number, name in enumerate(fixed)}
    here = {name: number for number, name in enumerate(free)}
    middle = {
        name: fmean(place[each] for each in neighbours[name]) if name in neighbours else here[name] for name in free
    }
    free.sort(key=lambda name: (middle[name], here[name]))
