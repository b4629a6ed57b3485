"""HTTP clients of the spaces this one calls."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from .settings import variable

TIMEOUT_S = 5.0


class UnreachableError(Exception):
    """A space that was called did not answer, or answered that it cannot."""

    def __init__(self, callee: str, why: str) -> None:
        super().__init__(f"{callee} does not answer: {why}")


class Callees:
    """One client for each callee, with connections that are kept.

    Args:
        urls: base URLs by the name of the space; empty where none is known.
        transport: in place of the network, for tests.
    """

    def __init__(self, urls: Mapping[str, str], transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._urls = urls
        self._transport = transport
        self._clients: dict[str, httpx.AsyncClient] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The spaces that can be called."""
        return tuple(self._urls)

    async def get(self, callee: str, path: str) -> httpx.Response:
        """Asks a space for something.

        Args:
            callee: its name.
            path: begins with a slash.

        Returns:
            Its answer, which may be a refusal (4xx).

        Raises:
            UnreachableError: no answer, or a failure on its side (5xx).
        """
        try:
            answer = await self._client(callee).get(path)
        except httpx.TransportError as error:
            raise UnreachableError(callee, str(error) or type(error).__name__) from error
        if answer.is_server_error:
            raise UnreachableError(callee, f"HTTP {answer.status_code}")
        return answer

    async def close(self) -> None:
        """Closes all connections."""
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()

    def _client(self, callee: str) -> httpx.AsyncClient:
        if callee not in self._clients:
            if not self._urls[callee]:
                raise UnreachableError(callee, f"{variable(callee)} is not set")
            self._clients[callee] = httpx.AsyncClient(
                base_url=self._urls[callee], timeout=TIMEOUT_S, transport=self._transport
            )
        return self._clients[callee]
