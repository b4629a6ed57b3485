"""What the tests of the runtime share."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

DEADLINE_S = 20.0


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], Awaitable[None]]:
    """Waits, while the loop runs, until something is true; it must become so within the deadline."""

    async def wait(fact: Callable[[], object]) -> None:
        end = time.monotonic() + DEADLINE_S
        while not fact():
            assert time.monotonic() < end, "it never became true"
            await asyncio.sleep(0.005)  # between two looks

    return wait
