"""Turns one reading of the engines' counters after another into the flow of a system.

Counters begin anew when an engine, a stream or a consumer does. What was counted before stays counted, so that totals
never fall and rates are never negative.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from spacectl.core.flow_calls import CallFlow, follow_calls
from spacectl.core.flow_events import ConsumerFlow, follow
from spacectl.core.flow_rates import Samples, sampled
from spacectl.core.flow_tally import Tally, begin, proceed
from spacectl.core.subjects import matches
from spacectl.model.flow_readings import BusReading, ConsumerKey, Declared, GatewayReading, StreamReading
from spacectl.model.system import System


@dataclass(frozen=True, slots=True)
class StreamFlow:
    """What a stream took, with what earlier streams of the same name took.

    Attributes:
        base: what the earlier ones took, by subject.
        samples: of the sum.
    """

    tally: Tally
    base: Mapping[str, int]
    samples: Samples

    def total(self, subject: str) -> int:
        """Messages of one subject."""
        return self.base.get(subject, 0) + self.tally.total(subject)

    @property
    def subjects(self) -> frozenset[str]:
        """Every subject there was."""
        return frozenset(self.tally.subjects) | self.base.keys()


@dataclass(frozen=True, slots=True)
class Flow:
    """All that is known of what moves in a system; a new value after each reading.

    Attributes:
        bus, gateway: the last readings; None before the first.
    """

    bus: BusReading | None = None
    gateway: GatewayReading | None = None
    streams: Mapping[str, StreamFlow] = field(default_factory=dict)
    consumers: Mapping[ConsumerKey, ConsumerFlow] = field(default_factory=dict)
    calls: Mapping[tuple[str, str], CallFlow] = field(default_factory=dict)


def declared_flow(system: System) -> Declared:
    """What the manifests say moves between spaces."""
    publishes = {s.name: tuple(sorted(set(s.manifest.events.publishes))) for s in system.spaces}
    subscribes: dict[ConsumerKey, tuple[str, ...]] = {}
    for space in system.spaces:
        wanted = set(space.manifest.events.subscribes)
        for publisher, subjects in publishes.items():
            if heard := tuple(sorted(wanted.intersection(subjects))):
                subscribes[publisher, space.name] = heard
    return Declared(
        system=system.name,
        spaces=tuple(space.name for space in system.spaces),
        publishes={name: subjects for name, subjects in publishes.items() if subjects},
        subscribes=subscribes,
        calls=frozenset((space.name, callee) for space in system.spaces for callee in space.manifest.api.calls),
    )


def advance_bus(flow: Flow, reading: BusReading, declared: Declared) -> Flow:
    """Take in another reading of the bus."""
    before_at = reading.at if flow.bus is None else flow.bus.at
    streams = {name: stream for name, stream in flow.streams.items() if name in declared.publishes}
    consumers = {key: each for key, each in flow.consumers.items() if _stays(key, reading, declared)}
    for name, stream in reading.streams.items():
        followed = _stream(flow.streams.get(name), stream, before_at, reading.at)
        if followed is None:
            continue
        streams[name] = followed
        for subscriber, counters in stream.consumers.items():
            key = (name, subscriber)
            subjects = declared.subscribes.get(key) or _found(reading.filters.get(key, ()), followed.tally)
            if subjects:
                before = flow.consumers.get(key)
                consumers[key] = follow(
                    before, counters, followed.tally, subjects, seen_seq=stream.seen_seq, at=reading.at
                )
    return replace(flow, bus=reading, streams=streams, consumers=consumers)


def advance_gateway(flow: Flow, reading: GatewayReading) -> Flow:
    """Take in another reading of the gateway."""
    return replace(flow, gateway=reading, calls=follow_calls(flow.calls, flow.gateway, reading))


def _stays(key: ConsumerKey, reading: BusReading, declared: Declared) -> bool:
    """Whether a consumer is still of interest: declared, or there all the same."""
    stream = reading.streams.get(key[0])
    return key in declared.subscribes or (stream is not None and key[1] in stream.consumers)


def _stream(before: StreamFlow | None, reading: StreamReading, before_at: float, at: float) -> StreamFlow | None:
    if before is not None and before.tally.created == reading.created and before.tally.last.seq <= reading.last_seq:
        if before.tally.last.seq == reading.last_seq or reading.kept is None:
            return before
        tally = proceed(before.tally, reading, reading.kept, before_at, at)
        base = before.base
    elif reading.kept is None:
        return before
    else:
        tally = begin(reading, reading.kept, at)
        base = {} if before is None else {subject: before.total(subject) for subject in before.subjects}
        if before is not None and before.tally.created == reading.created:
            # The engine was cut off and has lost the last messages; what it still keeps was counted before.
            tally = replace(tally, cuts=before.tally.cuts + 1)
            base = {subject: max(0, count - tally.total(subject)) for subject, count in base.items()}
    total = sum(base.values()) + sum(tally.last.counts)
    return StreamFlow(tally, base, sampled(before.samples if before else (), at, (total,)))


def _found(filters: tuple[str, ...], tally: Tally) -> tuple[str, ...]:
    """The subjects that fall under the filters of a consumer that no manifest declares."""
    return tuple(subject for subject in tally.subjects if any(matches(each, subject) for each in filters))
