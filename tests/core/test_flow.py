"""Readings of a simulated bus, turned into flow: exact totals through drops, restarts, redeliveries and new engines."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacectl.core.flow import Flow, advance_bus, advance_gateway
from spacectl.model.flow import EdgeReport
from spacectl.model.flow_readings import (
    BusReading,
    CallReading,
    ConsumerReading,
    Declared,
    GatewayReading,
    Latencies,
    StreamReading,
)
from spacectl.view.flow import flow_report, space_rates

DECLARED = Declared(
    system="shop",
    spaces=("catalog", "orders", "payments"),
    publishes={"orders": ("orders.cancelled", "orders.placed")},
    subscribes={
        ("orders", "payments"): ("orders.cancelled", "orders.placed"),
        ("orders", "catalog"): ("orders.placed",),
    },
    calls=frozenset({("catalog", "orders")}),
)
SUBJECTS = DECLARED.publishes["orders"]


def time_of(at: float) -> str:
    return f"2026-11-22T10:{int(at) // 60:02d}:{at % 60:09.6f}Z"


@dataclass
class Consumer:
    created: str
    start: int
    next: int
    deliveries: int = 0
    unsettled: list[int] = field(default_factory=list)


@dataclass
class Bus:
    """A stream and its consumers as an engine keeps them, and what really happened."""

    at: float = 0.0
    created: str = "s1"
    kept: list[tuple[int, str, float]] = field(default_factory=list)
    last: int = 0
    consumers: dict[str, Consumer] = field(default_factory=dict)
    published: Counter[str] = field(default_factory=Counter)
    given: Counter[tuple[str, str]] = field(default_factory=Counter)
    again: Counter[str] = field(default_factory=Counter)
    made: int = 1

    def publish(self, subject: str) -> None:
        self.last += 1
        self.kept.append((self.last, subject, self.at))
        self.published[subject] += 1

    def wanted(self, name: str) -> list[tuple[int, str]]:
        filters = DECLARED.subscribes["orders", name]
        return [(n, s) for n, s, _ in self.kept if s in filters and n >= self.consumers[name].next]

    def deliver(self, name: str, count: int) -> None:
        consumer = self.consumers[name]
        for number, subject in self.wanted(name)[:count]:
            consumer.next = number + 1
            consumer.deliveries += 1
            consumer.unsettled.append(number)
            self.given[name, subject] += 1

    def redeliver(self, name: str) -> None:
        count = bool(self.consumers[name].unsettled)
        self.consumers[name].deliveries += count
        self.again[name] += count

    def settle(self, name: str) -> None:
        self.consumers[name].unsettled.clear()

    def add(self, name: str) -> None:
        self.made += 1
        self.consumers[name] = Consumer(f"c{self.made}", 1, 1)

    def renew(self) -> None:
        self.made += 1
        self.created, self.kept, self.last = f"s{self.made}", [], 0
        for name in list(self.consumers):
            self.add(name)

    def drop(self, count: int) -> None:
        self.kept = self.kept[count:]

    def reading(self, *meanwhile: str) -> BusReading:
        """What is told; events of these subjects come after the consumers are read, and before the stream is."""
        consumers, seen = {name: self._consumer(name) for name in self.consumers}, self.last
        for subject in meanwhile:
            self.publish(subject)
        first = self.kept[0] if self.kept else (self.last + 1, "", self.at)
        stream = StreamReading(
            created=self.created,
            first_seq=first[0],
            last_seq=self.last,
            seen_seq=seen,
            messages=len(self.kept),
            bytes=len(self.kept),
            first_time=time_of(first[2]),
            last_time=time_of(self.kept[-1][2] if self.kept else self.at),
            read_time=time_of(self.at),
            kept=dict.fromkeys(SUBJECTS, 0) | Counter(subject for _, subject, _ in self.kept),
            consumers=consumers,
        )
        return BusReading(self.at, {"orders": stream})

    def _consumer(self, name: str) -> ConsumerReading:
        consumer = self.consumers[name]
        delivered = consumer.next - 1
        acked = min(consumer.unsettled) - 1 if consumer.unsettled else delivered
        return ConsumerReading(
            consumer.created, consumer.deliveries, delivered, acked, len(self.wanted(name)), len(consumer.unsettled), 0
        )


def bus(*names: str) -> Bus:
    made = Bus()
    for name in names or ("payments", "catalog"):
        made.add(name)
    return made


def read(flow: Flow, engine: Bus, at: float, *meanwhile: str) -> Flow:
    engine.at = at
    return advance_bus(flow, engine.reading(*meanwhile), DECLARED)


def edges(flow: Flow) -> dict[tuple[str, str], EdgeReport]:
    report = flow_report(flow, DECLARED, clock_offset_s=0.0)
    return {(edge.target, edge.via): edge for edge in report.edges}


def test_what_is_delivered_is_counted_by_publisher_subscriber_and_subject() -> None:
    engine = bus()
    flow = read(Flow(), engine, 0.0)
    for subject in ("orders.placed",) * 6 + ("orders.cancelled",) * 3:
        engine.publish(subject)
    engine.deliver("payments", 9)
    engine.settle("payments")
    engine.deliver("catalog", 4)
    flow = read(flow, engine, 2.0)
    told = edges(flow)
    assert [told["payments", s].total for s in SUBJECTS] == [3, 6]
    assert [told["payments", s].rate for s in SUBJECTS] == [1.5, 3.0]
    catalog = told["catalog", "orders.placed"]
    assert (catalog.total, catalog.rate, catalog.lag, catalog.in_flight, catalog.redelivered) == (4, 2.0, 2, 4, 0)
    assert catalog.oldest_s is not None
    assert 0 <= catalog.oldest_s <= 2
    assert space_rates(flow)["payments"] == (4.5, 0.0)
    assert space_rates(flow)["orders"] == (4.5, 0.0)


def test_rates_fall_to_zero_when_nothing_moves_and_never_below() -> None:
    engine = bus()
    flow = read(Flow(), engine, 0.0)
    for _ in range(10):
        engine.publish("orders.placed")
    engine.deliver("catalog", 10)
    flow = read(flow, engine, 1.0)
    seen = [edges(flow := read(flow, engine, float(at)))["catalog", "orders.placed"].rate for at in range(2, 10)]
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] == 0.0


def test_a_recreated_stream_and_consumer_go_on_counting() -> None:
    engine = bus()
    flow = read(Flow(), engine, 0.0)
    for at in (1.0, 2.0):
        for _ in range(5):
            engine.publish("orders.placed")
        engine.deliver("catalog", 5)
        engine.settle("catalog")
        flow = read(flow, engine, at)
        engine.renew()
    flow = read(flow, engine, 3.0)
    told = edges(flow)["catalog", "orders.placed"]
    assert (told.total, told.lag) == (10, 0)
    assert 0 <= told.rate <= 5
    report = flow_report(flow, DECLARED, clock_offset_s=0.0)
    assert report.bus is not None
    assert report.bus.published == 10


def test_an_engine_that_was_cut_off_forgets_its_last_messages_and_nothing_is_counted_twice() -> None:
    engine = bus()
    flow = read(Flow(), engine, 0.0)
    for _ in range(10):
        engine.publish("orders.placed")
    engine.deliver("catalog", 10)
    engine.settle("catalog")
    flow = read(flow, engine, 1.0)
    engine.kept, engine.last = engine.kept[:7], 7
    engine.consumers["catalog"].next, engine.consumers["catalog"].deliveries = 6, 5
    flow = read(flow, engine, 2.0)
    assert edges(flow)["catalog", "orders.placed"].total == 10
    engine.publish("orders.placed")
    engine.deliver("catalog", 3)
    told = edges(read(flow, engine, 3.0))["catalog", "orders.placed"]
    assert (told.total, told.lag) == (13, 0)  # two of the three come again, but who could tell


def test_deliveries_that_a_consumer_forgot_are_no_new_messages() -> None:
    engine = bus()
    flow = read(Flow(), engine, 0.0)
    for _ in range(10):
        engine.publish("orders.placed")
    engine.deliver("catalog", 10)
    engine.settle("catalog")
    flow = read(flow, engine, 1.0)
    engine.consumers["catalog"].next, engine.consumers["catalog"].deliveries = 6, 5
    flow = read(flow, engine, 2.0)
    engine.deliver("catalog", 5)
    told = edges(read(flow, engine, 3.0))["catalog", "orders.placed"]
    assert (told.total, told.redelivered) == (10, 5)


@pytest.mark.parametrize("looks", [0, 1])
def test_what_comes_while_it_is_looked_at_is_neither_missed_nor_redelivered(looks: int) -> None:
    engine = bus()
    flow = Flow()
    for at in range(looks):
        flow = read(flow, engine, float(at))
    for subject in ("orders.placed", "orders.cancelled") * 10:
        engine.publish(subject)
    engine.deliver("catalog", 7)
    flow = read(flow, engine, 2.0, *["orders.placed"] * 5)
    assert edges(flow)["catalog", "orders.placed"].total >= 7
    engine.deliver("catalog", 8)
    engine.redeliver("catalog")
    engine.publish("orders.cancelled")
    told = edges(read(flow, engine, 3.0))["catalog", "orders.placed"]
    assert (told.total, told.redelivered) == (15, 1)


def test_redeliveries_are_no_new_messages() -> None:
    engine = bus()
    flow = read(Flow(), engine, 0.0)
    engine.publish("orders.placed")
    engine.deliver("catalog", 1)
    engine.redeliver("catalog")
    engine.redeliver("catalog")
    told = edges(read(flow, engine, 1.0))["catalog", "orders.placed"]
    assert (told.total, told.redelivered, told.in_flight) == (1, 2, 1)


def test_a_consumer_that_starts_with_what_is_new_is_not_given_the_old() -> None:
    engine = bus("payments")
    for _ in range(7):
        engine.publish("orders.placed")
    flow = read(Flow(), engine, 0.0)
    engine.add("catalog")
    engine.consumers["catalog"].next = engine.last + 1
    flow = read(flow, engine, 1.0)
    assert edges(flow)["catalog", "orders.placed"].total == 0
    engine.publish("orders.placed")
    engine.deliver("catalog", 1)
    assert edges(read(flow, engine, 2.0))["catalog", "orders.placed"].total == 1


def test_the_oldest_waiting_message_ages() -> None:
    engine = bus()
    flow = read(Flow(), engine, 0.0)
    engine.at = 1.0
    engine.publish("orders.placed")
    flow = read(flow, engine, 1.0)
    engine.publish("orders.cancelled")
    flow = read(flow, engine, 31.0)
    told = edges(flow)["catalog", "orders.placed"]
    assert told.oldest_s is not None
    assert 30.0 <= told.oldest_s <= 31.0
    assert told.note == "nobody pulls"
    engine.deliver("catalog", 1)
    engine.settle("catalog")
    assert edges(read(flow, engine, 32.0))["catalog", "orders.placed"].oldest_s is None


def test_a_backlog_from_before_has_its_age_from_the_stream() -> None:
    engine = bus()
    engine.at = 1.0
    engine.publish("orders.placed")
    flow = read(Flow(), engine, 41.0)
    assert edges(flow)["catalog", "orders.placed"].oldest_s == 40.0


def test_what_is_declared_is_told_before_anything_moves() -> None:
    told = edges(Flow())
    assert {key: (edge.declared, edge.seen, edge.total) for key, edge in told.items()} == dict.fromkeys(
        [("payments", s) for s in SUBJECTS] + [("catalog", "orders.placed"), ("orders", "orders")], (True, False, 0)
    )
    assert all(edge.note is not None and edge.note.startswith("silent") for edge in told.values())


def test_a_consumer_nobody_declares_is_told_as_such() -> None:
    engine = bus("payments", "catalog")
    engine.publish("orders.placed")
    engine.deliver("catalog", 1)
    less = replace(DECLARED, subscribes={("orders", "payments"): SUBJECTS})
    reading = replace(engine.reading(), filters={("orders", "catalog"): ("orders.>",)})
    report = flow_report(advance_bus(Flow(), reading, less), less, clock_offset_s=0.0)
    told = {edge.via: edge for edge in report.edges if edge.target == "catalog"}
    assert not told["orders.placed"].declared
    assert told["orders.placed"].seen


def test_what_the_manifests_do_not_name_any_more_and_the_bus_does_not_have_is_forgotten() -> None:
    engine = bus()
    engine.publish("orders.placed")
    engine.deliver("catalog", 1)
    flow = read(Flow(), engine, 0.0)
    del engine.consumers["catalog"]
    less = replace(DECLARED, subscribes={("orders", "payments"): SUBJECTS}, calls=frozenset())
    engine.at = 1.0
    flow = advance_bus(flow, engine.reading(), less)
    assert {edge.target for edge in flow_report(flow, less, clock_offset_s=0.0).edges} == {"payments"}
    nothing = replace(less, publishes={}, subscribes={})
    flow = advance_bus(flow, replace(engine.reading(), streams={}), nothing)
    report = flow_report(flow, nothing, clock_offset_s=0.0)
    assert (report.edges, report.unheard) == ((), ())


def test_what_is_published_and_unheard_is_told() -> None:
    engine = bus()
    engine.publish("orders.placed")
    nobody = replace(DECLARED, subscribes={})
    reading = engine.reading()
    alone = replace(reading, streams={"orders": replace(reading.streams["orders"], consumers={})})
    report = flow_report(advance_bus(Flow(), alone, nobody), nobody, clock_offset_s=0.0)
    assert [(u.source, u.via, u.published) for u in report.unheard] == [("orders", "orders.placed", 1)]


def test_dead_letters_are_counted_where_they_belong() -> None:
    engine = bus()
    reading = replace(engine.reading(), dead={("orders", "payments", "orders.placed"): 2})
    told = edges(advance_bus(Flow(), reading, DECLARED))
    assert [(told["payments", s].dead, told["payments", s].errors) for s in SUBJECTS] == [(0, 0), (2, 2)]
    assert "letters" in (told["payments", "orders.placed"].note or "")


def calls(total: int, *, failed: int = 0, **other: Latencies) -> CallReading:
    return CallReading(total, {"2xx": total - failed, "5xx": failed}, 0, **other)


def test_calls_go_on_counting_when_the_gateway_is_started_again() -> None:
    key = ("catalog", "orders")
    slow, fast = Latencies(9, 9, 9), Latencies(1, 2, 3)
    flow = advance_gateway(Flow(), GatewayReading(0.0, 5.0, {key: calls(0)}))
    flow = advance_gateway(flow, GatewayReading(1.0, 6.0, {key: calls(10, failed=2, recent=slow, overall=fast)}))
    told = edges(flow)["orders", "orders"]
    assert (told.total, told.rate, told.errors, told.p95_ms) == (10, 10.0, 2, 9)
    flow = advance_gateway(flow, GatewayReading(2.0, 0.5, {}))
    flow = advance_gateway(flow, GatewayReading(3.0, 1.5, {key: calls(12, failed=1)}))
    told = edges(flow)["orders", "orders"]
    assert (told.total, told.errors, told.errors_by_class) == (22, 3, {"4xx": 0, "5xx": 3})
    for at in range(4, 12):
        flow = advance_gateway(flow, GatewayReading(float(at), at - 1.5, {key: calls(12, failed=1, overall=fast)}))
    told = edges(flow)["orders", "orders"]
    assert (told.rate, told.p50_ms, told.p95_ms, told.p99_ms) == (0.0, 1, 2, 3)


NAMES = st.sampled_from(["payments", "catalog"])
STEPS: st.SearchStrategy[list[tuple[str, ...]]] = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.sampled_from(SUBJECTS), st.integers(1, 30)),
        st.tuples(st.just("deliver"), NAMES, st.integers(1, 40)),
        st.tuples(st.sampled_from(["settle", "redeliver", "add"]), NAMES),
        st.tuples(st.sampled_from(["renew", "nothing"])),
        st.tuples(st.just("drop"), st.integers(1, 50)),
        st.tuples(st.just("meanwhile"), st.lists(st.sampled_from(SUBJECTS), min_size=1, max_size=9)),
    ),
    max_size=40,
)


class Run:
    """A bus and the flow that is read from it, with what must hold after every reading."""

    def __init__(self) -> None:
        self.engine = bus()
        self.flow = read(Flow(), self.engine, 0.0)
        self.told = edges(self.flow)
        self.restarts = 0

    def step(self, what: str, *given: object) -> None:
        if what in ("add", "renew"):
            self.look()  # what moves between the last reading and an engine's end, nobody can know
            self.restarts += 1
        if what == "publish":
            subject, count = given
            for _ in range(count):  # type: ignore[call-overload]
                self.engine.publish(subject)  # type: ignore[arg-type]
        elif what == "meanwhile":
            (subjects,) = given
            self.look(*subjects)  # type: ignore[misc]
        elif what != "nothing":
            getattr(self.engine, what)(*given)
        self.look()

    def look(self, *meanwhile: str) -> None:
        self.flow = read(self.flow, self.engine, self.engine.at + 1.0, *meanwhile)
        before, self.told = self.told, edges(self.flow)
        for key, edge in self.told.items():
            assert edge.total >= before[key].total
            assert 0 <= edge.rate <= 40 * 5
            assert min(edge.lag or 0, edge.in_flight, edge.redelivered or 0) >= 0

    def of(self, name: str) -> list[EdgeReport]:
        return [edge for (target, _), edge in self.told.items() if target == name]


@settings(deadline=None, max_examples=60)
@given(steps=STEPS)
def test_whatever_happens_totals_never_fall_and_what_waits_is_exact(steps: list[tuple[str, ...]]) -> None:
    run = Run()
    for step in steps:
        run.step(*step)
    report = flow_report(run.flow, DECLARED, clock_offset_s=0.0)
    assert report.bus is not None
    assert report.bus.published == sum(run.engine.published.values())
    for name in ("payments", "catalog"):
        counters = run.engine.reading().streams["orders"].consumers[name]
        assert sum(edge.lag or 0 for edge in run.of(name)) == counters.pending
        assert sum(edge.in_flight for edge in run.of(name)) == counters.in_flight


@settings(deadline=None, max_examples=60)
@given(steps=STEPS)
def test_totals_are_exact_where_nothing_is_dropped(steps: list[tuple[str, ...]]) -> None:
    run = Run()
    for step in steps:
        if step[0] != "drop":
            run.step(*step)
    assert run.told["catalog", "orders.placed"].total == run.engine.given["catalog", "orders.placed"]
    given_payments = {subject: run.engine.given["payments", subject] for subject in SUBJECTS}
    if run.restarts == 0:
        assert sum(edge.total for edge in run.of("payments")) == sum(given_payments.values())
        for name in ("payments", "catalog"):
            assert sum(edge.redelivered or 0 for edge in run.of(name)) == run.engine.again[name]
    if run.restarts == 0 and not run.engine.wanted("payments"):
        assert {edge.via: edge.total for edge in run.of("payments")} == given_payments


@settings(deadline=None, max_examples=60)
@given(moves=st.lists(st.tuples(st.sampled_from(SUBJECTS), st.integers(1, 9), st.integers(0, 15)), max_size=150))
def test_counts_stay_exact_where_a_stream_drops_what_was_one_subject_between_two_looks(
    moves: list[tuple[str, int, int]],
) -> None:
    run = Run()
    for subject, published, dropped in moves:
        run.step("publish", subject, published)
        for name in ("payments", "catalog"):
            run.step("deliver", name, published)
            run.step("settle", name)
        run.step("drop", dropped)
    assert {edge.via: edge.total for edge in run.of("payments")} == {s: run.engine.published[s] for s in SUBJECTS}
