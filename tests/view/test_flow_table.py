from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from spacectl.model.flow import BusFlow, EdgeReport, FlowReport, UnheardReport
from spacectl.view.flow_table import amount, table


def edge(**other: Any) -> EdgeReport:
    given: dict[str, Any] = {
        "source": "orders", "target": "payments", "kind": "event", "via": "orders.placed", "declared": True,
        "seen": True, "total": 12345, "rate": 12.14, "lag": 3, "oldest_s": 0.4, "in_flight": 1, "redelivered": 2,
        "dead": 0,
        "p50_ms": None, "p95_ms": None, "errors": 0,
    } | other  # fmt: skip
    return EdgeReport(**given)


CALL = edge(
    source="cart", target="catalog", kind="call", via="catalog", lag=None, oldest_s=None, redelivered=None, dead=None,
    p50_ms=3.14, p95_ms=8.0, errors=7, note="look",
)  # fmt: skip
REPORT = FlowReport(
    system="shop",
    at="2026-11-22T10:00:00Z",
    edges=(edge(), CALL),
    unheard=(UnheardReport(source="cart", via="cart.emptied", published=2),),
    bus=BusFlow(messages=1000, bytes=2_500_000, published=9, published_rate=1.5, slow_consumers=1, stalls=3),
    unseen=("the moon",),
)


def drawn(report: FlowReport, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, markup=False, highlight=False)
    console.print(table(report, width=width))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]


def test_a_wide_terminal_gets_everything() -> None:
    head, event, call, *below = drawn(REPORT, 120)
    assert " ".join(head.split()) == "EDGE VIA TOTAL PER S LAG OLDEST IN FLIGHT AGAIN ERRORS P50/P95 ms NOTE"
    assert " ".join(event.split()) == "orders → payments orders.placed 12,345 12.1 3 0.4s 1 2 0 -"
    assert " ".join(call.split()) == "cart ⇢ catalog calls 12,345 12.1 - - 1 - 7 3.1/8.0 look"
    assert below == [
        "cart published cart.emptied 2 times, and nobody subscribes to it",
        "bus: 1.5 events/s, keeps 1,000 (2.5 MB), 1 reader cut off as too slow, held back 3 times",
        "not seen: the moon",
    ]


def test_narrower_ones_leave_columns_out_and_put_notes_below() -> None:
    assert "OLDEST" not in drawn(REPORT, 100)[0]
    assert "IN FLIGHT" not in drawn(REPORT, 80)[0]
    assert drawn(REPORT, 50)[0].split() == ["EDGE", "VIA", "TOTAL"]
    for width in (50, 80, 100):
        assert max(map(len, drawn(REPORT, width))) <= width
        assert "cart → catalog catalog: look" in drawn(REPORT, width)


def test_what_is_not_declared_is_said_in_words() -> None:
    lines = drawn(FlowReport(system="shop", at=None, edges=(edge(declared=False),)), 120)
    assert "orders.placed undeclared" in lines[1]


def test_a_system_without_edges_says_so() -> None:
    assert drawn(FlowReport(system="shop", at=None), 80) == ["no space calls or hears another one"]


def test_rates_are_short() -> None:
    assert [amount(rate) for rate in (0, 0.04, 0.4, 12.14, 1240.0)] == ["0", "0.0", "0.4", "12.1", "1,240"]
