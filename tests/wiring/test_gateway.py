"""The gateway's files, understood by a real engine, with real servers behind it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from raw_http import Handler, connected, echo_websocket, grpc_call, listening, named, read_head, unary_grpc

from spacectl.adapters.envoy.admin import Admin
from spacectl.adapters.envoy.files import ConfigFolder
from spacectl.adapters.envoy.program import command_line, find_envoy
from spacectl.core.gateway.documents import ADMIN_SOCKET, BOOTSTRAP
from spacectl.model.actions import Note
from spacectl.model.gateway import Edge, GatewayPlan
from spacectl.model.manifest import SpaceManifest
from spacectl.model.phase import Phase
from spacectl.model.state import Replica, State, Unit
from spacectl.wiring.gateway import Gateway

pytestmark = pytest.mark.anyio
Eventually = Callable[[Callable[[], Awaitable[object]]], Awaitable[None]]


def free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


def unit(name: str, replicas: int) -> Unit:
    manifest = SpaceManifest.model_validate({"space": {"name": name}, "run": {"command": ["x"]}})
    return Unit(name, manifest, frozenset(), tuple(Replica(name, number + 1) for number in range(replicas)))


@dataclass
class Bench:
    """A gateway before two spaces, orders (two replicas) and cart, which calls orders; its engine runs."""

    gateway: Gateway
    process: asyncio.subprocess.Process
    plan: GatewayPlan
    ports: dict[str, int]
    eventually: Eventually
    state: State = field(
        default_factory=lambda: State({each.name: each for each in (unit("cart", 1), unit("orders", 2))})
    )
    notes: list[Note] = field(default_factory=list)
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def front(self) -> str:
        return f"http://127.0.0.1:{self.plan.port}"

    @property
    def edge(self) -> str:
        return f"http://127.0.0.1:{self.plan.edges[0].port}"

    async def serve(self, replica: str, handler: Handler | None = None) -> None:
        """Let a replica listen, be ready, and be known to the engine."""
        await self.stack.enter_async_context(listening(handler or named(replica), self.ports[replica]))
        await self.show(replica, phase=Phase.READY)

    async def show(self, name: str, **changes: Any) -> None:
        """Let a replica be as it is said, and wait until the engine knows."""
        self.state = self.state.with_replica(replace(self.state.replica(name), **changes))
        self.gateway.show(self.state)
        replica = self.state.replica(name)
        there = replica.phase is Phase.READY or replica.draining
        where = (replica.unit, self.ports[name])

        async def known() -> bool:
            host = (await self.gateway._admin.hosts()).get(where)
            return host is not None and host.draining == replica.draining if there else host is None

        await self.eventually(known)
        if there and not replica.draining:
            await self.eventually(self._is_open(replica.unit))

    def _is_open(self, space: str) -> Callable[[], Awaitable[bool]]:
        async def look() -> bool:
            async with connected(self.plan.port) as (reader, writer):
                writer.write(f"OPTIONS /{space}/is-open HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
                return b"is not ready" not in await reader.read()

        return look


@pytest.fixture
async def bench(tmp_path: Path, eventually: Eventually) -> AsyncIterator[Bench]:
    front, edge, *rest = free_ports(5)
    ports = dict(zip(("cart.1", "orders.1", "orders.2"), rest, strict=True))
    plan = GatewayPlan("shop", front, ("cart", "orders"), (Edge("cart", "orders", edge),))
    folder = tmp_path / ("deep/" * 30) / "gateway"  # a path that is too long for the address of a socket
    notes: list[Note] = []
    gateway = Gateway(plan, ports, ConfigFolder(folder), Admin(folder / ADMIN_SOCKET), notes.append)
    states = State({each.name: each for each in (unit("cart", 1), unit("orders", 2))})
    gateway.set_up(states)
    words = command_line(find_envoy(), BOOTSTRAP)
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(*words, cwd=folder, stderr=log)
    made = Bench(gateway, process, plan, ports, eventually, states, notes)

    async def ready() -> bool:
        assert process.returncode is None, (folder / "log").read_text()
        return await gateway.answer() is None

    try:
        await eventually(ready)
        yield made
    finally:
        await made.stack.aclose()
        if process.returncode is None:
            process.kill()
        await process.wait()
    assert (folder / "log").read_text() == ""


async def get(url: str, **options: Any) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        return await client.request(options.pop("method", "GET"), url, **options)


async def test_a_space_that_is_not_ready_says_so_and_what_is_not_there_too(bench: Bench) -> None:
    for url in (f"{bench.front}/orders/x", f"{bench.front}/orders", f"{bench.edge}/x"):
        answer = await get(url)
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/json")
        assert answer.json() == {"error": "orders is not ready", "space": "orders", "state": "stopped"}
    for path in ("/", "/nope/x", "/ordersx", "/order"):
        answer = await get(bench.front + path)
        assert answer.status_code == 404
        assert answer.json() == {"error": "no space answers at this path", "spaces": ["cart", "orders"]}


async def test_the_front_door_takes_the_name_of_the_space_away(bench: Bench) -> None:
    await bench.serve("orders.1")
    for path, seen in (
        ("/orders", "/"), ("/orders/", "/"), ("/orders/a/b?c=d&e", "/a/b?c=d&e"), ("/orders?x=1", "/?x=1"),
        ("/orders/orders/%2Fx", "/orders/%2Fx"), ("/orders//x", "//x"),
    ):  # fmt: skip
        assert (await get(bench.front + path)).text == f"orders.1: GET {seen} HTTP/1.1"
    assert (await get(f"{bench.edge}/orders/x")).text == "orders.1: GET /orders/x HTTP/1.1"


async def test_the_gateway_does_not_show(bench: Bench) -> None:
    seen: list[dict[str, str]] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append((await read_head(reader)).fields)
        writer.write(b"HTTP/1.1 200 OK\r\nServer: mine\r\nContent-Length: 0\r\n\r\n")

    await bench.serve("orders.1", handle)
    seen.clear()
    answer = await get(f"{bench.edge}/x", headers={"x-request-id": "mine"})
    assert answer.headers["server"] == "mine"
    assert not [name for name in answer.headers if name.startswith("x-")]
    await get(f"{bench.edge}/x")
    first, second = seen
    assert first["x-request-id"] == "mine"
    for fields in seen:
        assert {name for name in fields if name.startswith("x-")} - {"x-request-id"} == {"x-forwarded-proto"}
    assert "x-request-id" not in second


async def test_requests_go_round_and_what_cannot_be_reached_is_tried_elsewhere(bench: Bench) -> None:
    await bench.serve("orders.1")
    await bench.serve("orders.2")
    answers = {(await get(f"{bench.edge}/x")).text.split(":")[0] for _ in range(8)}
    assert answers == {"orders.1", "orders.2"}
    await bench.stack.aclose()  # nobody listens any more
    await bench.stack.enter_async_context(listening(named("orders.2"), bench.ports["orders.2"]))
    for method in ("GET", "POST"):
        for _ in range(10):
            answer = await get(f"{bench.edge}/x", method=method, content=b"body" if method == "POST" else None)
            assert (answer.status_code, answer.text.split(":")[0]) == (200, "orders.2")


async def test_a_lone_replica_is_tried_again_at_once_however_often_it_failed(bench: Bench) -> None:
    await bench.serve("orders.1")
    await bench.stack.aclose()
    for _ in range(20):
        answer = await get(f"{bench.edge}/x")
        assert (answer.status_code, answer.json()["space"]) == (503, "orders")
    await bench.stack.enter_async_context(listening(named("orders.1"), bench.ports["orders.1"]))
    assert (await get(f"{bench.edge}/x")).status_code == 200


async def test_what_a_space_has_seen_is_never_sent_again(bench: Bench) -> None:
    seen = 0

    async def rude(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        nonlocal seen
        head = await read_head(reader)
        seen += head.first.startswith("POST")

    await bench.serve("orders.1", rude)
    await bench.serve("orders.2", rude)
    answer = await get(f"{bench.edge}/x", method="POST", content=b"body")
    assert (answer.status_code, seen) == (503, 1)
    assert answer.json()["space"] == "orders"


async def test_bodies_stream_in_both_directions(bench: Bench) -> None:
    steps: asyncio.Queue[str] = asyncio.Queue()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (await read_head(reader)).first.startswith("OPTIONS"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            return
        await steps.put((await reader.readexactly(len("4\r\nhalf\r\n"))).decode())
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        await steps.put((await reader.readuntil(b"0\r\n\r\n")).decode())
        writer.write(b"6\r\nsecond\r\n0\r\n\r\n")

    await bench.serve("orders.1", handle)
    async with connected(bench.plan.edges[0].port) as (reader, writer), asyncio.timeout(20):
        writer.write(b"POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
        assert "half" in await steps.get()
        assert b"first" in await reader.readuntil(b"first")
        writer.write(b"4\r\nrest\r\n0\r\n\r\n")
        assert "rest" in await steps.get()
        assert b"second" in await reader.readuntil(b"second")


async def test_websockets_pass(bench: Bench) -> None:
    await bench.serve("orders.1", echo_websocket)
    for port, path in ((bench.plan.edges[0].port, "/live"), (bench.plan.port, "/orders/live")):
        async with connected(port) as (reader, writer), asyncio.timeout(20):
            upgrade = "Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            writer.write(f"GET {path} HTTP/1.1\r\n{upgrade}{key}\r\n".encode())
            assert (await read_head(reader)).first.startswith("HTTP/1.1 101")
            for message in (b"\x81\x05hello", b"\x82\x02\x00\xff"):
                writer.write(message)
                assert await reader.readexactly(len(message)) == message


async def test_grpc_passes_with_its_trailers(bench: Bench) -> None:
    await bench.show("orders.1", phase=Phase.WAITING)
    await bench.stack.enter_async_context(listening(unary_grpc, bench.ports["orders.1"]))
    await bench.show("orders.1", phase=Phase.READY)
    async with asyncio.timeout(20):
        head, body, trailers = await grpc_call(bench.plan.edges[0].port, b"\0\0\0\0\x03abc")
    assert (head[":status"], head["content-type"]) == ("200", "application/grpc")
    assert body == b"\0\0\0\0\x03abc"
    assert trailers == {"grpc-status": "0"}


async def test_old_clients_are_served(bench: Bench) -> None:
    await bench.serve("orders.1")
    async with connected(bench.plan.edges[0].port) as (reader, writer), asyncio.timeout(20):
        writer.write(b"GET /x HTTP/1.0\r\n\r\n")
        assert b"orders.1: GET /x" in await reader.read()


async def test_draining_waits_for_what_is_in_hand_and_for_nothing_else(bench: Bench) -> None:
    taken, release = asyncio.Event(), asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if "slow" in (await read_head(reader)).first:
            taken.set()
            await release.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\ndone")

    await bench.serve("orders.1", slow)
    async with asyncio.timeout(30):
        request = asyncio.ensure_future(get(f"{bench.edge}/slow"))
        await taken.wait()
        await bench.serve("orders.2")
        await bench.show("orders.1", phase=Phase.STOPPING, draining=True)
        waiting = asyncio.ensure_future(bench.gateway.drained("orders", "orders.1"))
        for _ in range(10):
            assert (await get(f"{bench.edge}/x")).text.startswith("orders.2")
        assert not waiting.done()
        release.set()
        await waiting
        assert (await request).text == "done"
        await bench.show("orders.2", phase=Phase.STOPPING, draining=True)
        await bench.gateway.drained("orders", "orders.2")


async def test_nobody_waits_for_a_replica_or_an_engine_that_is_not_there(bench: Bench) -> None:
    async with asyncio.timeout(20):
        await bench.gateway.drained("orders", "orders.1")
        await bench.serve("orders.1")
        bench.process.kill()
        await bench.process.wait()
        await bench.gateway.drained("orders", "orders.1")
        assert "admin.sock" not in (why := await bench.gateway.answer() or "")
        assert "/ready" in why


async def test_an_engine_that_hangs_is_told(bench: Bench) -> None:
    os.kill(bench.process.pid, signal.SIGSTOP)
    async with asyncio.timeout(20):
        assert await bench.gateway.answer()
        await bench.gateway.drained("orders", "orders.1")
    os.kill(bench.process.pid, signal.SIGCONT)


async def test_a_connection_that_is_kept_lives_through_every_change(bench: Bench) -> None:
    async with connected(bench.plan.edges[0].port) as (reader, writer), asyncio.timeout(60):

        async def ask() -> tuple[str, str]:
            writer.write(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
            head = await read_head(reader)
            body = await reader.readexactly(int(head.fields["content-length"]))
            return head.first.split()[1], body.decode()

        assert (await ask())[0] == "503"
        await bench.serve("orders.1")
        for _ in range(20):
            assert await ask() == ("200", "orders.1: GET /x HTTP/1.1")
            await bench.show("orders.1", phase=Phase.UNHEALTHY)
            assert (await ask())[0] == "503"
            await bench.show("orders.1", phase=Phase.READY)
        await bench.serve("orders.2")
        await bench.show("orders.1", phase=Phase.BACKOFF)
        assert await ask() == ("200", "orders.2: GET /x HTTP/1.1")


async def test_a_disk_that_is_full_is_told_once_and_tried_again(bench: Bench, tmp_path: Path) -> None:
    folder = ConfigFolder(tmp_path / "other")
    gateway = Gateway(bench.plan, bench.ports, folder, Admin(tmp_path / "none"), bench.notes.append)
    gateway.set_up(bench.state)
    blocked = tmp_path / "other" / "endpoints" / ".orders.json"
    blocked.mkdir()
    ready = bench.state.with_replica(replace(bench.state.replica("orders.1"), phase=Phase.READY))
    gateway.show(ready)
    gateway.show(ready)
    assert [note.kind for note in bench.notes] == ["unwritten"]
    blocked.rmdir()
    gateway.show(ready)
    written = json.loads((tmp_path / "other" / "endpoints" / "orders.json").read_text())
    assert written["resources"][0]["endpoints"][0]["lb_endpoints"]
