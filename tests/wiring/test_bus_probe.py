"""A real nats-server that is killed, hangs and comes back."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from nats.aio.client import Client

from spacectl.adapters.manifests import load
from spacectl.adapters.nats.admin import NatsAdmin
from spacectl.adapters.nats.client import connect, connected
from spacectl.model.layout import Layout
from spacectl.wiring.current import Current
from spacectl.wiring.prepare import Prepared, prepare, prepare_again, write_bus
from spacectl.wiring.probing import BusProbe

pytestmark = pytest.mark.anyio
Eventually = Callable[[Callable[[], Awaitable[object]]], Awaitable[None]]

SPACES = {
    "clicks": 'publishes = ["clicks.made"]\n[events.retention]\nstorage = "memory"\nmax_bytes = "1MB"',
    "counter": 'subscribes = ["clicks.made"]',
}


class Bus:
    """The embedded server of a system, and the probe of it."""

    def __init__(self, prepared: Prepared) -> None:
        self.prepared = prepared
        self.notes: list[str] = []
        self.admin = NatsAdmin(connect)
        self.current = Current(prepared)
        self.probe = BusProbe(self.current, lambda: self.admin, lambda note: self.notes.append(note.text))
        self.server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert self.prepared.nats_server is not None
        words = [self.prepared.nats_server, "--config", self.prepared.layout.bus_config]
        with self.prepared.layout.log("bus").open("ab") as log:
            self.server = subprocess.Popen(words, stdout=log, stderr=log)

    def kill(self) -> None:
        if self.server is not None:
            self.server.kill()
            self.server.wait()
            self.server = None

    async def is_ready(self) -> bool:
        return await self.probe.answer() is None

    async def streams(self) -> list[str]:
        async with connected(self.prepared.bus_access.admin_url, name="look", timeout_s=10) as client:
            return [stream.config.name or "" for stream in await client.jsm().streams_info()]

    async def client(self, user: str) -> Client:
        client = Client()
        await client.connect(self.prepared.nats_urls[user])
        return client


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    (tmp_path / "system.toml").write_text('[system]\nname = "shop"\n')
    for name, events in SPACES.items():
        (tmp_path / "spaces" / name).mkdir(parents=True)
        text = f'[space]\nname = "{name}"\n[run]\ncommand = ["true"]\n[events]\n{events}\n'
        (tmp_path / "spaces" / name / "space.toml").write_text(text)
    bus = Bus(prepare(load(tmp_path), Layout(tmp_path), (), ()))
    bus.start()
    yield bus
    await bus.admin.close()
    bus.kill()


async def test_it_is_ready_once_it_holds_what_the_manifests_ask_for(bus: Bus) -> None:
    assert await bus.probe.answer() is None
    assert await bus.streams() == ["LETTERS_shop", "clicks"]
    made = list(bus.notes)
    assert any("stream clicks" in note for note in made)
    assert await bus.probe.answer() is None
    assert bus.notes == made


async def test_what_was_kept_in_memory_is_made_again_when_the_server_comes_back(
    bus: Bus, eventually: Eventually
) -> None:
    assert await bus.probe.answer() is None
    began = time.monotonic()
    for _ in range(2):
        bus.kill()
        bus.start()
        await eventually(bus.is_ready)
        assert await bus.streams() == ["LETTERS_shop", "clicks"]
        assert time.monotonic() - began < 5  # as long as a request that is lost would wait


async def test_a_server_that_came_back_between_two_probes_is_noticed(bus: Bus, eventually: Eventually) -> None:
    assert await bus.probe.answer() is None
    bus.kill()
    bus.start()

    async def came_back() -> bool:
        return bus.admin.returns == 1 and bus.admin.connected

    await eventually(came_back)
    assert await bus.streams() == ["LETTERS_shop"]
    assert await bus.probe.answer() is None
    assert await bus.streams() == ["LETTERS_shop", "clicks"]


async def test_a_server_that_is_gone_is_not_ready(bus: Bus, eventually: Eventually) -> None:
    assert await bus.probe.answer() is None
    bus.kill()

    async def noticed() -> bool:
        return not bus.admin.connected

    await eventually(noticed)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):  # it waits for the server; the prober's limit ends it
            await bus.probe.answer()
    bus.start()
    assert await bus.probe.answer() is None
    assert await bus.streams() == ["LETTERS_shop", "clicks"]


async def test_a_server_that_hangs_is_not_ready(bus: Bus) -> None:
    assert await bus.probe.answer() is None
    assert bus.server is not None
    bus.server.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, bus.server.pid, os.WSTOPPED | os.WNOWAIT)
    try:
        reason = await bus.probe.answer()
    finally:
        bus.server.send_signal(signal.SIGCONT)
    assert reason is not None
    assert "the bus does not answer" in reason
    assert await bus.probe.answer() is None


async def test_the_connections_of_each_user_are_known(bus: Bus, eventually: Eventually) -> None:
    assert await bus.probe.answer() is None
    assert await bus.probe.client_ports("counter") == frozenset()
    client = await bus.client("counter")
    try:
        port = client._transport._io_writer.get_extra_info("sockname")[1]

        async def seen() -> bool:
            return await bus.probe.client_ports("counter") == {port}

        await eventually(seen)
        assert await bus.probe.client_ports("clicks") == frozenset()
    finally:
        await client.close()


async def test_it_is_not_ready_before_it_offers_what_is_asked_for_now(
    bus: Bus, tmp_path: Path, eventually: Eventually
) -> None:
    assert await bus.probe.answer() is None
    folder = tmp_path / "spaces" / "audit"
    folder.mkdir()
    events = '[events]\npublishes = ["audit.made"]\n'
    (folder / "space.toml").write_text(f'[space]\nname = "audit"\n[run]\ncommand = ["true"]\n{events}')
    before = bus.prepared
    after = prepare_again(before, load(tmp_path), selected=frozenset(), counts={}, held=["bus", "clicks.1"])
    assert {name: after.ports[name] for name in before.ports} == before.ports

    bus.current.replace(after)
    bus.current.granted = after.bus_plan
    write_bus(after, after.bus_plan)
    bus.probe.changed()
    assert await bus.probe.answer() is None
    assert {"audit", "clicks"} <= {*await bus.streams()}
    client = Client()
    await client.connect(after.nats_urls["audit"])
    await client.publish("audit.made", b"{}")
    await client.close()  # which waits until it is sent
    async with connected(after.bus_access.admin_url, name="look", timeout_s=10) as look:

        async def kept() -> bool:
            return (await look.jsm().stream_info("audit")).state.messages == 1

        await eventually(kept)
    assert bus.server is not None
    assert bus.server.poll() is None
