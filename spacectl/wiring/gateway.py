"""Joins the gateway's plan to its engine: files that follow the state, readiness, and waiting for what is in hand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from spacectl.adapters.envoy.admin import Admin, UnansweredError
from spacectl.adapters.envoy.connections import connected_ports
from spacectl.adapters.envoy.files import ConfigFolder
from spacectl.core.assemble import GATEWAY
from spacectl.core.gateway.documents import ADMIN_SOCKET, documents, live_documents
from spacectl.core.gateway.listeners import names_of
from spacectl.core.gateway.plan import backends, look_alike
from spacectl.errors import MachineError
from spacectl.model.actions import Note
from spacectl.model.gateway import Backend, GatewayPlan
from spacectl.model.layout import Layout
from spacectl.model.state import State, Unit
from spacectl.wiring.current import Current

_FIRST_LOOK_S, _LONGEST_LOOK_S = 0.005, 0.05
_CALM = 2
"""Looks in a row that find a replica without a connection: the engine's threads learn of a change in turn."""


class Opening(Protocol):
    """What a gateway needs to know of a prepared system."""

    @property
    def gateway(self) -> GatewayPlan | None: ...
    @property
    def ports(self) -> Mapping[str, int]: ...


class Gateway:
    """The gateway of one system, which opens nothing where no space serves an API.

    Args:
        holds: tells what holds at the moment: what it is to open, and the port of every replica.
        folder: where the engine's files are.
        admin: asks the engine.
        note: keeps a line of history.
    """

    def __init__(
        self, holds: Callable[[], Opening], folder: ConfigFolder, admin: Admin, note: Callable[[Note], None]
    ) -> None:
        self._holds = holds
        self._folder = folder
        self._admin = admin
        self._note = note
        self._opened: GatewayPlan | None = None
        self._shown: tuple[Backend, ...] = ()
        self._seen: Mapping[str, Unit] = {}
        self._trouble: str | None = None
        self._pid: int | None = None
        self._looking = asyncio.Lock()
        self._looked_at = 0.0
        self._replicas: frozenset[tuple[str, int]] = frozenset()
        self._connected: frozenset[int] = frozenset()

    def set_up(self, state: State) -> None:
        """Write all that the engine reads when it starts; to be left out where one runs on.

        Raises:
            MachineError: it cannot be written.
        """
        if self._plan is not None:
            self._write(self._plan, backends(state, self._ports))

    def show(self, state: State) -> None:
        """Let the engine see how things are now; a disk that is full is told, and tried again at the next change."""
        self._pid = _pid_of(state)
        seen, self._seen = self._seen, state.units
        is_shown = self._trouble is None and self._plan == self._opened
        if self._plan is None or (is_shown and look_alike(seen, state.units)):
            return
        behind = backends(state, self._ports)
        if behind == self._shown and self._plan == self._opened:
            return
        try:
            self._write(self._plan, behind)
        except MachineError as error:
            self._tell(error.message)
            return
        self._tell(None)

    async def answer(self) -> str | None:
        """Why the engine is not ready, or None."""
        try:
            if not await self._admin.is_live():
                return "it is still reading its configuration"
            opened = frozenset() if self._plan is None else names_of(self._plan)
            missing = opened - await self._admin.listeners()
        except UnansweredError as error:
            return str(error)
        return f"it does not listen yet with {', '.join(sorted(missing))}" if missing else None

    async def drained(self, unit: str, replica: str) -> None:
        """Wait until the engine knows that a replica gets nothing new, and has closed its connections to it.

        It closes each when the request on it is done. An engine that is away sends nothing, and will read the files as
        they are then.
        """
        where, pause_s, calm = (unit, self._ports[replica]), _FIRST_LOOK_S, 0
        while calm < _CALM:
            try:
                idle = await self._is_idle(where)
            except UnansweredError:
                return
            calm = calm + 1 if idle else 0
            await asyncio.sleep(_FIRST_LOOK_S if calm else pause_s)
            pause_s = min(pause_s * 2, _LONGEST_LOOK_S)

    @property
    def _plan(self) -> GatewayPlan | None:
        return self._holds().gateway

    @property
    def _ports(self) -> Mapping[str, int]:
        return self._holds().ports

    def _write(self, plan: GatewayPlan, behind: tuple[Backend, ...]) -> None:
        same = plan == self._opened and [each.space for each in behind] == [each.space for each in self._shown]
        self._folder.write(live_documents(behind) if same else documents(plan, behind))
        self._opened, self._shown = plan, behind

    async def _is_idle(self, where: tuple[str, int]) -> bool:
        """Whether a replica is idle at this moment or later; many who wait look once."""
        since = time.monotonic()
        async with self._looking:
            if self._looked_at < since:
                looked_at = time.monotonic()
                self._replicas = await self._admin.replicas()
                self._connected = await asyncio.to_thread(connected_ports, self._pid) if self._pid else frozenset()
                self._looked_at = looked_at
            return where not in self._replicas and where[1] not in self._connected

    def _tell(self, trouble: str | None) -> None:
        if trouble is not None and trouble != self._trouble:
            self._note(Note(GATEWAY, "unwritten", trouble))
        self._trouble = trouble


def make_gateway(current: Current, note: Callable[[Note], None]) -> Gateway:
    """The gateway of a running system."""
    layout = current.prepared.layout
    return Gateway(lambda: current.prepared, ConfigFolder(layout.gateway), gateway_admin(layout), note)


def gateway_admin(layout: Layout) -> Admin:
    """The private socket of the gateway of a system."""
    return Admin(layout.gateway / ADMIN_SOCKET)


def _pid_of(state: State) -> int | None:
    """The engine's process."""
    unit = state.units.get(GATEWAY)
    process = None if unit is None else unit.replicas[0].process
    return None if process is None else process.pid
