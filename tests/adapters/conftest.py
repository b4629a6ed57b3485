"""What the tests of adapters share."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

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


@pytest.fixture
def lives() -> Callable[[int], bool]:
    """Whether a process lives; a zombie does not."""

    def look(pid: int) -> bool:
        try:
            stat = Path(f"/proc/{pid}/stat").read_bytes()
        except OSError:
            return False
        return stat[stat.rindex(b")") + 2 :].split()[0] not in {b"Z", b"X"}

    return look


@pytest.fixture
def open_descriptors() -> Callable[[], int]:
    """How many files this process holds open."""
    return lambda: sum(1 for _ in Path("/proc/self/fd").iterdir())
