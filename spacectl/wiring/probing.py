"""Joins the prober to the launcher and to the bus: how a replica, or an engine, is asked whether it is well."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar
from urllib.parse import urlsplit

from spacectl.adapters.nats_admin import NatsAdmin
from spacectl.adapters.probes import Prober, Target
from spacectl.core.assemble import BUS
from spacectl.core.environment import HOST
from spacectl.core.probing import checks_of, probe_section, ready_checks
from spacectl.errors import MachineError
from spacectl.model.actions import Note
from spacectl.model.bus import BusConnection
from spacectl.model.checks import ProbeKind
from spacectl.runtime.world import Running
from spacectl.wiring.gateway import Gateway
from spacectl.wiring.launching import Launcher
from spacectl.wiring.prepare import Prepared

_CONNECTIONS_FRESH_S = 0.1
_BUS_TIMEOUT_S = 20.0
_EXTERNAL_PAUSE_S = 2.0
_CONNECTED_LOOK_S = 0.05

T = TypeVar("T")


class UnitProber:
    """Probes replicas of spaces, and the engines, of one system."""

    def __init__(
        self,
        prepared: Prepared,
        launcher: Launcher,
        admin: NatsAdmin,
        gateway: Gateway | None,
        note: Callable[[Note], None],
    ) -> None:
        self._prepared = prepared
        self._gateway = gateway
        self._launcher = launcher
        self._note = note
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

    async def keep_external_bus(self) -> None:
        """Make an existing server ready again whenever it has been away: nothing else probes it."""
        last: str | None = None
        while True:
            await asyncio.sleep(_EXTERNAL_PAUSE_S)
            reason = await self._bus.answer()
            if reason != last:
                self._note(Note("bus", "ready", "again") if reason is None else Note("bus", "unhealthy", reason))
            last = reason

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
            engine=self._bus.answer if self._gateway is None or unit.name == BUS else self._gateway.answer,
            bus_ports=lambda: self._bus.client_ports(unit.name),
            bus_port=urlsplit(self._prepared.bus_access.url).port or 4222,
        )


class BusProbe:
    """Whether the bus answers, and holds the streams and consumers that the manifests ask for.

    A server that was away has lost what it kept in memory, streams and all.
    """

    def __init__(self, prepared: Prepared, admin: NatsAdmin, note: Callable[[Note], None]) -> None:
        self._prepared = prepared
        self._admin = admin
        self._note = note
        self._provided_at: int | None = None
        self._seen: tuple[BusConnection, ...] | None = ()
        self._seen_at = 0.0
        self._providing = asyncio.Lock()
        self._asking = asyncio.Lock()

    async def answer(self) -> str | None:
        """Why the bus is not ready, or None."""
        try:
            if self._is_provided():
                await self._connections(older_s=0)  # one that hangs still looks connected
            if not self._is_provided():
                await self.provide()
        except MachineError as error:
            return error.message
        return None

    async def provide(self) -> None:
        """Connect, and make streams and consumers follow the manifests.

        Raises:
            MachineError: the bus cannot be reached, or does not allow it.
        """
        async with self._providing:
            if not self._admin.connected:
                self._provided_at = None
                await self._admin.connect(self._prepared.bus_access)
            returns = self._admin.returns  # before: the server may go and come while it is asked
            for change in await self._while_connected(self._admin.provision(self._prepared.bus_plan)):
                self._note(Note("bus", change.action, change.text))
            self._provided_at = returns

    async def client_ports(self, user: str) -> frozenset[int] | None:
        """The client-side ports of a user's connections; None where the server is not ours to ask."""
        try:
            seen = await self._connections(older_s=_CONNECTIONS_FRESH_S)
        except MachineError:
            return frozenset()
        return None if seen is None else frozenset(each.port for each in seen if each.user == user)

    def _is_provided(self) -> bool:
        return self._admin.connected and self._admin.returns == self._provided_at

    async def _connections(self, *, older_s: float) -> tuple[BusConnection, ...] | None:
        """Everyone connected, asked anew if it was asked longer ago than this."""
        async with self._asking:
            if time.monotonic() - self._seen_at > older_s:
                self._seen = await self._while_connected(self._admin.connections())
                self._seen_at = time.monotonic()
            return self._seen

    async def _while_connected(self, request: Coroutine[Any, Any, T]) -> T:
        """What the bus answers; a request that went down with the server would wait out its whole time."""
        returns = self._admin.returns
        asked = asyncio.ensure_future(request)
        try:
            while not (await asyncio.wait([asked], timeout=_CONNECTED_LOOK_S))[0]:
                if not self._admin.connected or self._admin.returns != returns:
                    raise MachineError("the bus went away while it was asked")
            return asked.result()
        finally:
            asked.cancel()
