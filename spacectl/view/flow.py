"""The flow as `flow --json` tells it: a report from what was followed and what is declared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from spacectl.core.flow import Flow
from spacectl.core.flow_calls import CallFlow
from spacectl.core.flow_events import ConsumerFlow
from spacectl.core.flow_rates import rates
from spacectl.model.flow import BusFlow, EdgeReport, FlowReport, SpaceFlow, UnheardReport
from spacectl.model.flow_readings import CallReading, ClientTotals, ConsumerKey, Declared
from spacectl.view.report import rfc3339

_IDLE_S = 5.0
"""Messages that waited this long without anyone asking for them are worth a word."""

_SILENT = "silent: nothing came yet"
_DIGITS = 2


def flow_report(flow: Flow, declared: Declared, *, clock_offset_s: float) -> FlowReport:
    """Everything `flow` tells of a running system.

    Args:
        flow: what was followed.
        declared: what the manifests say.
        clock_offset_s: wall-clock time (seconds since the epoch) minus the monotonic clock.
    """
    grouped = _grouped(flow)
    ats = [reading.at for reading in (flow.bus, flow.gateway) if reading is not None]
    return FlowReport(
        system=declared.system,
        at=rfc3339(max(ats) + clock_offset_s) if ats else None,
        edges=(*_event_edges(flow, declared), *_call_edges(flow, declared)),
        spaces=tuple(_space(name, flow, grouped) for name in declared.spaces),
        unheard=tuple(_unheard(flow, declared)),
        bus=_bus(flow),
        unseen=_unseen(flow, declared),
    )


def space_rates(flow: Flow) -> dict[str, tuple[float, float]]:
    """Messages (published and delivered) and requests per second of each space of which something is known."""
    grouped = _grouped(flow)
    names = {*flow.streams, *grouped.given, *grouped.taken}
    spaces = (_space(name, flow, grouped) for name in names)
    return {
        each.name: (round(each.published_rate + each.delivered_rate, _DIGITS), each.requests_rate) for each in spaces
    }


def _event_edges(flow: Flow, declared: Declared) -> Iterator[EdgeReport]:
    for key in sorted(declared.subscribes.keys() | flow.consumers.keys()):
        wanted = declared.subscribes.get(key, ())
        followed = flow.consumers.get(key)
        known = () if followed is None else followed.subjects
        for subject in sorted({*wanted, *known}):
            edge = _event_edge(flow, followed if subject in known else None, key, subject)
            yield edge.model_copy(update={"declared": True}) if subject in wanted else edge


def _event_edge(flow: Flow, followed: ConsumerFlow | None, key: ConsumerKey, subject: str) -> EdgeReport:
    dead = 0 if flow.bus is None else flow.bus.dead.get((*key, subject), 0)
    at = 0.0 if flow.bus is None else flow.bus.at
    place = 0 if followed is None else followed.subjects.index(subject)
    total = 0 if followed is None else followed.totals[place]
    oldest_at = None if followed is None else followed.oldest_at[place]
    return EdgeReport(
        source=key[0],
        target=key[1],
        kind="event",
        via=subject,
        declared=False,
        seen=total > 0,
        total=total,
        rate=0.0 if followed is None else round(rates(followed.samples, at)[place], _DIGITS),
        lag=0 if followed is None else followed.lag[place],
        oldest_s=None if oldest_at is None else round(max(0.0, at - oldest_at), _DIGITS),
        in_flight=0 if followed is None else followed.in_flight[place],
        redelivered=0 if followed is None else followed.redelivered[place],
        dead=dead,
        p50_ms=None,
        p95_ms=None,
        errors=dead,
        note=_event_note(followed, place, at, dead),
    )


def _event_note(followed: ConsumerFlow | None, place: int, at: float, dead: int) -> str | None:
    if dead:
        return "dead letters: see `spacectl letters`"
    if followed is None:
        return _SILENT
    waits, reading = followed.lag[place], followed.reading
    if waits and not reading.waiting and at - followed.moved_at >= _IDLE_S:
        return "settles nothing: all it may hold is in flight" if reading.in_flight else "nobody pulls"
    return None if followed.totals[place] or waits else _SILENT


def _call_edges(flow: Flow, declared: Declared) -> Iterator[EdgeReport]:
    for caller, callee in sorted(declared.calls | {key for key in flow.calls if key[0]}):
        yield _call_edge(caller, callee, flow, flow.calls.get((caller, callee)), (caller, callee) in declared.calls)


def _call_edge(caller: str, callee: str, flow: Flow, followed: CallFlow | None, declared: bool) -> EdgeReport:
    at = 0.0 if flow.gateway is None else flow.gateway.at
    reading = CallReading(0, {}, 0) if followed is None else followed.reading
    total = 0 if followed is None else followed.total
    rate = 0.0 if followed is None else rates(followed.samples, at)[0]
    errors = {name: 0 if followed is None else followed.of_class(name) for name in ("4xx", "5xx")}
    took = (reading.recent if rate else None) or reading.overall
    return EdgeReport(
        source=caller,
        target=callee,
        kind="call",
        via=callee,
        declared=declared,
        seen=total > 0,
        total=total,
        rate=round(rate, _DIGITS),
        lag=None,
        oldest_s=None,
        in_flight=reading.in_flight,
        redelivered=None,
        dead=None,
        p50_ms=None if took is None else took.p50_ms,
        p95_ms=None if took is None else took.p95_ms,
        p99_ms=None if took is None else took.p99_ms,
        errors=errors["5xx"],
        errors_by_class=errors,
        note=None if total or reading.in_flight else "silent: nothing was called yet",
    )


@dataclass(frozen=True, slots=True)
class _Grouped:
    """What each space was given, which calls it made, and which it took."""

    given: Mapping[str, list[ConsumerFlow]]
    made: Mapping[str, list[CallFlow]]
    taken: Mapping[str, list[CallFlow]]


def _grouped(flow: Flow) -> _Grouped:
    given: defaultdict[str, list[ConsumerFlow]] = defaultdict(list)
    made: defaultdict[str, list[CallFlow]] = defaultdict(list)
    taken: defaultdict[str, list[CallFlow]] = defaultdict(list)
    for (_, subscriber), consumer in flow.consumers.items():
        given[subscriber].append(consumer)
    for (caller, callee), call in flow.calls.items():
        made[caller].append(call)
        taken[callee].append(call)
    return _Grouped(given, made, taken)


def _space(name: str, flow: Flow, grouped: _Grouped) -> SpaceFlow:
    stream = flow.streams.get(name)
    given = grouped.given.get(name, [])
    made = grouped.made.get(name, [])
    taken = grouped.taken.get(name, [])
    client = _client(name, flow)
    at = 0.0 if flow.bus is None else flow.bus.at
    return SpaceFlow(
        name=name,
        published=0 if stream is None else sum(stream.total(subject) for subject in stream.subjects),
        published_rate=0.0 if stream is None else round(rates(stream.samples, at)[0], _DIGITS),
        delivered=sum(sum(consumer.totals) for consumer in given),
        delivered_rate=round(sum(sum(rates(consumer.samples, at)) for consumer in given), _DIGITS),
        calls=sum(call.total for call in made),
        calls_rate=_calls_rate(made, flow),
        requests=sum(call.total for call in taken),
        requests_rate=_calls_rate(taken, flow),
        connections=None if client is None else client.connections,
        pending_bytes=None if client is None else client.pending_bytes,
        stalls=None if client is None else client.stalls,
    )


def _client(name: str, flow: Flow) -> ClientTotals | None:
    if flow.bus is None or flow.bus.clients is None:
        return None
    return flow.bus.clients.get(name, ClientTotals(0, 0, 0, 0, 0))


def _calls_rate(calls: list[CallFlow], flow: Flow) -> float:
    at = 0.0 if flow.gateway is None else flow.gateway.at
    return round(sum(rates(call.samples, at)[0] for call in calls), _DIGITS)


def _unheard(flow: Flow, declared: Declared) -> Iterator[UnheardReport]:
    heard = {(stream, subject) for (stream, _), subjects in declared.subscribes.items() for subject in subjects}
    heard |= {(key[0], subject) for key, consumer in flow.consumers.items() for subject in consumer.subjects}
    for name, stream in sorted(flow.streams.items()):
        for subject in sorted(stream.subjects):
            published = stream.total(subject)
            if published and (name, subject) not in heard:
                yield UnheardReport(source=name, via=subject, published=published)


def _bus(flow: Flow) -> BusFlow | None:
    if flow.bus is None:
        return None
    streams = [flow.streams[name] for name in flow.bus.streams if name in flow.streams]
    return BusFlow(
        messages=flow.bus.messages,
        bytes=flow.bus.bytes,
        published=sum(stream.total(subject) for stream in streams for subject in stream.subjects),
        published_rate=round(sum(rates(stream.samples, flow.bus.at)[0] for stream in streams), _DIGITS),
        slow_consumers=flow.bus.slow_consumers,
        stalls=flow.bus.stalled,
    )


def _unseen(flow: Flow, declared: Declared) -> tuple[str, ...]:
    unseen = ("the bus: it has not been read yet",) if flow.bus is None else flow.bus.unseen
    if declared.calls and flow.gateway is None:
        unseen += ("calls: no gateway tells of them",)
    return unseen
