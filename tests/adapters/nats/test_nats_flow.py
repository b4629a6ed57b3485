"""The counters of a real server, on the embedded form and on one that is not ours."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spacectl.adapters.nats.admin import NatsAdmin
from spacectl.adapters.nats.client import connect, connected
from spacectl.adapters.nats.flow import NatsFlow
from spacectl.adapters.nats_server import find_nats_server
from spacectl.core.bus import external_access
from spacectl.core.flow import Flow, advance_bus
from spacectl.errors import MachineError
from spacectl.model.flow_readings import Declared
from spacectl.view.flow import flow_report

DEADLINE_S = 15.0
SHOP = {
    "clicks": {"publishes": ["clicks.made"], "retention": {"storage": "memory"}},
    "orders": {"publishes": ["orders.placed", "orders.cancelled"], "retention": {"max_bytes": "20KB"}},
    "payments": {"subscribes": ["orders.placed", "orders.cancelled", "clicks.made"]},
}
DECLARED = Declared(
    system="shop",
    spaces=("clicks", "orders", "payments"),
    publishes={"clicks": ("clicks.made",), "orders": ("orders.cancelled", "orders.placed")},
    subscribes={
        ("clicks", "payments"): ("clicks.made",),
        ("orders", "payments"): ("orders.cancelled", "orders.placed"),
    },
    calls=frozenset(),
)


class Watched:
    """A bus whose flow is read again and again."""

    def __init__(self, reader: NatsFlow) -> None:
        self.reader = reader
        self.flow = Flow()
        self.at = 0.0

    async def look(self, declared: Declared = DECLARED) -> dict[tuple[str, str], Any]:
        self.at += 1.0
        reading = await self.reader.read(declared, self.at)
        self.flow = advance_bus(self.flow, reading, declared)
        return {(e.target, e.via): e for e in flow_report(self.flow, declared, clock_offset_s=0.0).edges}


@asynccontextmanager
async def watched(admin_url: str, system_url: str | None) -> AsyncIterator[Watched]:
    async with AsyncExitStack() as stack:
        admin = await stack.enter_async_context(connected(admin_url, name="flow", timeout_s=DEADLINE_S))
        system = None
        if system_url is not None:
            system = await stack.enter_async_context(connected(system_url, name="flow", timeout_s=DEADLINE_S))
        yield Watched(NatsFlow(admin, system))


async def take(bus: Any, stream: str, count: int, *, settle: bool = True) -> None:
    async with bus.client("payments") as client:
        pull = await client.jetstream().pull_subscribe_bind("payments", stream=stream, inbox_prefix=b"_INBOX.payments.")
        left = count
        while left:
            messages = await pull.fetch(left, timeout=DEADLINE_S)
            left -= len(messages)
            for message in messages:
                if settle:
                    await message.ack_sync(timeout=int(DEADLINE_S))


async def publish(bus: Any, subject: str, count: int, size: int = 1) -> None:
    async with bus.client(subject.split(".", maxsplit=1)[0]) as client:
        js = client.jetstream()
        for _ in range(count):
            await js.publish(subject, b"x" * size, timeout=DEADLINE_S)


def test_the_counts_go_on_through_drops_and_a_new_server(start_bus: Callable[..., Any]) -> None:
    bus = start_bus(SHOP)

    async def run() -> None:
        await bus.provision()
        async with watched(bus.access.admin_url, bus.access.system_url) as seen:
            assert all(edge.total == 0 for edge in (await seen.look()).values())
            for round_number in range(1, 4):
                await publish(bus, "orders.placed", 20, size=300)
                await publish(bus, "orders.cancelled", 10, size=300)
                await publish(bus, "clicks.made", 5)
                await take(bus, "orders", 30)
                told = await seen.look()
                placed, cancelled = (told["payments", f"orders.{what}"].total for what in ("placed", "cancelled"))
                assert placed + cancelled == 30 * round_number
                assert abs(placed - 20 * round_number) < 20  # what was dropped lies between two looks
                assert told["payments", "clicks.made"].lag == 5 * round_number
            reading = await seen.reader.read(DECLARED, seen.at)
            assert reading.streams["orders"].first_seq > 1, "nothing was dropped"
            assert reading.clients is not None
            assert reading.clients["system"].connections == 1
            assert (reading.slow_consumers, reading.stalled, reading.unseen) == (0, 0, ())
            await take(bus, "clicks", 15)
            await seen.look()

        bus.stop()
        bus.start()
        await bus.provision()  # what was in memory is new
        async with watched(bus.access.admin_url, bus.access.system_url) as again:
            again.flow, again.at = seen.flow, seen.at
            await publish(bus, "clicks.made", 2)
            await take(bus, "clicks", 2)
            told = await again.look()
            assert told["payments", "clicks.made"].total == 17
            assert told["payments", "orders.placed"].total == placed
            assert all(0 <= edge.rate <= 15 for edge in told.values())

    asyncio.run(run())


def test_what_is_under_way_and_what_comes_again_is_told(start_bus: Callable[..., Any]) -> None:
    bus = start_bus({**SHOP, "payments": {**SHOP["payments"], "delivery": {"ack_wait": "100ms"}}})

    async def run() -> None:
        await bus.provision()
        async with watched(bus.access.admin_url, bus.access.system_url) as seen:
            await seen.look()
            await publish(bus, "orders.placed", 3)
            await take(bus, "orders", 3, settle=False)
            told = (await seen.look())["payments", "orders.placed"]
            assert (told.total, told.in_flight, told.redelivered, told.lag) == (3, 3, 0, 0)
            await take(bus, "orders", 3)
            told = (await seen.look())["payments", "orders.placed"]
            assert (told.total, told.in_flight, told.redelivered, told.lag) == (3, 0, 3, 0)

    asyncio.run(run())


def test_a_consumer_that_no_manifest_declares_is_found_with_what_it_takes(start_bus: Callable[..., Any]) -> None:
    bus = start_bus(SHOP)
    less = replace(DECLARED, subscribes={("clicks", "payments"): ("clicks.made",)})

    async def run() -> None:
        await bus.provision()
        async with watched(bus.access.admin_url, bus.access.system_url) as seen:
            await publish(bus, "orders.placed", 1)
            told = await seen.look(less)
            found = told["payments", "orders.placed"]
            assert (found.declared, found.seen, found.lag) == (False, False, 1)

    asyncio.run(run())


def test_a_server_that_is_gone_is_said(start_bus: Callable[..., Any]) -> None:
    bus = start_bus(SHOP)

    async def run() -> None:
        await bus.provision()
        async with watched(bus.access.admin_url, bus.access.system_url) as seen:
            await seen.look()
            bus.stop()
            with pytest.raises(MachineError, match="bus"):
                await seen.look()

    asyncio.run(run())


@pytest.fixture
def plain(tmp_path: Path, start_bus: Callable[..., Any]) -> Iterator[Any]:
    """A server that spacectl did not configure."""
    bus = start_bus(SHOP)
    bus.stop()
    path = tmp_path / "plain.conf"
    path.write_text(f'listen: 127.0.0.1:{bus.server.port}\njetstream {{ store_dir: "{tmp_path}/theirs" }}\n')
    process = subprocess.Popen([find_nats_server(), "-c", path], stderr=subprocess.DEVNULL)
    yield bus
    process.kill()
    process.wait()


def test_an_existing_server_tells_the_same_and_what_cannot_be_seen(plain: Any) -> None:
    url = f"nats://127.0.0.1:{plain.server.port}"

    async def run() -> None:
        admin = NatsAdmin(connect)
        await admin.connect(external_access(plain.plan, url))
        await admin.provision(plain.plan)
        await admin.close()
        async with watched(url, None) as seen, connected(url, name="test", timeout_s=DEADLINE_S) as client:
            await seen.look()
            js = client.jetstream()
            for subject in ("orders.placed", "orders.placed", "orders.cancelled"):
                await js.publish(subject, b"1")
            pull = await js.pull_subscribe_bind("payments", stream="orders")
            for _ in range(3):
                (message,) = await pull.fetch(1, timeout=DEADLINE_S)
                await message.ack_sync(timeout=int(DEADLINE_S))
            told = await seen.look()
            assert [told["payments", f"orders.{what}"].total for what in ("placed", "cancelled")] == [2, 1]
            report = flow_report(seen.flow, DECLARED, clock_offset_s=0.0)
            assert any("system account" in line for line in report.unseen)
            assert report.bus is not None
            assert (report.bus.slow_consumers, report.spaces[0].connections) == (None, None)

    asyncio.run(run())
