"""The shop's APIs over HTTP: a request is tried again while its space is away, with growing pauses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from random import Random
from typing import Any

import httpx

from shopper.tally import Count, Tally

TRIES = 5
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 3.0
AWAY = frozenset({httpx.codes.BAD_GATEWAY, httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.GATEWAY_TIMEOUT})


class GaveUpError(Exception):
    """A space did not answer, however often it was asked."""


class RefusedError(Exception):
    """A space understood the request and said no: the product is gone, the cart is empty, it is too late."""


class Shop:
    """The shop as one of its customers uses it. Every request is one that may be sent twice."""

    def __init__(self, http: httpx.AsyncClient, urls: Mapping[str, str], tally: Tally, rng: Random) -> None:
        self._http = http
        self._urls = urls
        self._tally = tally
        self._rng = rng

    async def ask(
        self,
        method: str,
        space: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> Any:
        """The JSON of the answer.

        Raises:
            GaveUpError: no answer after several tries.
            RefusedError: the answer is a no.
        """
        for attempt in range(TRIES):
            response = await self._once(method, f"{self._urls[space]}{path}", body, params)
            if response is None:
                await asyncio.sleep(self._pause_s(attempt))
            elif response.is_success:
                return response.json()
            else:
                raise RefusedError(f"{method} {space}{path}: {response.status_code} {response.text[:200]}")
        raise GaveUpError(f"{method} {space}{path}: no answer after {TRIES} tries")

    async def _once(
        self, method: str, url: str, body: Mapping[str, Any] | None, params: Mapping[str, Any] | None
    ) -> httpx.Response | None:
        started = time.perf_counter()
        try:
            response = await self._http.request(method, url, json=body, params=params)
        except httpx.TransportError:
            self._tally.add(Count.ERRORS)
            return None
        self._tally.answered(time.perf_counter() - started)
        if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            self._tally.add(Count.ERRORS)
        return None if response.status_code in AWAY else response

    def _pause_s(self, attempt: int) -> float:
        # Full jitter: customers who failed together must not come back together.
        return self._rng.uniform(0, min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**attempt))
