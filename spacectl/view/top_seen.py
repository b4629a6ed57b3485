"""All that the cockpit has seen of a system, and what each report makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import NamedTuple

from spacectl.model.flow import EdgeReport, FlowReport
from spacectl.model.report import Noted, PsReport, ReplicaReport, SpaceReport

NOTES_KEPT = 1000
POINTS_KEPT = 60
"""Of a sparkline."""

UNKNOWN = "unknown"
"""The state of what nobody tells of, because the supervisor does not answer."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What moves in and out of one space; what is None is not known.

    Attributes:
        requests_rate: requests it answers, per second.
        p95_ms: of the slowest of the edges that call it.
        errors: answers with 5xx, and dead letters.
        in_rate, out_rate: events it is given and publishes, per second.
        lag: events that wait for it.
        oldest_s: age of the oldest of them.
        notes: what should be looked at.
    """

    requests_rate: float | None = None
    p95_ms: float | None = None
    errors: int | None = None
    in_rate: float | None = None
    out_rate: float | None = None
    lag: int | None = None
    oldest_s: float | None = None
    notes: tuple[str, ...] = ()


NO_TRAFFIC = Traffic()


class Totals(NamedTuple):
    """What moves in the whole system, per second, and how many edges a person should look at."""

    events_rate: float = 0.0
    calls_rate: float = 0.0
    wrong_edges: int = 0


NO_TOTALS = Totals()


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a system.

    Attributes:
        ps: how everything stood at last; None before the first report.
        attached: the supervisor answers.
        totals: of the flow; found once for each report, for they are drawn at every key.
        history: messages in and out of each space per second, the newest last.
    """

    ps: PsReport | None = None
    flow: FlowReport | None = None
    attached: bool = False
    notes: tuple[Noted, ...] = ()
    totals: Totals = NO_TOTALS
    traffic: Mapping[str, Traffic] = field(default_factory=lambda: MappingProxyType({}))
    history: Mapping[str, tuple[float, ...]] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def spaces(self) -> tuple[SpaceReport, ...]:
        return () if self.ps is None else self.ps.spaces

    @property
    def edges(self) -> tuple[EdgeReport, ...]:
        return () if self.flow is None else self.flow.edges

    def space(self, name: str) -> SpaceReport | None:
        """The space with this name."""
        return next((space for space in self.spaces if space.name == name), None)


def told(seen: Seen, value: PsReport | FlowReport | Noted) -> Seen:
    """What is known after the supervisor told this."""
    match value:
        case PsReport():
            return replace(seen, ps=value, attached=True)
        case FlowReport():
            traffic = traffic_of(value)
            history = _longer(seen.history, traffic)
            return replace(seen, flow=value, traffic=traffic, history=history, totals=totals_of(value))
        case Noted():
            return replace(seen, notes=(*seen.notes[1 - NOTES_KEPT :], value))


def lost(seen: Seen) -> Seen:
    """What is known once the supervisor does not answer any more: what there is, but not how it is."""
    if seen.ps is None or not seen.attached:
        return seen
    ps = seen.ps
    bus = ps.bus.model_copy(update={"state": UNKNOWN, "pid": None})
    gateway = ps.gateway and ps.gateway.model_copy(update={"state": UNKNOWN, "pid": None})
    spaces = tuple(_unknown(space) for space in ps.spaces)
    ps = ps.model_copy(update={"state": UNKNOWN, "bus": bus, "gateway": gateway, "spaces": spaces})
    return replace(seen, ps=ps, flow=None, traffic={}, totals=NO_TOTALS, attached=False)


def edge_is_wrong(edge: EdgeReport) -> bool:
    """Whether a person should look at an edge. The note of one on which nothing has moved yet only says so."""
    return bool((edge.note and edge.seen) or edge.errors or edge.dead or not edge.declared)


def totals_of(flow: FlowReport) -> Totals:
    """What moves in the whole system."""
    events = sum(edge.rate for edge in flow.edges if edge.kind == "event")
    calls = sum(edge.rate for edge in flow.edges if edge.kind == "call")
    return Totals(events, calls, sum(map(edge_is_wrong, flow.edges)))


def traffic_of(flow: FlowReport) -> dict[str, Traffic]:
    """What moves in and out of each space."""
    incoming: dict[str, list[EdgeReport]] = {}
    for edge in flow.edges:
        incoming.setdefault(edge.target, []).append(edge)
    return {
        space.name: _traffic(
            incoming.get(space.name, ()), space.requests_rate, space.delivered_rate, space.published_rate
        )
        for space in flow.spaces
    }


def _traffic(edges: Iterable[EdgeReport], requests: float, delivered: float, published: float) -> Traffic:
    p95s = [edge.p95_ms for edge in edges if edge.p95_ms is not None]
    lags = [edge.lag for edge in edges if edge.lag is not None]
    oldest = [edge.oldest_s for edge in edges if edge.oldest_s is not None]
    return Traffic(
        requests_rate=requests,
        p95_ms=max(p95s, default=None),
        errors=sum(edge.errors for edge in edges),
        in_rate=delivered,
        out_rate=published,
        lag=sum(lags) if lags else None,
        oldest_s=max(oldest, default=None),
        notes=tuple(edge.note for edge in edges if edge.note and edge.seen),
    )


def _longer(history: Mapping[str, tuple[float, ...]], traffic: Mapping[str, Traffic]) -> dict[str, tuple[float, ...]]:
    return {
        name: (*history.get(name, ())[1 - POINTS_KEPT :], (each.in_rate or 0.0) + (each.out_rate or 0.0))
        for name, each in traffic.items()
    }


def _unknown(space: SpaceReport) -> SpaceReport:
    replicas = tuple(_unknown_replica(replica) for replica in space.replicas)
    return space.model_copy(update={"state": UNKNOWN, "ready": 0, "replicas": replicas})


def _unknown_replica(replica: ReplicaReport) -> ReplicaReport:
    return replica.model_copy(update={"state": UNKNOWN, "cpu_percent": None, "memory_bytes": None})
