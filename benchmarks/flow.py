"""What looking at the flow costs: the poller's own processor time, and the throughput of a bus that is looked at."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
from nats.aio.client import Client

from spacectl.adapters.envoy.admin import Admin
from spacectl.adapters.envoy.files import ConfigFolder
from spacectl.adapters.envoy.flow import PATTERN, parse_calls, read_calls
from spacectl.adapters.envoy.program import command_line
from spacectl.adapters.manifests import load
from spacectl.adapters.nats.admin import NatsAdmin
from spacectl.adapters.nats.client import connect, connected
from spacectl.adapters.nats.flow import NatsFlow
from spacectl.core.assemble import assemble
from spacectl.core.flow import Flow, advance_bus, advance_gateway, declared_flow
from spacectl.core.gateway.documents import ADMIN_SOCKET, BOOTSTRAP, documents
from spacectl.core.gateway.plan import backends
from spacectl.model.flow_readings import Declared
from spacectl.model.layout import Layout
from spacectl.view.flow import flow_report
from spacectl.wiring.prepare import Prepared, prepare

SPACES = 200
EVENT_EDGES, CALL_EDGES = 4, 1
"""Of each space: 1,000 edges in all."""
SERVING = 20
"""Spaces that serve an API. The gateway watches a file or two for each, and Linux lets a user watch 128 by default."""
FEW_SPACES = 20
WARM_UP, LOOKS = 3, 10
SIZE = 128
MESSAGES = 600_000
DEADLINE_S = 60.0


@dataclass(frozen=True)
class Engines:
    """A bus and a gateway that run, for a system whose spaces do not."""

    prepared: Prepared
    declared: Declared
    bus: psutil.Process

    @property
    def admin(self) -> Admin:
        return Admin(self.prepared.layout.gateway / ADMIN_SOCKET)


def manifests(folder: Path, count: int) -> None:
    """A ring of spaces: each hears two subjects of the two before it, and calls one of those that serve an API."""
    (folder / "system.toml").write_text('[system]\nname = "ring"\n', encoding="utf-8")
    for number in range(count):
        name = f"s{number}"
        heard = [f"s{(number - step) % count}.{what}" for step in (1, 2) for what in ("one", "two")]
        text = (
            f'[space]\nname = "{name}"\n[run]\ncommand = ["true"]\n'
            f'[api]\nserves = {str(number < SERVING).lower()}\ncalls = ["s{(number + 1) % SERVING}"]\n'
            f'[events]\npublishes = ["{name}.one", "{name}.two"]\nsubscribes = {heard}\n'
            '[events.retention]\nstorage = "memory"\nmax_bytes = "1MB"\n'
        )
        (folder / "spaces" / name).mkdir(parents=True)
        (folder / "spaces" / name / "space.toml").write_text(text, encoding="utf-8")


@contextmanager
def engines(folder: Path, count: int = SPACES) -> Iterator[Engines]:
    """Start a real bus and a real gateway, as the supervisor does."""
    manifests(folder, count)
    system = load(folder)
    prepared = prepare(system, Layout(folder), (), ())
    assert prepared.nats_server is not None
    assert prepared.envoy is not None
    assert prepared.gateway is not None
    state = assemble(system, embedded_bus=True)
    ConfigFolder(prepared.layout.gateway).write(documents(prepared.gateway, backends(state, prepared.ports)))
    commands = [
        ([prepared.nats_server, "-c", prepared.layout.bus_config], folder),
        (command_line(prepared.envoy, BOOTSTRAP), prepared.layout.gateway),
    ]
    running = [
        subprocess.Popen(words, cwd=where, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for words, where in commands
    ]
    try:
        asyncio.run(_provision(prepared))
        yield Engines(prepared, declared_flow(system), psutil.Process(running[0].pid))
    finally:
        for process in running:
            process.kill()
            process.wait()


async def _provision(prepared: Prepared) -> None:
    admin = NatsAdmin(connect)
    await admin.connect(prepared.bus_access, timeout_s=DEADLINE_S)
    await admin.provision(prepared.bus_plan)
    await admin.close()


def real_polls(engines: Engines) -> list[float]:
    """Milliseconds of processor time of each look at engines all of whose edges are in use."""
    return asyncio.run(_real_polls(engines))


async def _real_polls(engines: Engines) -> list[float]:
    _use_calls(engines)
    took: list[float] = []
    async with _reader(engines, _same) as reader:
        flow = Flow()
        for _ in range(WARM_UP + LOOKS):
            await _use_events(engines)
            begun = time.process_time()
            flow = advance_bus(flow, await reader.read(engines.declared, time.monotonic()), engines.declared)
            flow = advance_gateway(flow, await read_calls(engines.admin, time.monotonic()))
            took.append((time.process_time() - begun) * 1000)
    _check(flow, engines.declared)
    return took[WARM_UP:]


def recorded_polls(engines: Engines) -> list[float]:
    """The same with answers that were recorded: what is left is decoding and thinking."""
    return asyncio.run(_recorded_polls(engines))


async def _recorded_polls(engines: Engines) -> list[float]:
    _use_calls(engines)
    recorded: list[tuple[dict[str, bytes], Any]] = []
    answers: dict[str, bytes] = {}
    async with _reader(engines, lambda client: _Recording(client, answers)) as reader:
        for number in range(WARM_UP + LOOKS):
            await _use_events(engines)
            await reader.read(engines.declared, float(number))
            recorded.append((dict(answers), await engines.admin.stats(PATTERN)))
    took: list[float] = []
    player = _Playing()
    reader, flow = NatsFlow(player, player), Flow()  # type: ignore[arg-type]
    for number, (told, stats) in enumerate(recorded):
        player.answers = told
        begun = time.process_time()
        flow = advance_bus(flow, await reader.read(engines.declared, float(number)), engines.declared)
        flow = advance_gateway(flow, parse_calls(stats, float(number)))
        took.append((time.process_time() - begun) * 1000)
    _check(flow, engines.declared)
    return took[WARM_UP:]


class _Recording:
    """A connection whose answers are kept, by what was asked."""

    def __init__(self, client: Client, answers: dict[str, bytes]) -> None:
        self._client = client
        self._answers = answers

    @property
    def is_connected(self) -> bool:
        return self._client.is_connected

    async def request(self, subject: str, body: bytes, *, timeout: float) -> Any:  # noqa: ASYNC109
        answer = await self._client.request(subject, body, timeout=timeout)
        self._answers[subject] = answer.data
        return answer


class _Playing:
    """In place of a connection: gives what was recorded."""

    is_connected = True

    def __init__(self) -> None:
        self.answers: dict[str, bytes] = {}

    async def request(self, subject: str, _body: bytes, *, timeout: float) -> Any:  # noqa: ASYNC109, ARG002
        return SimpleNamespace(data=self.answers[subject])


def _same(client: Client) -> Any:
    return client


@asynccontextmanager
async def _reader(engines: Engines, wrapped: Callable[[Client], Any]) -> AsyncIterator[NatsFlow]:
    access = engines.prepared.bus_access
    assert access.system_url is not None
    async with (
        connected(access.admin_url, name="flow", timeout_s=DEADLINE_S) as admin,
        connected(access.system_url, name="flow", timeout_s=DEADLINE_S) as system,
    ):
        yield NatsFlow(wrapped(admin), wrapped(system))


async def _use_events(engines: Engines) -> None:
    """A message on every subject, so that every stream is another one than at the look before."""
    async with connected(engines.prepared.bus_access.admin_url, name="use", timeout_s=DEADLINE_S) as client:
        for subjects in engines.declared.publishes.values():
            for subject in subjects:
                await client.publish(subject, b"1")
        await client.flush(timeout=int(DEADLINE_S))


def _use_calls(engines: Engines) -> None:
    """A call along every edge; the gateway answers itself, since no space runs."""
    plan = engines.prepared.gateway
    assert plan is not None
    for edge in plan.edges:
        end = time.monotonic() + DEADLINE_S
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", edge.port, timeout=DEADLINE_S)
            with contextlib.suppress(ConnectionError), contextlib.closing(connection):
                connection.request("GET", "/")
                connection.getresponse().read()
                break
            if time.monotonic() > end:
                raise TimeoutError(f"the gateway does not listen on {edge.port}")
            time.sleep(0.05)


def _check(flow: Flow, declared: Declared) -> None:
    """A measurement of nothing would be fast."""
    edges = flow_report(flow, declared, clock_offset_s=0.0).edges
    assert len(edges) == len(declared.spaces) * (EVENT_EDGES + CALL_EDGES)
    assert all(edge.lag for edge in edges if edge.kind == "event")
    assert all(edge.total for edge in edges if edge.kind == "call")


@contextmanager
def polling(engines: Engines) -> Iterator[None]:
    """Look once a second, in a process of its own."""
    with _program(engines, "poll"):
        yield


@contextmanager
def suspended_tap(engines: Engines) -> Iterator[None]:
    """A tap of everything that somebody has stopped in the middle."""
    command = [sys.executable, "-m", "spacectl", "tap", "--system", str(engines.prepared.layout.root)]
    tap = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        assert tap.stderr is not None
        assert "watching" in tap.stderr.readline()
        tap.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, tap.pid, os.WSTOPPED | os.WNOWAIT)
        yield
    finally:
        tap.kill()
        tap.communicate()


@contextmanager
def _program(engines: Engines, name: str) -> Iterator[None]:
    command = [sys.executable, __file__, name, str(engines.prepared.layout.root)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "looking\n"
        yield
    finally:
        process.kill()
        process.communicate()


@dataclass(frozen=True)
class Cost:
    """What it took: by the clock, and of the bus's processor time, which wanders less on a busy machine."""

    wall_s: float
    cpu_s: float


def publishing(engines: Engines) -> Cost:
    """What it takes until the bus has many messages from one publisher that never waits."""
    access = engines.prepared.bus_access
    user, _, place = access.admin_url.removeprefix("nats://").rpartition("@")
    name, _, password = user.partition(":")
    host, _, port = place.partition(":")
    body = b"x" * SIZE
    batch = b"".join(b"PUB s0.one %d\r\n%s\r\n" % (SIZE, body) for _ in range(1000))
    with socket.create_connection((host, int(port))) as connection, connection.makefile("rb") as lines:
        lines.readline()
        login = f'CONNECT {{"user":"{name}","pass":"{password}","verbose":false}}\r\nPING\r\n'
        connection.sendall(login.encode())
        _until_pong(lines)
        begun, used = time.perf_counter(), sum(engines.bus.cpu_times()[:2])
        for _ in range(MESSAGES // 1000):
            connection.sendall(batch)
        connection.sendall(b"PING\r\n")
        _until_pong(lines)
        return Cost(time.perf_counter() - begun, sum(engines.bus.cpu_times()[:2]) - used)


def _until_pong(lines: Any) -> None:
    while not (line := lines.readline()).startswith(b"PONG"):
        assert line, "the bus closed the connection"


async def _poll(root: Path) -> None:
    """What the supervisor does beside its loop, for a system that somebody else runs."""
    from spacectl.adapters.private_files import read_access  # noqa: PLC0415
    from spacectl.wiring.flowing import FlowPoller  # noqa: PLC0415

    system, layout = load(root), Layout(root)
    said: list[str] = []

    def flowed(flow: Flow, _: Declared) -> None:
        if flow.bus is not None and not said:
            said.append("looking")
            print(said[0], flush=True)

    await FlowPoller(read_access(layout.bus_access), Admin(layout.gateway / ADMIN_SOCKET), lambda: system, flowed).run()


def compared(rounds: int, engines: Engines, beside: Callable[[Engines], Any]) -> list[tuple[Cost, Cost]]:
    """With something beside the publisher and without, in turn."""
    publishing(engines)
    pairs: list[tuple[Cost, Cost]] = []
    for _ in range(rounds):
        with beside(engines):
            ours = publishing(engines)
        pairs.append((ours, publishing(engines)))
    return pairs


if __name__ == "__main__":
    asyncio.run(_poll(Path(sys.argv[2])))
