"""Connects to the bus, quietly and with a deadline, and asks which subjects its streams hold."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import nats.errors
from nats.aio.client import Client, ErrorCallback

from spacectl.adapters.nats import load_websockets
from spacectl.errors import MachineError
from spacectl.model.bus import OWNER_KEY, REPLAY_SUBJECT

if TYPE_CHECKING:
    from nats.js.api import StreamInfo

_RETRY_S = 0.1
_WEBSOCKETS = frozenset({"ws", "wss"})


async def connect(url: str, *, name: str, timeout_s: float) -> Client:
    """A connection that, once made, comes back by itself whenever the server does.

    Args:
        url: address with credentials.
        name: what the server's monitoring shows; one token of a subject.
        timeout_s: how long the server may take to be there.

    Raises:
        MachineError: it is not there in time, refuses the credentials, or the address is none.
    """
    if urlsplit(url).scheme in _WEBSOCKETS:
        load_websockets()
    last: list[Exception] = []

    async def note(error: Exception) -> None:  # instead of printing it with a traceback, as the client would
        last[:] = [error]

    try:
        async with asyncio.timeout(timeout_s):
            return await _patiently(url, name, note)
    except TimeoutError:
        why = f": {_reason(last[0])}" if last else ""
        raise MachineError(f"the bus does not answer at {_address(url)}{why}") from None


@asynccontextmanager
async def connected(url: str, *, name: str, timeout_s: float) -> AsyncIterator[Client]:
    """The same as `connect`, closed at the end."""
    client = await connect(url, name=name, timeout_s=timeout_s)
    try:
        yield client
    finally:
        await client.close()


async def declared_subjects(client: Client, system: str, *, timeout_s: float = 5.0) -> dict[str, tuple[str, ...]]:
    """The subjects of each stream of a system, by the name of the stream.

    Raises:
        MachineError: the bus does not answer, or has no streams.
    """
    js = client.jsm(timeout=timeout_s)
    streams: list[StreamInfo] = []
    try:
        while page := await js.streams_info(offset=len(streams)):
            streams += page
    except (nats.errors.Error, TimeoutError) as error:
        raise MachineError(f"the bus does not list its streams: {error}") from error
    configs = [stream.config for stream in streams if _concerns(stream, system)]
    return {config.name: tuple(config.subjects or ()) for config in configs if config.name}


def _concerns(stream: StreamInfo, system: str) -> bool:
    owner = (stream.config.metadata or {}).get(OWNER_KEY)
    # Key-value and object stores, dead letters and their copies are no events of a space.
    inner = any(subject.startswith(("$", REPLAY_SUBJECT)) for subject in stream.config.subjects or ())
    return not inner and owner in (system, None)


async def _patiently(url: str, name: str, note: ErrorCallback) -> Client:
    while True:
        client = Client()
        try:
            await client.connect(
                url,
                name=name,
                error_cb=note,
                allow_reconnect=False,  # not before it has connected: until then a failure is an exception
                max_reconnect_attempts=-1,
                reconnect_time_wait=_RETRY_S,  # type: ignore[arg-type]  # any number of seconds will do
                inbox_prefix=f"_INBOX.{name}",
            )
        except (OSError, nats.errors.Error) as error:
            await _dispose(client)
            _raise_if_hopeless(error, url)
            await asyncio.sleep(_RETRY_S)
        except BaseException:
            await _dispose(client)
            raise
        else:
            client.options["allow_reconnect"] = True
            return client


async def _dispose(client: Client) -> None:
    # A login that was refused leaves its socket open; a client that never got that far cannot be closed.
    if client.is_connecting or client.is_connected:
        await client.close()


def _raise_if_hopeless(error: Exception, url: str) -> None:
    said = str(error).lower()
    if "authorization violation" in said:
        raise MachineError(f"the bus at {_address(url)} refuses the user or password") from error
    if "url" in said:
        raise MachineError(f'"{_address(url)}" is not the address of a bus', hint="write nats://HOST:PORT") from error


def _reason(error: Exception) -> str:
    # asyncio words a refused connection as "Connect call failed", with the address again.
    return os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)


def _address(url: str) -> str:
    return url.rpartition("@")[2].removeprefix("nats://").removeprefix("tls://")
