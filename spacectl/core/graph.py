"""From what is declared, and what was seen, to a graph whose spaces stand in layers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet

from spacectl.model.flow import FlowReport
from spacectl.model.flow_readings import Declared
from spacectl.model.graph import Graph, Link

Pairs = AbstractSet[tuple[str, str]]


def declared_graph(declared: Declared) -> Graph:
    """The graph of the manifests."""
    return _graph(declared.system, declared.spaces, _declared_links(declared))


def live_graph(report: FlowReport) -> Graph:
    """The graph of a running system, with what moves: of what is declared, and of what was seen besides."""
    links = [
        Link(
            source=edge.source,
            target=edge.target,
            kind=edge.kind,
            via=edge.via,
            declared=edge.declared,
            total=edge.total,
            rate=edge.rate,
            errors=edge.errors,
        )
        for edge in report.edges
        if edge.declared or edge.seen
    ]
    return _graph(report.system, [space.name for space in report.spaces], links)


def layers(names: Iterable[str], pairs: Pairs) -> tuple[tuple[str, ...], ...]:
    """Names in layers, each as early as what leads to it allows; edges that close a cycle count for nothing.

    The order that leaves few edges leading back is that of Eades, Lin and Smyth, "A fast and effective heuristic for
    the feedback arc set problem" (1993).
    """
    order = _order(names, pairs)
    place = {name: number for number, name in enumerate(order)}
    depth: dict[str, int] = {}
    for name in order:
        before = (source for source, target in pairs if target == name and place[source] < place[name])
        depth[name] = max((depth[source] + 1 for source in before), default=0)
    return tuple(
        tuple(name for name in order if depth[name] == level) for level in range(max(depth.values(), default=-1) + 1)
    )


def _order(names: Iterable[str], pairs: Pairs) -> list[str]:
    out: dict[str, set[str]] = {name: set() for name in sorted(names)}
    into: dict[str, set[str]] = {name: set() for name in out}
    for source, target in pairs:
        if source != target:
            out[source].add(target)
            into[target].add(source)
    front: list[str] = []
    back: list[str] = []
    while out:
        chosen, at_the_end = _next(out, into)
        (back if at_the_end else front).append(chosen)
        for other in out.pop(chosen):
            into[other].discard(chosen)
        for other in into.pop(chosen):
            out[other].discard(chosen)
    return front + back[::-1]


def _next(out: Mapping[str, set[str]], into: Mapping[str, set[str]]) -> tuple[str, bool]:
    """The name that comes next, and whether it comes at the end: a source, or a sink, or one that leads to most."""
    for name in out:
        if not into[name]:
            return name, False
    for name in reversed(list(out)):
        if not out[name]:
            return name, True
    return max(out, key=lambda name: len(out[name]) - len(into[name])), False


def _graph(system: str, spaces: Iterable[str], links: Iterable[Link]) -> Graph:
    edges = tuple(sorted(links, key=lambda link: (link.source, link.target, link.kind, link.via)))
    names = {*spaces, *(link.source for link in edges), *(link.target for link in edges)}
    return Graph(
        system=system,
        layers=layers(names, {(link.source, link.target) for link in edges}),
        edges=edges,
    )


def _declared_links(declared: Declared) -> Iterator[Link]:
    for (source, target), subjects in declared.subscribes.items():
        for subject in subjects:
            yield Link(source=source, target=target, kind="event", via=subject)
    for caller, callee in declared.calls:
        yield Link(source=caller, target=callee, kind="call", via=callee)
