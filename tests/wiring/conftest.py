"""What the tests of the wiring share."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

DEADLINE_S = 30.0


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def eventually() -> Callable[[Callable[[], Awaitable[object]]], Awaitable[None]]:
    """Asks until the answer is true; it must become so within the deadline."""

    async def wait(fact: Callable[[], Awaitable[object]]) -> None:
        end = time.monotonic() + DEADLINE_S
        while not await fact():
            assert time.monotonic() < end, "it never became true"
            await asyncio.sleep(0.02)  # between two questions

    return wait
