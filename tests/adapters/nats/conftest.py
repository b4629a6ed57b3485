"""A real nats-server for a system that is stated inline."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from nats.aio.client import Client

from spacectl.adapters.nats.admin import NatsAdmin
from spacectl.adapters.nats.client import connect
from spacectl.adapters.nats_config import render_config
from spacectl.adapters.nats_server import find_nats_server
from spacectl.adapters.private_files import load_passwords, write_access, write_private
from spacectl.core.bus import bus_url, embedded_access, inbox_prefix, plan_bus, plan_server, users_of
from spacectl.model.bus import BusAccess, BusChange, BusPlan, BusServer
from spacectl.model.layout import Layout
from spacectl.model.manifest import SpaceManifest, SystemManifest
from spacectl.model.system import Source, Space, System

DEADLINE_S = 15.0
Events = Mapping[str, Mapping[str, Any]]
"""The `[events]` of each space."""


def _system(spaces: Events, root: Path, **bus: Any) -> System:
    source = Source("space.toml", (), {})
    return System(
        manifest=SystemManifest.model_validate({"system": {"name": "shop"}, "bus": bus}),
        root=root,
        source=source,
        spaces=tuple(
            Space(
                SpaceManifest.model_validate({"space": {"name": name}, "run": {"command": "true"}, "events": events}),
                root / name,
                source,
            )
            for name, events in sorted(spaces.items())
        ),
    )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _eventually(fact: Callable[[], Any], what: str) -> Any:
    """The first true value of `fact`, which must come within the deadline."""
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        if value := fact():
            return value
        time.sleep(0.01)  # between two looks at the fact
    raise AssertionError(f"never happened: {what}")


@dataclass
class Bus:
    """A running nats-server, configured by spacectl."""

    folder: Path
    plan: BusPlan
    server: BusServer
    passwords: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = field(default=None)

    eventually = staticmethod(_eventually)

    @property
    def access(self) -> BusAccess:
        return embedded_access(self.plan, self.server, self.passwords)

    @property
    def root(self) -> Path:
        """A folder that looks to the commands like that of the running system."""
        layout = Layout(self.folder)
        layout.run.mkdir(parents=True, exist_ok=True)
        layout.manifest.touch()
        write_access(layout.bus_access, self.access)
        return self.folder

    @property
    def log(self) -> str:
        return (self.folder / "bus.log").read_text(encoding="utf-8")

    def start(self) -> None:
        config = self.folder / "nats-server.conf"
        write_private(config, render_config(self.server, self.plan, self.passwords))
        with (self.folder / "bus.log").open("ab") as log:
            self.process = subprocess.Popen([find_nats_server(), "-c", config], stdout=log, stderr=log)
        _eventually(self._listens, f"nats-server listens: {self.log}")

    def reload(self, plan: BusPlan) -> None:
        """Take over another plan while the server runs."""
        assert self.process is not None
        self.plan, self.passwords = plan, load_passwords(self.folder / "secrets.json", users_of(plan))
        write_private(self.folder / "nats-server.conf", render_config(self.server, self.plan, self.passwords))
        self.process.send_signal(signal.SIGHUP)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def url(self, user: str) -> str:
        return bus_url(user, self.passwords[user], self.server.host, self.server.port)

    @asynccontextmanager
    async def client(self, user: str) -> AsyncIterator[Client]:
        """A connection as a space makes it: with its own user and inbox prefix."""
        client = Client()
        client.refused = []  # type: ignore[attr-defined]

        async def note(error: Exception) -> None:
            client.refused.append(str(error))  # type: ignore[attr-defined]

        await client.connect(self.url(user), inbox_prefix=inbox_prefix(user), error_cb=note, name=user)
        try:
            yield client
        finally:
            await client.close()

    @asynccontextmanager
    async def admin(self) -> AsyncIterator[NatsAdmin]:
        admin = NatsAdmin(connect)
        await admin.connect(self.access)
        try:
            yield admin
        finally:
            await admin.close()

    async def provision(self, plan: BusPlan | None = None) -> tuple[BusChange, ...]:
        async with self.admin() as admin:
            return await admin.provision(plan or self.plan)

    async def refuses(self, client: Client, subject: str, *, publish: bool) -> bool:
        """Whether the server refuses a client to publish or to subscribe to a subject."""
        notes: list[str] = client.refused  # type: ignore[attr-defined]
        notes.clear()
        if publish:
            await client.publish(subject, b"{}")
        else:
            await client.subscribe(subject)
        for _ in range(2):  # the client's first PING overtakes what it has buffered; the second comes after it
            await client.flush(timeout=int(DEADLINE_S))
        return any("permissions violation" in note for note in notes)

    def _listens(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.server.port), 1):
            return True
        return False


@pytest.fixture
def start_bus(tmp_path: Path) -> Iterator[Callable[..., Bus]]:
    """Starts a server for a system stated as `{space: its [events]}`, with the keys of `[bus]` as keywords."""
    running: list[Bus] = []

    def start(spaces: Events, **bus: Any) -> Bus:
        folder = tmp_path / f"bus-{len(running)}"
        folder.mkdir()
        system = _system(spaces, folder, **bus)
        plan = plan_bus(system)
        server = plan_server(system, port=_free_port(), store=folder / "store")
        passwords = load_passwords(folder / "secrets.json", users_of(plan))
        started = Bus(folder, plan, server, passwords)
        running.append(started)
        started.start()
        return started

    yield start
    for each in running:
        each.stop()


@pytest.fixture
def replan(tmp_path: Path) -> Callable[..., BusPlan]:
    """Plans another form of the same system."""

    def plan(spaces: Events, **bus: Any) -> BusPlan:
        return plan_bus(_system(spaces, tmp_path, **bus))

    return plan
