"""Reads the engines' counters again and again, beside the loop, and hands on what follows from them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from spacectl.adapters.envoy.admin import Admin, UnansweredError
from spacectl.adapters.envoy.flow import read_calls
from spacectl.adapters.nats.client import connect
from spacectl.adapters.nats.flow import NatsFlow
from spacectl.adapters.nats.letters import LetterBox
from spacectl.core.flow import Flow, advance_bus, advance_gateway, declared_flow
from spacectl.errors import MachineError
from spacectl.model.flow_readings import BusReading, Declared

if TYPE_CHECKING:
    from nats.aio.client import Client

    from spacectl.model.bus import BusAccess
    from spacectl.model.system import System

_CONNECT_S = 10.0
_LETTERS_AT_ONCE = 200
"""Read at a look; more come with the next one, so that a flood of dead letters does not hold up the rest."""


class BusCounters:
    """Connections of their own to the bus, and what is read over them."""

    def __init__(self, access: BusAccess) -> None:
        self._access = access
        self._clients: list[Client] = []
        self._flow: NatsFlow | None = None
        self._letters: LetterBox | None = None

    async def read(self, declared: Declared, at: float) -> BusReading:
        """The counters now.

        Raises:
            MachineError: the bus is not there, or does not answer.
        """
        if any(client.is_closed for client in self._clients):
            await self.close()
        if self._flow is None or self._letters is None:
            self._flow, self._letters = await self._connect()
        reading = await self._flow.read(declared, at)
        if not declared.subscribes:
            return reading
        return replace(reading, dead=await self._letters.counts(at_most=_LETTERS_AT_ONCE))

    async def close(self) -> None:
        """Disconnect."""
        clients, self._clients = self._clients, []
        self._flow = self._letters = None
        for client in clients:
            await client.close()

    async def _connect(self) -> tuple[NatsFlow, LetterBox]:
        admin = await connect(self._access.admin_url, name="spacectl-flow", timeout_s=_CONNECT_S)
        self._clients.append(admin)
        system = None
        if self._access.system_url is not None:
            system = await connect(self._access.system_url, name="spacectl-flow", timeout_s=_CONNECT_S)
            self._clients.append(system)
        return NatsFlow(admin, system), LetterBox(admin, self._access.system)


class FlowPoller:
    """Follows the flow of a system.

    Args:
        access: how the bus is reached.
        gateway: the gateway's private socket; None where there is no gateway.
        system: gives the manifests of this moment, which may change while it runs.
        flowed: takes what moved until now, and what is declared.
    """

    def __init__(
        self,
        access: BusAccess,
        gateway: Admin | None,
        system: Callable[[], System],
        flowed: Callable[[Flow, Declared], None],
    ) -> None:
        self._bus = BusCounters(access)
        self._gateway = gateway
        self._system = system
        self._flowed = flowed
        self._flow = Flow()
        self._seen: System | None = None
        self._declared: Declared | None = None

    async def run(self) -> None:
        """Read, hand on, pause, for ever. An engine that is away is looked for again."""
        try:
            while True:
                begun = time.monotonic()
                await self.look()
                await asyncio.sleep(max(0.0, begun + self._system().manifest.flow.interval_s - time.monotonic()))
        finally:
            await self._bus.close()

    async def look(self) -> None:
        """Read once, as far as the engines are there."""
        declared = self._declared_now()
        await asyncio.gather(self._look_at_bus(declared), self._look_at_gateway())
        self._flowed(self._flow, declared)

    async def _look_at_bus(self, declared: Declared) -> None:
        try:
            reading = await self._bus.read(declared, time.monotonic())
        except MachineError as error:
            if self._flow.bus is not None:
                self._flow = replace(self._flow, bus=replace(self._flow.bus, unseen=(f"the bus: {error.message}",)))
        else:
            self._flow = advance_bus(self._flow, reading, declared)

    async def _look_at_gateway(self) -> None:
        if self._gateway is None:
            return
        try:
            reading = await read_calls(self._gateway, time.monotonic())
        except UnansweredError:
            return  # it is being started: what it counted until then is kept
        self._flow = advance_gateway(self._flow, reading)

    def _declared_now(self) -> Declared:
        system = self._system()
        if self._declared is None or system is not self._seen:
            self._seen, self._declared = system, declared_flow(system)
        return self._declared
