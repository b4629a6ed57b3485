"""Joins the prober to the launcher and to the bus: how a replica, or an engine, is asked whether it is well."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from spacectl.adapters.probes import Prober, Target
from spacectl.core.assemble import GATEWAY
from spacectl.core.environment import HOST
from spacectl.core.probing import checks_of, probe_section, ready_checks
from spacectl.errors import MachineError
from spacectl.model.actions import Note
from spacectl.model.bus import BusConnection
from spacectl.model.checks import ProbeKind
from spacectl.model.container import Place
from spacectl.runtime.world import Running
from spacectl.wiring.current import Current
from spacectl.wiring.gateway import Gateway
from spacectl.wiring.launching import Launcher

if TYPE_CHECKING:
    from spacectl.adapters.nats.admin import NatsAdmin

_CONNECTIONS_FRESH_S = 0.1
_BUS_TIMEOUT_S = 20.0
_EXTERNAL_PAUSE_S = 2.0
_CONNECTED_LOOK_S = 0.05

T = TypeVar("T")


class UnitProber:
    """Probes replicas of spaces, and the engines, of one system."""

    def __init__(
        self,
        current: Current,
        launcher: Launcher,
        admin: Callable[[], NatsAdmin],
        gateway: Gateway,
        note: Callable[[Note], None],
    ) -> None:
        self._current = current
        self._gateway = gateway
        self._launcher = launcher
        self._note = note
        self._prober = Prober()
        self._targets: dict[int, Target] = {}
        self.bus = BusProbe(current, admin, note)

    async def probe(self, running: Running, kind: ProbeKind, timeout_s: float) -> str | None:
        """Why a replica is not well, or None."""
        unit = running.unit
        checks = ready_checks(unit) if kind == "ready" else checks_of(probe_section(unit.manifest, kind))
        limit = _BUS_TIMEOUT_S if unit.engine else timeout_s
        pid = running.process.pid
        place = self._launcher.places().get(pid) if pid < 0 else Place(pid, HOST)
        if place is None:
            return "its container is being made"
        target = self._targets.get(pid)
        if target is None or (target.pid, target.host) != (place.pid, place.host):  # somebody restarted a container
            target = self._targets[pid] = self._target(running, place)
        return await self._prober.probe(target, checks, limit)

    def forget(self, pid: int) -> None:
        """Drop what is remembered of a process that ended."""
        self._targets.pop(pid, None)
        self._prober.forget(pid)

    async def external_bus(self) -> None:
        """Make an existing server ready for this system.

        Raises:
            MachineError: it cannot be reached, or does not allow it.
        """
        await self.bus.provide()

    async def keep_external_bus(self) -> None:
        """Make an existing server ready again whenever it has been away: nothing else probes it."""
        last: str | None = None
        while True:
            await asyncio.sleep(_EXTERNAL_PAUSE_S)
            reason = await self.bus.answer()
            if reason != last:
                self._note(Note("bus", "ready", "again") if reason is None else Note("bus", "unhealthy", reason))
            last = reason

    def _target(self, running: Running, place: Place) -> Target:
        unit, process = running.unit, running.process
        return Target(
            pid=place.pid,
            host=place.host,
            port=process.launch.port,
            started_at=running.started_at,
            log=process.launch.log,
            log_start=process.log_start,
            run=lambda command: self._launcher.command(unit, running.number, command, process.pid),
            engine=self._gateway.answer if unit.name == GATEWAY else self.bus.answer,
            bus_ports=lambda: self.bus.client_ports(unit.name),
            bus_port=urlsplit(self._current.prepared.bus_access.url).port or 4222,
            own_network=unit.in_container,
        )


class BusProbe:
    """Whether the bus answers, and holds the streams and consumers that the manifests ask for.

    A server that was away has lost what it kept in memory, streams and all.
    """

    def __init__(self, current: Current, admin: Callable[[], NatsAdmin], note: Callable[[Note], None]) -> None:
        self._current = current
        self._make_admin = admin
        self._note = note
        self._generation = 0  # of what it is to offer
        self._loaded = 0  # that whose configuration the server has read
        self._provided: tuple[int, int] | None = None  # that which it offers, and since which return of the server
        self._seen: tuple[BusConnection, ...] | None = ()
        self._seen_at = 0.0
        self._providing = asyncio.Lock()
        self._asking = asyncio.Lock()

    @cached_property
    def _admin(self) -> NatsAdmin:
        return self._make_admin()

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

    def changed(self) -> None:
        """What it is to offer, and to whom, is something else now: it is not ready before it does."""
        self._generation += 1

    async def provide(self) -> None:
        """Connect, and make users, streams and consumers follow the manifests.

        Raises:
            MachineError: the bus cannot be reached, or does not allow it.
        """
        async with self._providing:
            if not self._admin.connected:
                self._provided = None
                await self._admin.connect(self._current.prepared.bus_access)
            generation = self._generation  # before: it may change while it is asked
            if self._loaded != generation and self._current.prepared.nats_server is not None:
                await self._while_connected(self._admin.reload())
            self._loaded = generation
            returns = self._admin.returns  # before: the server may go and come while it is asked
            for change in await self._while_connected(self._admin.provision(self._current.granted)):
                self._note(Note("bus", change.action, change.text))
            self._provided = (generation, returns)

    async def client_ports(self, user: str) -> frozenset[int] | None:
        """The client-side ports of a user's connections; None where the server is not ours to ask."""
        try:
            seen = await self._connections(older_s=_CONNECTIONS_FRESH_S)
        except MachineError:
            return frozenset()
        return None if seen is None else frozenset(each.port for each in seen if each.user == user)

    def _is_provided(self) -> bool:
        return self._admin.connected and self._provided == (self._generation, self._admin.returns)

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
