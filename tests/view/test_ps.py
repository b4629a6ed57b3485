from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from spacectl.model.report import EngineReport, PsReport, ReplicaReport, SpaceReport, ViolationReport
from spacectl.view.ps import GLYPHS, STYLES, headline, state_text, table, warnings


def replica(name: str, state: str = "ready", **other: Any) -> ReplicaReport:
    given: dict[str, Any] = {
        "pid": 4127, "container": None, "port": 41001, "restarts": 0, "started": None, "cpu_percent": 0.44,
        "memory_bytes": 61_000_000, "exit": None, "reason": None,
    } | other  # fmt: skip
    return ReplicaReport(name=name, state=state, **given)


def report(*replicas: ReplicaReport, violations: tuple[ViolationReport, ...] = (), bus: str | None = None) -> PsReport:
    spaces = tuple(
        SpaceReport(name=each.name.rpartition(".")[0], kind="service", state=each.state, desired=1, ready=1,
                    runtime="process", url=None, replicas=(each,), violations=violations)
        for each in replicas
    )  # fmt: skip
    engine = EngineReport(state="ready", url="nats://127.0.0.1:4222", reason=bus)
    return PsReport(system="shop", state="ready", since="", supervisor_pid=1, gateway=None, bus=engine, spaces=spaces)


def drawn(ps: PsReport, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, markup=False, highlight=False)
    console.print(table(ps, width=width))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]


SICK = report(
    replica("orders.1"),
    replica("order-history.1", "backoff", pid=None, cpu_percent=None, memory_bytes=None, restarts=12,
            reason="exited with [code] 3"),
)  # fmt: skip


def test_a_wide_terminal_gets_everything() -> None:
    assert drawn(SICK, 100) == [
        "REPLICA          STATE       PID   PORT   CPU  MEMORY  RESTARTS  REASON",
        "orders.1         ● ready    4127  41001  0.4%    61MB         0",
        "order-history.1  ↻ backoff     -      -     -       -        12  exited with [code] 3",
    ]


def test_the_widest_gets_what_moves_through_each_space_on_its_first_line() -> None:
    (space,) = report(replica("orders.1")).spaces
    both = space.model_copy(
        update={"replicas": (replica("orders.1"), replica("orders.2")), "messages_per_s": 12.14, "requests_per_s": 0.0}
    )
    unknown = report(replica("cart.1")).spaces[0]
    ps = SICK.model_copy(update={"spaces": (both, unknown)})
    assert drawn(ps, 110) == [
        "REPLICA   STATE     PID   PORT   CPU  MEMORY  EVENTS/s  REQUESTS/s  RESTARTS",
        "orders.1  ● ready  4127  41001  0.4%    61MB      12.1         0.0         0",
        "orders.2  ● ready  4127  41001  0.4%    61MB                               0",
        "cart.1    ● ready  4127  41001  0.4%    61MB         -           -         0",
    ]
    assert "EVENTS/s" not in drawn(ps, 109)[0]


def test_a_narrow_one_gets_reasons_below() -> None:
    assert drawn(SICK, 60) == [
        "REPLICA          STATE      RESTARTS",
        "orders.1         ● ready           0",
        "order-history.1  ↻ backoff        12",
        "order-history.1: exited with [code] 3",
    ]


def test_a_very_narrow_one_gets_names_and_states() -> None:
    assert drawn(SICK, 32) == [
        "REPLICA          STATE",
        "orders.1         ● ready",
        "order-history.1  ↻ backoff",
        "order-history.1: exited with",
        "[code] 3",
    ]


@pytest.mark.parametrize("width", [30, 40, 50, 60, 80, 89, 90, 100, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    names = [f"{'long-' * 6}{number}.1" for number in range(3)]
    ps = report(*(replica(name, "unhealthy", reason="word " * 40 + "x" * 150) for name in names))
    assert max(len(line) for line in drawn(ps, width)) <= width


def test_without_reasons_there_is_no_column_for_them() -> None:
    assert drawn(report(replica("a.1")), 100)[0].split()[-1] == "RESTARTS"


def test_without_spaces_it_says_what_to_do() -> None:
    assert drawn(report(), 100) == ["no space yet: `spacectl add NAME` makes one"]


def test_a_state_is_told_by_glyph_and_word_and_every_one_by_another() -> None:
    assert state_text("failed").plain == "✖ failed"
    assert state_text("new-one").plain == "· new-one"
    assert len(set(GLYPHS.values())) == len(GLYPHS)
    assert GLYPHS.keys() == STYLES.keys()


def test_the_headline() -> None:
    assert headline(report()).plain == "shop  ● ready  bus ● ready  nats://127.0.0.1:4222"
    gateway = EngineReport(state="backoff", url="http://127.0.0.1:8080", reason="killed by SIGKILL")
    ps = report().model_copy(update={"gateway": gateway})
    assert headline(ps).plain.endswith("nats://127.0.0.1:4222  gateway ↻ backoff  http://127.0.0.1:8080")
    assert warnings(ps) == ["gateway: killed by SIGKILL"]


def test_warnings() -> None:
    refused = (
        ViolationReport(kind="publish", subject="billing.nope", count=2, hint="do this"),
        ViolationReport(kind="subscribe", subject="a.b", count=1, hint="do that"),
        ViolationReport(kind="login", subject="", count=1, hint="take $NATS_URL"),
    )
    assert warnings(report(replica("orders.1"), violations=refused, bus="connection refused")) == [
        "bus: connection refused",
        "orders may not publish billing.nope (2 times): do this",
        "orders may not subscribe a.b (once): do that",
        "orders was refused by the bus: wrong user or password (once): take $NATS_URL",
    ]
    assert warnings(report(replica("orders.1"))) == []
    calm = report(replica("orders.1"))
    looping = calm.spaces[0].model_copy(update={"warnings": ("no limits", "a loop")})
    other = calm.spaces[0].model_copy(update={"name": "cart", "warnings": ("no limits",)})
    told = calm.model_copy(update={"spaces": (other, looping)})
    assert warnings(told) == ["cart, orders: no limits", "orders: a loop"]
