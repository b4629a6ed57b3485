"""What is wrong with a running system as far as its reports tell, each thing in words that name who."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from spacectl.core.pointing import line_of
from spacectl.model.flow import EdgeReport, FlowReport
from spacectl.model.report import PsReport, SpaceReport
from spacectl.model.system import Space, System
from spacectl.model.wording import counted


def undrained(flow: FlowReport) -> list[str]:
    """The event edges on which something is not settled."""
    return [_left(edge) for edge in flow.edges if edge.kind == "event" and (edge.lag or edge.in_flight)]


def given_up(flow: FlowReport) -> list[str]:
    """The event edges on which the subscriber gave up events."""
    return [
        f"{_named(edge)}: gave up {counted(edge.dead, 'event')}, see `spacectl letters`"
        for edge in flow.edges
        if edge.kind == "event" and edge.dead
    ]


def unsettled(flow: FlowReport) -> list[str]:
    """The event edges on which something was given up, then those on which something is not settled."""
    return [*given_up(flow), *undrained(flow)]


def restarted(ps: PsReport, forgiven: Mapping[str, int]) -> list[str]:
    """What ended by itself: replicas that were started again more often than checks ended them, or that gave up.

    Args:
        ps: how everything is.
        forgiven: how often checks ended each replica on purpose.
    """
    engines = {"bus": ps.bus} | ({} if ps.gateway is None else {"gateway": ps.gateway})
    wrong = [
        f"{name}: {engine.state}, restarted {counted(engine.restarts, 'time')}" + _because(engine.reason)
        for name, engine in engines.items()
        if engine.restarts or engine.state == "failed"
    ]
    return wrong + [each for space in ps.spaces for each in _crashes(space, forgiven)]


def refused(ps: PsReport) -> list[str]:
    """What the bus refused to spaces, with the line that would declare it."""
    return [
        f"{space.name}: may not {each.kind} {each.subject} ({counted(each.count, 'time')}); {each.hint}"
        for space in ps.spaces
        for each in space.violations
    ]


def dead_ends(system: System, started: Collection[str]) -> list[str]:
    """The declared edges of started spaces whose other end was not started, with the place that declares each."""
    wrong = []
    for space in system.spaces:
        if space.name in started:
            events, api = space.manifest.events, space.manifest.api
            wrong += [
                f"{_at(space, 'events', 'subscribes', index)}: {space.name} subscribes to {subject}, and its publisher "
                "was not started"
                for index, subject in enumerate(events.subscribes)
                if subject.partition(".")[0] not in started
            ]
            wrong += [
                f"{_at(space, 'api', 'calls', index)}: {space.name} calls {callee}, which was not started"
                for index, callee in enumerate(api.calls)
                if callee not in started
            ]
    return wrong


def _at(space: Space, *path: str | int) -> str:
    return f"{space.source.file}:{line_of(space.source, path)}"


def _crashes(space: SpaceReport, forgiven: Mapping[str, int]) -> list[str]:
    return [
        f"{each.name}: {each.state}, restarted {counted(each.restarts, 'time')}"
        + _because(each.reason)
        + "".join(f"\n    {line}" for line in each.tail)
        for each in space.replicas
        if each.state in {"failed", "backoff"} or each.restarts > forgiven.get(each.name, 0)
    ]


def _because(reason: str | None) -> str:
    return f": {reason}" if reason else ""


def _left(edge: EdgeReport) -> str:
    age = f", the oldest {edge.oldest_s:.1f} s old" if edge.oldest_s is not None else ""
    again = f", {edge.redelivered} redelivered" if edge.redelivered else ""
    note = f" ({edge.note})" if edge.note else ""
    return f"{_named(edge)}: {edge.lag or 0} not delivered, {edge.in_flight} not acknowledged{again}{age}{note}"


def _named(edge: EdgeReport) -> str:
    return f"{edge.target} ← {edge.source} by {edge.via}"
