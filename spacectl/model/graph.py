"""The architecture as `graph --format json` tells it, and as it is drawn: spaces in layers, and what leads where."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from spacectl.model.strict import Strict


class Link(Strict):
    """One edge between two spaces.

    Attributes:
        via: the subject of an event; the called space of a call.
        declared: a manifest says so.
        total: how much moved along it; null unless the graph is live.
        rate: how much per second; null unless the graph is live.
        errors: dead letters, or requests answered with a 5xx status; null unless the graph is live.
    """

    source: str = Field(alias="from")
    target: str = Field(alias="to")
    kind: Literal["event", "call"]
    via: str
    declared: bool = True
    total: int | None = None
    rate: float | None = None
    errors: int | None = None


class Graph(Strict):
    """A system as a graph.

    Attributes:
        layers: the spaces; most edges lead from a layer to a later one.
        edges: in order of source, target and kind.
    """

    system: str
    layers: tuple[tuple[str, ...], ...]
    edges: tuple[Link, ...]
