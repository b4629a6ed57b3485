"""The cockpit of a system that is not run: the real control API over a real socket, and a supervisor in memory."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from spacectl.adapters.control.client import ControlClient
from spacectl.adapters.control.server import ControlServer
from spacectl.errors import UsageError
from spacectl.model.flow import EdgeReport, FlowReport, SpaceFlow
from spacectl.model.layout import Layout
from spacectl.model.log_line import Level, LogLine
from spacectl.model.manifest import SpaceManifest
from spacectl.model.message import Message, Skipped
from spacectl.model.report import (
    Accepted,
    Change,
    EngineReport,
    Noted,
    PsReport,
    ReplicaReport,
    SpaceReport,
    ViolationReport,
)
from spacectl.tui.app import Start, TopApp
from spacectl.tui.ports import Cockpit, Declared, Told
from spacectl.view.top_commands import Order
from spacectl.wiring import cockpit as world

DEADLINE_S = 30.0
NOW = datetime(2026, 11, 22, 10, 5, 0, tzinfo=UTC)
LONG = "recommendations-of-the-long-tail"


def replica(name: str, state: str = "ready", **other: Any) -> ReplicaReport:
    given: dict[str, Any] = {
        "pid": 4127, "container": None, "port": 41001, "restarts": 0, "started": "2026-11-22T10:00:01Z",
        "cpu_percent": 0.4, "memory_bytes": 61_000_000, "exit": None, "reason": None,
    } | other  # fmt: skip
    return ReplicaReport(name=name, state=state, **given)


def space(name: str, state: str = "ready", *, replicas: int = 1, kind: Any = "service", reason: str | None = None,
          violations: tuple[ViolationReport, ...] = ()) -> SpaceReport:  # fmt: skip
    dead = {"pid": None, "cpu_percent": None, "memory_bytes": None, "started": None, "restarts": 5}
    copies = tuple(
        replica(f"{name}.{number}", state, reason=reason, **({} if state == "ready" else dead))
        for number in range(1, replicas + 1)
    )
    return SpaceReport(
        name=name, kind=kind, state=state, desired=replicas, ready=replicas if state == "ready" else 0,
        runtime="process", url=f"http://127.0.0.1:8080/{name}", replicas=copies, violations=violations,
    )  # fmt: skip


def system(*spaces: SpaceReport, state: str = "ready") -> PsReport:
    return PsReport(
        system="shop", state=state, since="2026-11-22T10:00:00Z", supervisor_pid=4100,
        gateway=EngineReport(state="ready", url="http://127.0.0.1:8080"),
        bus=EngineReport(state="ready", url="nats://127.0.0.1:4222"), spaces=spaces,
    )  # fmt: skip


def edge(source: str, target: str, via: str | None = None, *, rate: float = 1.2, **other: Any) -> EdgeReport:
    event = via is not None
    given: dict[str, Any] = {
        "from": source, "to": target, "kind": "event" if event else "call", "via": via or target, "declared": True,
        "seen": True, "total": round(rate * 1000), "rate": rate, "lag": 3 if event else None,
        "oldest_s": 0.4 if event else None, "in_flight": 1, "redelivered": 0 if event else None,
        "dead": 0 if event else None, "p50_ms": None if event else 3.1, "p95_ms": None if event else 8.0, "errors": 0,
    } | other  # fmt: skip
    return EdgeReport.model_validate(given)


def moves(*edges: EdgeReport, spaces: tuple[str, ...] = ()) -> FlowReport:
    def of(name: str) -> SpaceFlow:
        sent = [each for each in edges if each.source == name and each.kind == "event"]
        got = [each for each in edges if each.target == name and each.kind == "event"]
        asked = [each for each in edges if each.target == name and each.kind == "call"]
        return SpaceFlow(
            name=name, published=0, published_rate=sum(each.rate for each in sent), delivered=0,
            delivered_rate=sum(each.rate for each in got), calls=0, calls_rate=0.0, requests=0,
            requests_rate=sum(each.rate for each in asked),
        )  # fmt: skip

    return FlowReport(system="shop", at="2026-11-22T10:05:00Z", edges=edges, spaces=tuple(map(of, spaces)))


def note(subject: str, kind: str, text: str, second: int) -> Noted:
    return Noted(time=f"2026-11-22T10:04:{second:02}.000Z", subject=subject, kind=kind, text=text)


@dataclass(frozen=True)
class Scene:
    """All that a system shows."""

    ps: PsReport
    flow: FlowReport
    notes: tuple[Noted, ...] = ()
    lines: tuple[LogLine, ...] = ()
    messages: tuple[Message | Skipped, ...] = ()
    manifests: dict[str, SpaceManifest] = field(default_factory=dict)
    env_file: dict[str, str] = field(default_factory=dict)


def line(source: str, text: str, second: float, level: Level | None = Level.INFO) -> LogLine:
    return LogLine(source, int((NOW.timestamp() - 60 + second) * 1e9), False, text.encode(), level, False)


def message(subject: str, data: Any, sequence: int) -> Message:
    source = subject.partition(".")[0]
    at = datetime(2026, 11, 22, 10, 4, sequence, 123_000, tzinfo=UTC)
    return Message(time=at, subject=subject, stream=source, sequence=sequence, id=f"id-{sequence}", source=f"/{source}",
                   size=51, data=data, headers={"ce-id": f"id-{sequence}", "ce-type": subject})  # fmt: skip


def shop() -> Scene:
    names = ("cart", "catalog", "orders", "payments", "shopper", LONG)
    refused = ViolationReport(kind="publish", subject="billing.sent", count=3, hint="[events] publishes")
    edges = (
        edge("shopper", "catalog", rate=3.0), edge("shopper", "cart", rate=9.0), edge("shopper", "orders", rate=2.0),
        edge("cart", "catalog", rate=9.0), edge("cart", "orders", "cart.checked_out", rate=4.1),
        edge("orders", "catalog", "orders.placed", rate=12.1), edge("orders", "catalog", "orders.cancelled", rate=0.2),
        edge("catalog", "orders", "catalog.stock_reserved", rate=6.3, lag=1200, oldest_s=95.0, note="lag grows"),
        edge("orders", "payments", "orders.placed", rate=12.1), edge("catalog", "payments", "catalog.stock_reserved"),
        edge("payments", "orders", "payments.captured", rate=11.0, dead=2, errors=2, redelivered=7),
        edge("orders", LONG, "orders.confirmed", rate=0.0, seen=False, lag=0, oldest_s=None),
    )  # fmt: skip
    manifest = SpaceManifest.model_validate(
        {
            "space": {"name": "orders", "summary": "Takes orders"},
            "run": {"command": "orders serve", "env": {"LOG_LEVEL": "info", "API_TOKEN": "tok-123"}},
            "ready": {"http": "/health"},
            "events": {"publishes": ["orders.placed", "orders.cancelled", "orders.confirmed"]},
        }
    )
    return Scene(
        ps=system(
            space("cart"), space("catalog", replicas=2), space("orders", violations=(refused,)),
            space("payments", "backoff", reason="exited with code 3, starts again in 4s"), space("shopper"),
            space(LONG),
        ),
        flow=moves(*edges, spaces=names),
        notes=(
            note("orders.1", "started", "pid 4127", 1), note("orders.1", "ready", "after 1.2s", 2),
            note("payments.1", "backoff", "exited with code 3, starts again in 4s", 30),
            note("orders", "violation", "may not publish billing.sent", 41),
        ),
        lines=(
            line("orders.1", "INFO order 4711 placed", 1), line("catalog.2", "stock reserved for 4711", 2),
            line("payments.1", "WARNING provider is slow", 30, Level.WARNING),
            line("payments.1", "ERROR connection refused", 30.5, Level.ERROR),
            line("orders.build", "Resolved 12 packages", 40), line(f"{LONG}.1", "x" * 300, 41),
            line("orders.1", "INFO order 4712 placed", 50),
        ),
        messages=(
            message("orders.placed", {"order_id": "o-1", "lines": [{"sku": "a", "count": 2}], "paid": False}, 1),
            Skipped(40),
            message("payments.captured", {"order_id": "o-1", "amount": 12.5, "text": 'a "b": c'}, 2),
            message("catalog.stock_reserved", {"order_id": "o-2", "items": list(range(80))}, 3),
        ),
        manifests={"orders": manifest},
        env_file={"DATABASE_URL": "postgres://orders:s3cret@db/orders"},
    )  # fmt: skip


def empty() -> Scene:
    return Scene(system(state="stopped"), moves())


def failed() -> Scene:
    reason = "gave up after 5 crashes in 60s: exited with code 1"
    names = ("cart", "catalog", "orders")
    spaces = tuple(space(name, "failed", reason=reason) for name in names)
    edges = (edge("orders", "catalog", "orders.placed", rate=0.0, lag=812, oldest_s=3700.0, note="nobody takes them"),)
    notes = tuple(note(f"{name}.1", "failed", reason, number) for number, name in enumerate(names))
    lines = (line("orders.1", "Traceback (most recent call last):", 1, Level.ERROR),)
    return Scene(system(*spaces, state="failed"), moves(*edges, spaces=names), notes, lines)


SCENES: dict[str, Callable[[], Scene]] = {"shop": shop, "empty": empty, "failed": failed}


class MemorySupervisor:
    """What the control API asks, answered from memory."""

    def __init__(self, ps: PsReport) -> None:
        self.ps = ps
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self._listeners: list[asyncio.Queue[Change]] = []

    def report(self, **_: object) -> PsReport:
        return self.ps

    async def changes(self, **_: object) -> AsyncIterator[Change]:
        queue: asyncio.Queue[Change] = asyncio.Queue()
        self._listeners.append(queue)
        try:
            yield Change(ps=self.ps)
            while True:
                yield await queue.get()
        finally:
            self._listeners.remove(queue)

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    def become(self, ps: PsReport) -> None:
        """Everything stands otherwise from now on."""
        self.ps = ps
        self.tell(Change(ps=ps))

    def tell(self, change: Change) -> None:
        for queue in self._listeners:
            queue.put_nowait(change)

    def start(self, names: tuple[str, ...]) -> Accepted:
        return self._take("start", names)

    def stop(self, names: tuple[str, ...]) -> Accepted:
        return self._take("stop", names)

    def restart(self, names: tuple[str, ...]) -> Accepted:
        return self._take("restart", names)

    def shut_down(self, *, now: bool) -> None:
        raise AssertionError("nobody asks for that", now)

    def _take(self, verb: str, names: tuple[str, ...]) -> Accepted:
        if "cart" in names and verb == "stop":
            raise UsageError("cart is needed", hint="stop shopper first")
        self.asked.append((verb, names))
        return Accepted(spaces=names)


@dataclass
class Bench:
    """A cockpit and what it is connected to."""

    pilot: Pilot[int]
    app: TopApp
    supervisor: MemorySupervisor
    orders: list[Order]
    taps: list[tuple[str, ...]]
    server: ControlServer

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def until(self, fact: Callable[[], object]) -> None:
        """Let the cockpit run until something is so."""
        end = time.monotonic() + DEADLINE_S
        while not fact():
            assert time.monotonic() < end, f"it never became so:\n{self.text}"
            await self.pilot.pause()
            await asyncio.sleep(0.005)  # between two looks

    async def shows(self, *texts: str) -> None:
        """Wait until the screen shows these texts."""
        for text in texts:
            await self.until(lambda text=text: text in self.text)

    @property
    def lines(self) -> list[str]:
        """What is on the screen."""
        strips = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip).rstrip() for strip in strips]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


Opened = Callable[..., contextlib.AbstractAsyncContextManager[Bench]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("COLORFGBG", raising=False)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def scenes() -> dict[str, Callable[[], Scene]]:
    return SCENES


@pytest.fixture
def open_top(tmp_path: Path) -> Opened:
    """Opens the cockpit of a scene."""
    layout = Layout(tmp_path)
    layout.run.mkdir(parents=True)

    @contextlib.asynccontextmanager
    async def opened(scene: Scene | None = None, *, size: tuple[int, int] = (160, 40), start: Start | None = None,
                     without: tuple[str, ...] = (), **replaced: Any) -> AsyncIterator[Bench]:  # fmt: skip
        shown = scene or shop()
        supervisor = MemorySupervisor(shown.ps)
        orders: list[Order] = []
        taps: list[tuple[str, ...]] = []
        async with serving(supervisor, layout.control_socket) as server:
            given = cockpit(layout, shown, orders, taps) | replaced
            given["verbs"] = {name: verb for name, verb in given["verbs"].items() if name not in without}
            app = TopApp(Cockpit(**given), start or Start())
            async with app.run_test(size=size) as pilot:
                bench = Bench(pilot, app, supervisor, orders, taps, server)
                await bench.until(lambda: app._shown.flow is not None)
                yield bench

    return opened


@contextlib.asynccontextmanager
async def serving(supervisor: MemorySupervisor, path: Path) -> AsyncIterator[ControlServer]:
    server = ControlServer(supervisor, path)
    task = asyncio.ensure_future(server.serve())
    async with asyncio.timeout(DEADLINE_S):
        while not path.exists():  # noqa: ASYNC110  (there is no event for it)
            await asyncio.sleep(0.001)
    try:
        yield server
    finally:
        server.stop()
        await asyncio.wait_for(task, DEADLINE_S)


def cockpit(layout: Layout, scene: Scene, orders: list[Order], taps: list[tuple[str, ...]]) -> dict[str, Any]:
    client = ControlClient(layout.control_socket)

    async def feed() -> AsyncGenerator[Told, None]:
        async with contextlib.aclosing(world.told(layout)) as values:
            async for value in values:
                yield value
                if isinstance(value, PsReport):
                    yield scene.flow

    async def logs(since_s: float | None) -> AsyncGenerator[list[LogLine], None]:
        yield [each for each in scene.lines if since_s is None or each.time_ns >= since_s * 1e9]
        await asyncio.Event().wait()

    async def tap(subjects: tuple[str, ...]) -> AsyncGenerator[Message | Skipped, None]:
        taps.append(subjects)
        for each in scene.messages:
            yield each
        await asyncio.Event().wait()

    async def taken(order: Order) -> str:
        orders.append(order)
        return "done"

    async def letters(spaces: tuple[str, ...]) -> list[tuple[int, str]]:
        return [(4, "4 payments.captured, given up by orders"), (5, "5 …")] if "orders" in spaces else []

    verbs = {
        "restart": lambda order: world.asked(client.restart, order.spaces),
        "stop": lambda order: world.asked(client.stop, order.spaces),
        "start": lambda order: world.asked(client.start, order.spaces),
    }
    return {
        "system": "shop",
        "feed": feed,
        "logs": logs,
        "tap": tap,
        "history": lambda: list(scene.notes),
        "declared": lambda name: Declared(scene.manifests.get(name), scene.env_file),
        "published": lambda: {name: each.events.publishes for name, each in scene.manifests.items()},
        "verbs": {**verbs, **dict.fromkeys(("send", "open", "scale", "replay"), taken)},
        "letters": letters,
        "now": lambda: NOW,
    }


def kept(name: str) -> Path:
    """Where the picture of a screen is kept."""
    return Path(__file__).parent.parent / "snapshots" / "top" / f"{name}.txt"


@pytest.fixture
def same_as_kept() -> Callable[[str, str], None]:
    """Compares a text with the one that is kept; UPDATE_SNAPSHOTS=1 keeps the new one instead."""

    def compare(name: str, text: str) -> None:
        path = kept(name)
        if os.environ.get("UPDATE_SNAPSHOTS"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), f"{path} shows another screen"

    return compare
