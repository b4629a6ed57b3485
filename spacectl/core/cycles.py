"""Cycles of a graph of names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence


def cycles(graph: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, ...]]:
    """One cycle for each knot of the graph, as `("a", "b", "a")` from its first name on.

    A depth-first walk, so the time grows with nodes plus edges; names that are no keys of the graph are ends.
    """
    done: set[str] = set()
    for start in sorted(graph):
        if start not in done:
            yield from _from(start, graph, done)


def _from(start: str, graph: Mapping[str, Sequence[str]], done: set[str]) -> Iterator[tuple[str, ...]]:
    trail = {start: iter(graph[start])}  # the way from the start, each node with the edges not walked yet
    while trail:
        node = next(reversed(trail))
        for after in trail[node]:
            if after in trail:
                yield _turned([*trail][[*trail].index(after) :])
            elif after in graph and after not in done:
                trail[after] = iter(graph[after])
                break
        else:
            done.add(node)
            del trail[node]


def _turned(names: Sequence[str]) -> tuple[str, ...]:
    first = names.index(min(names))
    return (*names[first:], *names[: first + 1])
