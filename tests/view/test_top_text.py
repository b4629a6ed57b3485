"""What the cockpit says of a system, without a terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from spacectl.model.flow import EdgeReport, FlowReport, SpaceFlow
from spacectl.model.log_line import Level, LogLine
from spacectl.model.manifest import SpaceManifest
from spacectl.model.message import Message
from spacectl.model.report import EngineReport, Noted, PsReport, ReplicaReport, SpaceReport, ViolationReport
from spacectl.view import top_edges, top_logs, top_notes, top_spaces
from spacectl.view.top_commands import Order, command_of, logs_command, tap_command
from spacectl.view.top_frame import frame
from spacectl.view.top_header import headline, key_line
from spacectl.view.top_logs import Line, LogView
from spacectl.view.top_messages import body, unfolded
from spacectl.view.top_seen import Seen, lost, told
from spacectl.view.top_space import MASK, masked, page
from spacectl.view.top_table import Cell, Query
from spacectl.view.top_wrap import wrapped

NOW = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)
SHOP, ENGINES, MOVES = " shop  ● ready", "bus ● ready  gateway ● ready", "0 events/s  0 calls/s"


def space(name: str, state: str = "ready", reason: str | None = None, **other: Any) -> SpaceReport:
    replica = ReplicaReport(
        name=f"{name}.1", state=state, pid=1, container=None, port=2, restarts=0, started="2026-11-22T10:00:00Z",
        cpu_percent=1.0, memory_bytes=10, exit=None, reason=reason,
    )  # fmt: skip
    given: dict[str, Any] = {
        "kind": "service", "desired": 1, "ready": 1, "runtime": "process", "url": None, "replicas": (replica,)
    } | other  # fmt: skip
    return SpaceReport(name=name, state=state, **given)


def ps(*spaces: SpaceReport) -> PsReport:
    return PsReport(system="shop", state="ready", since="2026-11-22T10:00:00Z", supervisor_pid=1, gateway=None,
                    bus=EngineReport(state="ready", url="nats://x", pid=3), spaces=spaces)  # fmt: skip


def edge(source: str, target: str, **other: Any) -> EdgeReport:
    given: dict[str, Any] = {
        "from": source, "to": target, "kind": "event", "via": f"{source}.placed", "declared": True, "seen": True,
        "total": 9, "rate": 2.0, "lag": 4, "oldest_s": 1.0, "in_flight": 0, "redelivered": 0, "dead": 0,
        "p50_ms": None, "p95_ms": None, "errors": 0,
    } | other  # fmt: skip
    return EdgeReport.model_validate(given)


def flow(*edges: EdgeReport, names: tuple[str, ...] = ("orders", "payments")) -> FlowReport:
    spaces = tuple(
        SpaceFlow(name=name, published=1, published_rate=3.0, delivered=1, delivered_rate=2.0, calls=0, calls_rate=0.0,
                  requests=1, requests_rate=5.0)
        for name in names
    )  # fmt: skip
    return FlowReport(system="shop", at=None, edges=edges, spaces=spaces)


def text(cells: Any) -> str:
    return "".join(cell.text for cell in cells)


def note(kind: str, when: str = "2026-11-22T10:00:00.000Z") -> Noted:
    return Noted(time=when, subject="orders.1", kind=kind, text="…")


def line(source: str, words: bytes, level: Level | None = None, second: int = 0, number: int = 0) -> Line:
    return Line(number, LogLine(source, second * 10**9, False, words, level, False))


def test_what_moves_is_told_of_each_space() -> None:
    edges = (
        edge("orders", "payments"),
        edge("cart", "payments", kind="call", via="payments", lag=None, oldest_s=None, p95_ms=8.0, errors=2),
        edge("cart", "payments", lag=6, oldest_s=9.0, note="lag grows"),
    )
    seen = told(told(Seen(), ps(space("payments"))), flow(*edges))
    traffic = seen.traffic["payments"]
    assert (traffic.requests_rate, traffic.in_rate, traffic.out_rate) == (5.0, 2.0, 3.0)
    assert (traffic.lag, traffic.oldest_s, traffic.p95_ms, traffic.errors) == (10, 9.0, 8.0, 2)
    assert seen.totals == (4.0, 2.0, 2)
    assert told(seen, flow(*edges)).history["payments"] == (5.0, 5.0)
    assert "lag grows" in text(cell.cell(top_spaces.listing(seen, Query(), (), NOW).items[0])
                               for cell in top_spaces.SPACES.columns)  # fmt: skip


def test_an_edge_on_which_nothing_has_moved_yet_is_not_wrong() -> None:
    seen = told(told(Seen(), ps(space("payments"))), flow(edge("orders", "payments", seen=False, note="silent")))
    assert seen.totals.wrong_edges == 0
    assert seen.traffic["payments"].notes == ()
    wrong = (edge("a", "b", note="x"), edge("a", "b", dead=1), edge("a", "b", errors=1), edge("a", "b", declared=False))
    assert told(seen, flow(*wrong)).totals.wrong_edges == len(wrong)


def test_history_and_notes_are_bounded() -> None:
    seen = Seen()
    for number in range(1100):
        seen = told(told(seen, flow()), note("ready", f"2026-11-22T10:00:00.{number:04}Z"))
    assert len(seen.notes) == 1000
    assert len(seen.history["orders"]) == 60
    assert seen.notes[-1].time.endswith("1099Z")


@pytest.mark.parametrize(
    ("width", "says"),
    [
        (200, f"{SHOP}  1 space  nothing wrong  {ENGINES}  http://127.0.0.1:8080  {MOVES}  up 5m"),
        (100, f"{SHOP}  1 space  nothing wrong  {ENGINES}  {MOVES}  up 5m"),
        (96, f"{SHOP}  1 space  nothing wrong  {ENGINES}  {MOVES}"),
        (70, f"{SHOP}  1 space  nothing wrong  {MOVES}"),
        (60, f"{SHOP}  nothing wrong  {MOVES}"),
        (50, f"{SHOP}  nothing wrong"),
        (10, f"{SHOP}  nothing wrong"),
    ],
)
def test_the_headline_leaves_out_what_matters_least(width: int, says: str) -> None:
    engine = EngineReport(state="ready", url="http://127.0.0.1:8080", pid=4)
    report = ps(space("orders")).model_copy(update={"gateway": engine})
    seen = told(told(Seen(), report), flow())
    assert text(headline("shop", seen, NOW, width)) == says


def test_the_headline_keeps_what_is_wrong() -> None:
    broken = ps(space("orders", "failed")).model_copy(update={"bus": EngineReport(state="failed", url=None, pid=None)})
    said = text(headline("shop", told(Seen(), broken), NOW, 20, paused=True))
    assert said == " shop  ● ready  ‖ paused  ! 1 wrong  bus ✖ failed"


def test_without_a_supervisor_nothing_is_known() -> None:
    seen = lost(told(told(Seen(), ps(space("orders"), space("cart"))), flow(edge("orders", "payments"))))
    assert not seen.attached
    assert {each.state for each in seen.spaces} == {"unknown"}
    assert seen.flow is None
    assert seen.spaces[0].replicas[0].cpu_percent is None
    assert "the supervisor does not answer" in text(headline("shop", seen, NOW, 200))
    assert lost(seen) is seen
    assert lost(Seen()) == Seen()


def test_the_worst_comes_first() -> None:
    refused = (ViolationReport(kind="publish", subject="x", count=1, hint="…"),)
    spaces = (
        space("a"), space("b", violations=refused), space("c", "backoff"), space("d", "failed"), space("e", "unknown")
    )  # fmt: skip
    found = top_spaces.listing(told(Seen(), ps(*spaces)), Query(sort="state"), (), NOW)
    assert [each.key for each in found.items] == ["e", "d", "c", "b", "a"]
    wrong = top_spaces.listing(told(Seen(), ps(*spaces)), Query(only_wrong=True), (), NOW)
    assert [each.key for each in wrong.items] == ["b", "c", "d", "e"]


def test_replicas_stand_below_their_space() -> None:
    found = top_spaces.listing(told(Seen(), ps(space("b"), space("a"))), Query(sort="name"), ["a"], NOW)
    assert [each.key for each in found.items] == ["a", "a.1", "b"]


@pytest.mark.parametrize(
    ("order", "command"),
    [
        (Order("restart", ("orders", "cart")), "spacectl restart orders cart"),
        (Order("scale", ("orders",), replicas=3), "spacectl scale orders=3"),
        (Order("send", subject="orders.placed", body='{"id": 1}'), "spacectl send orders.placed '{\"id\": 1}'"),
        (Order("replay", letters=(4, 5)), "spacectl letters replay 4 5"),
        (Order("replay"), "spacectl letters replay --all"),
        (Order("open", url="http://127.0.0.1:1/a?b&c"), "xdg-open 'http://127.0.0.1:1/a?b&c'"),
    ],
)
def test_the_command_that_does_the_same(order: Order, command: str) -> None:
    assert command_of(order) == command


def test_the_commands_that_show_the_same() -> None:
    assert (
        logs_command(frozenset({"b", "a"}), "error", "x y") == "spacectl logs a b --follow --level error --grep 'x y'"
    )
    assert logs_command(frozenset(), None, "!x") == "spacectl logs --follow"
    assert tap_command(("orders.>",)) == "spacectl tap 'orders.>'"


@pytest.mark.parametrize(
    ("name", "value", "given"),
    [
        ("LOG_LEVEL", "info", "info"),
        ("API_TOKEN", "abc", MASK),
        ("db_password", "abc", MASK),
        ("DATABASE_URL", "postgres://me:pw@db/x", f"postgres://{MASK}@db/x"),
        ("NATS_URL", "nats://127.0.0.1:4222", "nats://127.0.0.1:4222"),
    ],
)
def test_secrets_are_masked(name: str, value: str, given: str) -> None:
    assert masked(name, value) == given


def test_a_space_whole() -> None:
    manifest = SpaceManifest.model_validate(
        {"space": {"name": "orders"}, "run": {"command": ["x", "y"], "env": {"TOKEN": "t-1", "MODE": "fast"}},
         "ready": {"http": "/health", "timeout": "1s"}, "api": {"serves": True}}
    )  # fmt: skip
    seen = told(told(Seen(), ps(space("orders", "unhealthy", "/health answers 503"))), flow(edge("orders", "payments")))
    shown = "\n".join(text(each) for each in page("orders", seen, manifest, {"SECRET": "s-1"}, NOW))
    for expected in ('http = "/health", timeout = "1s"', "last answer of orders.1  /health answers 503", "MODE = fast",
                     f"TOKEN = {MASK}", 'command = ["x", "y"]', "serves = true", "orders → payments"):  # fmt: skip
        assert expected in shown
    assert "t-1" not in shown
    assert "s-1" not in shown
    assert "cannot be read" in "\n".join(text(each) for each in page("orders", seen, None, {}, NOW))
    assert "no space named x" in text(page("x", seen, None, {}, NOW)[0])


def test_a_message_unfolded() -> None:
    data = {"a": 1.5, "b": ["x: y", None], 'quote"d': True}
    given = Message(time=NOW, subject="a.b", stream="a", sequence=1, id=None, source=None, size=9, data=data)
    lines = unfolded(given)
    tones = {cell.text: cell.tone for each in lines for cell in each}
    assert tones['"a"'] == tones['"quote\\"d"'] == "name"
    assert (tones["1.5"], tones['"x: y"'], tones["null"], tones["true"]) == ("busy", "good", "warn", "warn")
    assert body(given) == '{"a": 1.5, "b": ["x: y", null], "quote\\"d": true}'
    plain = given.model_copy(update={"data": None, "text": "two\nlines"})
    assert [text(each) for each in unfolded(plain)][-2:] == ["two", "lines"]
    assert body(given.model_copy(update={"data": None, "base64": "AA=="})) == "base64:AA=="


@pytest.mark.parametrize(
    ("view", "numbers"),
    [
        (LogView(), [0, 1, 2, 3]),
        (LogView(level=Level.WARNING), [1]),
        (LogView(stream="builds"), [2]),
        (LogView(stream="engines"), [3]),
        (LogView(frozenset({"orders"})), [0, 2]),
        (LogView(frozenset({"orders.1"})), [0]),
    ],
)
def test_which_lines_are_wanted(view: LogView, numbers: list[int]) -> None:
    lines = [
        line("orders.1", b"a", number=0), line("cart.1", b"b", Level.ERROR, number=1),
        line("orders.build", b"c", number=2), line("bus", b"d", number=3),
    ]  # fmt: skip
    assert [each.number for each in top_logs.listing(lines, view, Query()).items] == numbers


def test_the_line_of_a_time() -> None:
    lines = [line("a.1", b"x", second=number, number=number) for number in (1, 3, 5)]
    assert [top_logs.at(lines, at) for at in (0.0, 3.0, 4.0, 9.0)] == ["1", "3", "5", "5"]
    assert top_logs.at([], 1.0) is None


def test_the_newest_note_comes_first() -> None:
    first, second = note("started"), note("ready", "2026-11-22T10:00:01.000Z")
    assert [each.kind for each in top_notes.listing((first, second), Query()).items] == ["ready", "started"]
    assert [top_notes.is_wrong(note(kind)) for kind in ("ready", "failed", "violation", "anything")] == [
        False, True, True, False,
    ]  # fmt: skip


def test_an_edge_in_a_line() -> None:
    assert top_edges.told(edge("orders", "payments", note="lag grows")) == (
        "orders → payments  event orders.placed  2.0/s  9 in all  lag 4  oldest 1.0s  dead 0  lag grows"
    )


def test_long_lines_go_on_below() -> None:
    lines = wrapped([[Cell("  one ", "a"), Cell("two three four five six seven", "b")], [Cell("short")]], 24)
    assert [text(each) for each in lines] == ["  one two three four", "    five six seven", "short"]
    assert lines[0][0].tone == "a"
    assert text(wrapped([[Cell("x" * 50)]], 24)[1]) == "  " + "x" * 22


def test_as_many_keys_as_fit() -> None:
    assert text(key_line([("a", "one"), ("b", "two")], 80)) == " a one  b two "
    assert text(key_line([("a", "one"), ("b", "two")], 10)) == " a one "


@pytest.mark.parametrize("screen", ["spaces", "flow", "timeline"])
@pytest.mark.parametrize("width", [60, 100, 200])
def test_one_frame_is_no_wider_than_the_terminal(screen: str, width: int) -> None:
    seen = told(
        told(told(Seen(), ps(space("orders", reason="r" * 300))), flow(edge("o" * 32, "p" * 32))), note("ready")
    )
    lines = frame(seen, screen, Query(filter="!nothing"), NOW, width)
    assert all(line.cell_len <= width for line in lines[1:])
    assert "without “nothing”" in lines[1].plain
    assert len(lines) >= 4
