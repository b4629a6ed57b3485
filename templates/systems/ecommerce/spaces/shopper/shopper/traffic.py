"""The stream of customers: they come at random, never too many at once, and a line says how it goes."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from random import Random

import httpx

from shopper.behaviour import gap_s, intent, visit
from shopper.customer import Customer
from shopper.settings import Settings
from shopper.shop import Shop
from shopper.tally import Count, Tally

REQUEST_TIMEOUT_S = 5.0
CONNECTIONS = 50


class Traffic:
    """Customers coming and going until the task is cancelled."""

    def __init__(self, settings: Settings, http: httpx.AsyncClient, say: Callable[[str], None]) -> None:
        self._settings = settings
        self._say = say
        self._tally = Tally()
        self._shop = Shop(http, settings.urls, self._tally, dice(f"{settings.seed}.pauses"))
        self._inside = 0

    async def run(self) -> None:
        """Let customers come, until cancelled; then say what the last summary did not."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._summaries())
            try:
                await self._arrivals(group)
            finally:
                self._say(self._tally.line(self._inside))

    async def _arrivals(self, group: asyncio.TaskGroup) -> None:
        rng = dice(f"{self._settings.seed}.arrivals")
        loop = asyncio.get_running_loop()
        due = loop.time()
        for number in itertools.count(1):
            # Against a schedule of its own, so that a slow loop does not thin the traffic out.
            due += gap_s(rng, self._settings.rate)
            await asyncio.sleep(max(0.0, due - loop.time()))
            if self._inside >= self._settings.max_customers:
                self._tally.add(Count.TURNED_AWAY)
                continue
            self._inside += 1
            self._tally.add(Count.CAME)
            group.create_task(self._customer(number))

    async def _customer(self, number: int) -> None:
        name = f"{self._settings.seed}.{number}"
        rng = dice(name)
        thoughts = visit(rng, intent(rng, self._settings.buyers), self._settings.think_s)
        try:
            await Customer(name, self._shop, rng, self._tally).visit(thoughts)
        finally:
            self._inside -= 1

    async def _summaries(self) -> None:
        while True:
            await asyncio.sleep(self._settings.summary_s)
            self._say(self._tally.line(self._inside))


def dice(seed: str) -> Random:
    """A source of chance that is the same for the same seed."""
    return Random(seed)  # noqa: S311  (customers are no secrets)


def make_client() -> httpx.AsyncClient:
    """The HTTP client all customers share."""
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    # A full pool is the driver's own limit, not the shop's fault: waiting for a connection has no timeout.
    return httpx.AsyncClient(limits=limits, timeout=httpx.Timeout(REQUEST_TIMEOUT_S, pool=None))
