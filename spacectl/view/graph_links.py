"""Edges as drawings name them: those between the same two spaces together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from spacectl.model.graph import Graph, Link


@dataclass(frozen=True, slots=True)
class Bundle:
    """All events, or all calls, from one space to another.

    Attributes:
        label: what moves, in a few words.
        declared: all of them are.
    """

    source: str
    target: str
    kind: Literal["event", "call"]
    label: str
    declared: bool


def bundles(graph: Graph) -> tuple[Bundle, ...]:
    """The edges of a graph, bundled."""
    return tuple(_bundled(graph))


def _bundled(graph: Graph) -> Iterator[Bundle]:
    for (source, target, kind), group in groupby(graph.edges, key=lambda link: (link.source, link.target, link.kind)):
        links = list(group)
        declared = all(link.declared for link in links)
        what = f"calls {target}" if kind == "call" else ", ".join(link.via.removeprefix(f"{source}.") for link in links)
        label = what + _moves(links) + ("" if declared else " (undeclared)")
        yield Bundle(source, target, kind, label, declared)


def _moves(links: list[Link]) -> str:
    rates = [link.rate for link in links if link.rate is not None]
    if not rates:
        return ""
    errors = sum(link.errors or 0 for link in links)
    return f" {sum(rates):.1f}/s" + (f", {errors} failed" if errors else "")
