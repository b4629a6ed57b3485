from __future__ import annotations

from typing import Any

import pytest

from spacectl.core.judging import given_up, refused, restarted, undrained, unsettled
from spacectl.model.flow import EdgeReport, FlowReport
from spacectl.model.report import EngineReport, PsReport, ReplicaReport, SpaceReport, ViolationReport

EDGE: dict[str, Any] = {
    "source": "orders", "target": "payments", "kind": "event", "via": "orders.placed", "declared": True, "seen": True,
    "total": 9, "rate": 0.0, "lag": 0, "oldest_s": None, "in_flight": 0, "redelivered": 0, "dead": 0, "p50_ms": None,
    "p95_ms": None, "errors": 0,
}  # fmt: skip
NAMED = "payments ← orders by orders.placed"
REPLICA: dict[str, Any] = {
    "name": "orders.1", "state": "ready", "pid": 7, "container": None, "port": None, "restarts": 0, "started": None,
    "cpu_percent": None, "memory_bytes": None, "exit": None, "reason": None,
}  # fmt: skip


def flow(**edge: Any) -> FlowReport:
    return FlowReport(system="shop", at=None, edges=(EdgeReport(**EDGE | edge),))


def ps(*violations: ViolationReport, bus: int = 0, **replica: Any) -> PsReport:
    space = SpaceReport(
        name="orders", kind="service", state="ready", desired=1, ready=1, runtime="process", url=None,
        replicas=(ReplicaReport(**REPLICA | replica),), violations=violations,
    )  # fmt: skip
    engine = EngineReport(state="ready", url=None, restarts=bus)
    return PsReport(system="shop", state="ready", since="", supervisor_pid=1, gateway=None, bus=engine, spaces=(space,))


def test_nothing_is_wrong_with_what_is_settled() -> None:
    assert undrained(flow()) == given_up(flow()) == restarted(ps(), {}) == refused(ps()) == []


@pytest.mark.parametrize(
    ("edge", "told"),
    [
        ({"lag": 3}, "payments ← orders by orders.placed: 3 not delivered, 0 not acknowledged"),
        (
            {"in_flight": 2, "redelivered": 4, "oldest_s": 1.25, "note": "why"},
            f"{NAMED}: 0 not delivered, 2 not acknowledged, 4 redelivered, the oldest 1.2 s old (why)",
        ),
    ],
)
def test_what_is_left_on_an_edge_is_told(edge: dict[str, Any], told: str) -> None:
    assert undrained(flow(**edge)) == [told]


def test_requests_under_way_are_no_events() -> None:
    assert undrained(flow(kind="call", in_flight=2, lag=None)) == []


def test_who_gave_up_is_told() -> None:
    told = "payments ← orders by orders.placed: gave up 2 events, see `spacectl letters`"
    assert given_up(flow(dead=2)) == [told]
    assert unsettled(flow(dead=2, lag=1)) == [told, f"{NAMED}: 1 not delivered, 0 not acknowledged"]


def test_a_restart_counts_unless_a_check_caused_it() -> None:
    crashed = ps(restarts=2)
    assert restarted(crashed, {"orders.1": 2}) == []
    assert restarted(crashed, {"orders.1": 1}) == ["orders.1: ready, restarted 2 times"]
    failed = ps(state="failed", reason="exit code 3", tail=("oh no",))
    assert restarted(failed, {"orders.1": 9}) == ["orders.1: failed, restarted 0 times: exit code 3\n    oh no"]
    assert restarted(ps(bus=1), {}) == ["bus: ready, restarted 1 time"]


def test_what_the_bus_refused_is_told_with_what_would_declare_it() -> None:
    refusal = ViolationReport(kind="publish", subject="orders.lost", count=2, hint="add it")
    assert refused(ps(refusal)) == ["orders: may not publish orders.lost (2 times); add it"]
