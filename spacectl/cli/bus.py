"""Reaches the bus of the running system; `tap` and `send` import it only when they run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from nats.aio.client import Client

from spacectl.adapters.folders import find_system
from spacectl.adapters.nats.client import connect, declared_subjects
from spacectl.adapters.private_files import read_access
from spacectl.errors import MachineError, NotRunningError

CONNECT_S = 2.0


@dataclass(frozen=True, slots=True)
class RunningBus:
    """A connection to the bus of a running system, and the subjects each of its streams holds."""

    system: str
    client: Client
    declared: dict[str, tuple[str, ...]]


@asynccontextmanager
async def running_bus(system: Path | None, name: str) -> AsyncIterator[RunningBus]:
    """Connect to the bus of the system in a folder, by default the one around the working folder.

    Args:
        system: the folder, where one is named.
        name: what the command is called in the list of the bus's connections.

    Raises:
        NotRunningError: there is no system, it is not running, or its bus does not answer within two seconds.
    """
    access = read_access(find_system(system).bus_access)
    try:
        client = await connect(access.admin_url, name=name, timeout_s=CONNECT_S)
    except MachineError as error:
        hint = "start it with `spacectl up`"
        raise NotRunningError(f"no system is running here: {error.message}", hint=hint) from error
    try:
        yield RunningBus(access.system, client, await declared_subjects(client, access.system))
    finally:
        await client.close()
