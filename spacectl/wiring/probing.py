"""Joins the prober to the launcher and to the bus: how a replica, or the bus itself, is asked whether it is well."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from spacectl.adapters.nats_admin import NatsAdmin
from spacectl.adapters.probes import Prober, Target
from spacectl.core.environment import HOST
from spacectl.core.probing import checks_of, probe_section, ready_checks
from spacectl.errors import MachineError
from spacectl.model.actions import Note
from spacectl.model.bus import BusConnection
from spacectl.model.checks import ProbeKind
from spacectl.runtime.world import Running
from spacectl.wiring.launching import Launcher
from spacectl.wiring.prepare import Prepared

_CONNECTIONS_FRESH_S = 0.1
_BUS_TIMEOUT_S = 20.0


class UnitProber:
    """Probes replicas of spaces, and the bus, of one system."""

    def __init__(self, prepared: Prepared, launcher: Launcher, admin: NatsAdmin, note: Callable[[Note], None]) -> None:
        self._prepared = prepared
        self._launcher = launcher
        self._prober = Prober()
        self._bus = BusProbe(prepared, admin, note)

    async def probe(self, running: Running, kind: ProbeKind, timeout_s: float) -> str | None:
        """Why a replica is not well, or None."""
        unit = running.unit
        checks = ready_checks(unit) if kind == "ready" else checks_of(probe_section(unit.manifest, kind))
        limit = _BUS_TIMEOUT_S if unit.engine else timeout_s
        return await self._prober.probe(self._target(running), checks, limit)

    def forget(self, pid: int) -> None:
        """Drop what is remembered of a process that ended."""
        self._prober.forget(pid)

    async def external_bus(self) -> None:
        """Make an existing server ready for this system.

        Raises:
            MachineError: it cannot be reached, or does not allow it.
        """
        await self._bus.provide()

    def _target(self, running: Running) -> Target:
        unit, process = running.unit, running.process
        return Target(
            pid=process.pid,
            host=HOST,
            port=process.launch.port,
            started_at=running.started_at,
            log=process.launch.log,
            log_start=process.log_start,
            run=lambda command: self._launcher.command(unit, running.number, command),
            engine=self._bus.answer,
            bus_ports=lambda: self._bus.client_ports(unit.name),
            bus_port=urlsplit(self._prepared.bus_access.url).port or 4222,
        )


class BusProbe:
    """Whether the bus answers, and holds the streams and consumers that the manifests ask for."""

    def __init__(self, prepared: Prepared, admin: NatsAdmin, note: Callable[[Note], None]) -> None:
        self._prepared = prepared
        self._admin = admin
        self._note = note
        self._provided = False
        self._seen: tuple[BusConnection, ...] | None = ()
        self._seen_at = 0.0
        self._lock = asyncio.Lock()

    async def answer(self) -> str | None:
        """Why the bus is not ready, or None."""
        try:
            if not self._provided:
                await self.provide()
        except MachineError as error:
            return error.message
        return None if self._admin.connected else "connection refused"

    async def provide(self) -> None:
        """Connect, and make streams and consumers follow the manifests.

        Raises:
            MachineError: the bus cannot be reached, or does not allow it.
        """
        async with self._lock:
            if not self._admin.connected:
                await self._admin.connect(self._prepared.bus_access)
            for change in await self._admin.provision(self._prepared.bus_plan):
                self._note(Note("bus", change.action, change.text))
            self._provided = True

    async def client_ports(self, user: str) -> frozenset[int] | None:
        """The client-side ports of a user's connections; None where the server is not ours to ask."""
        async with self._lock:
            if time.monotonic() - self._seen_at > _CONNECTIONS_FRESH_S:
                try:
                    self._seen = await self._admin.connections()
                except MachineError:
                    self._seen = ()
                self._seen_at = time.monotonic()
        return None if self._seen is None else frozenset(each.port for each in self._seen if each.user == user)
