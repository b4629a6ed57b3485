"""Asks a running engine over its Unix socket: whether it is ready, where it listens, whom it knows.

The questions: https://www.envoyproxy.io/docs/envoy/latest/operations/admin

The standard library reads the answers: the supervisor would pay for the import of httpx with a fifth of a second of its
start.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

if TYPE_CHECKING:
    import socket

_UNIX_PATH_MAX = 100  # sun_path holds 108 bytes (unix(7)); a little is kept free
_TIMEOUT_S = 2.0


class UnansweredError(Exception):
    """The engine is not there, or does not answer."""


class Admin:
    """The engine's private socket."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def is_live(self) -> bool:
        """Whether it has read its configuration and takes connections.

        Raises:
            UnansweredError: it does not answer.
        """
        status, _ = await self._get("/ready")
        return status == http.client.OK

    async def listeners(self) -> frozenset[str]:
        """The names of what it listens with.

        Raises:
            UnansweredError: it does not answer.
        """
        told = await self._json("/listeners?format=json")
        return frozenset(each["name"] for each in told.get("listener_statuses", ()))

    async def replicas(self) -> frozenset[tuple[str, int]]:
        """The space and port of every replica that it sends requests to.

        Raises:
            UnansweredError: it does not answer.
        """
        told = await self._json("/clusters?format=json")
        return frozenset(
            (cluster["name"], host["address"]["socket_address"]["port_value"])
            for cluster in told.get("cluster_statuses", ())
            for host in cluster.get("host_statuses", ())
        )

    async def stats(self, pattern: str) -> Any:
        """What it counted under names that match a regular expression (RE2), as it tells it; of what was used only.

        Raises:
            UnansweredError: it does not answer.
        """
        return await self._json(f"/stats?usedonly&format=json&filter={quote(pattern)}")

    async def _json(self, path: str) -> Any:
        _, answer = await self._get(path)
        try:
            return json.loads(answer)
        except ValueError as error:
            raise UnansweredError(f"{path}: the answer is not JSON") from error

    async def _get(self, path: str) -> tuple[int, bytes]:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                with _short_path(self._path) as short:
                    reader, writer = await asyncio.open_unix_connection(short)
                with contextlib.closing(writer):
                    writer.write(f"GET {path} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n".encode())
                    return _read(await reader.read())
        except (TimeoutError, OSError, http.client.HTTPException) as error:
            raise UnansweredError(f"{path}: {error or type(error).__name__}") from error


class _Received:
    """All that came over a connection; of a socket, `http.client` uses nothing else."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)


def _read(data: bytes) -> tuple[int, bytes]:
    response = http.client.HTTPResponse(cast("socket.socket", _Received(data)))
    response.begin()
    return response.status, response.read()


@contextlib.contextmanager
def _short_path(path: Path) -> Iterator[str]:
    """A name of the same socket that fits into an address, however deep its folder lies; valid inside the context."""
    if len(os.fsencode(path)) < _UNIX_PATH_MAX:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
