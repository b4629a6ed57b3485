"""Joins the gateway's plan to its engine: files that follow the state, readiness, and waiting for what is in hand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

from spacectl.adapters.envoy.admin import Admin, Host, UnansweredError
from spacectl.adapters.envoy.files import ConfigFolder
from spacectl.core.assemble import GATEWAY
from spacectl.core.gateway.documents import ADMIN_SOCKET, documents, live_documents
from spacectl.core.gateway.listeners import names_of
from spacectl.core.gateway.plan import backends
from spacectl.errors import MachineError
from spacectl.model.actions import Note
from spacectl.model.gateway import Backend, GatewayPlan
from spacectl.model.state import State
from spacectl.wiring.prepare import Prepared

_FIRST_LOOK_S, _LONGEST_LOOK_S = 0.005, 0.05
_CALM = 2
"""Looks in a row that find a replica idle: what its state says and what is on its way are read one after the other."""


class Gateway:
    """The gateway of one system.

    Args:
        plan: what it opens.
        ports: of every replica.
        note: keeps a line of history.
    """

    def __init__(
        self,
        plan: GatewayPlan,
        ports: Mapping[str, int],
        folder: ConfigFolder,
        admin: Admin,
        note: Callable[[Note], None],
    ) -> None:
        self._plan = plan
        self._ports = ports
        self._folder = folder
        self._admin = admin
        self._note = note
        self._shown: tuple[Backend, ...] = ()
        self._trouble: str | None = None
        self._asking = asyncio.Lock()
        self._asked_at = 0.0
        self._hosts: Mapping[tuple[str, int], Host] = {}

    def set_up(self, state: State) -> None:
        """Write all that the engine reads when it starts.

        Raises:
            MachineError: it cannot be written.
        """
        self._shown = backends(state, self._ports)
        self._folder.write(documents(self._plan, self._shown))

    def show(self, state: State) -> None:
        """Let the engine see how replicas are now; a disk that is full is told, and tried again at the next change."""
        behind = backends(state, self._ports)
        if behind == self._shown:
            return
        try:
            self._folder.write(live_documents(behind, before=self._shown))
        except MachineError as error:
            self._tell(error.message)
            return
        self._shown = behind
        self._tell(None)

    async def answer(self) -> str | None:
        """Why the engine is not ready, or None."""
        try:
            if not await self._admin.is_live():
                return "it is still reading its configuration"
            missing = names_of(self._plan) - await self._admin.listeners()
        except UnansweredError as error:
            return str(error)
        return f"it does not listen yet with {', '.join(sorted(missing))}" if missing else None

    async def drained(self, unit: str, replica: str) -> None:
        """Wait until the engine sends a replica nothing new and it has finished what it has.

        An engine that is away sends nothing, and will read the files as they are then.
        """
        where, pause_s, calm = (unit, self._ports[replica]), _FIRST_LOOK_S, 0
        while calm < _CALM:
            try:
                host = await self._host(where)
            except UnansweredError:
                return
            if host is None:
                return
            calm = calm + 1 if host.draining and host.in_hand == 0 else 0
            await asyncio.sleep(_FIRST_LOOK_S if calm else pause_s)
            pause_s = min(pause_s * 2, _LONGEST_LOOK_S)

    async def _host(self, where: tuple[str, int]) -> Host | None:
        """How the engine sees a replica at this moment or later; many who wait ask once."""
        since = time.monotonic()
        async with self._asking:
            if self._asked_at < since:
                asked_at = time.monotonic()
                self._hosts = await self._admin.hosts()
                self._asked_at = asked_at
            return self._hosts.get(where)

    def _tell(self, trouble: str | None) -> None:
        if trouble is not None and trouble != self._trouble:
            self._note(Note(GATEWAY, "unwritten", trouble))
        self._trouble = trouble


def make_gateway(prepared: Prepared, note: Callable[[Note], None]) -> Gateway | None:
    """The gateway of a prepared system; None where no space serves an API."""
    if prepared.gateway is None:
        return None
    folder = ConfigFolder(prepared.layout.gateway)
    return Gateway(prepared.gateway, prepared.ports, folder, gateway_admin(prepared), note)


def gateway_admin(prepared: Prepared) -> Admin:
    """The private socket of the gateway of a prepared system."""
    return Admin(prepared.layout.gateway / ADMIN_SOCKET)
