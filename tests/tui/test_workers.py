"""What runs beside the screens ends in order, however often it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from spacectl.errors import MachineError
from spacectl.tui.workers import follow_bus

pytestmark = pytest.mark.anyio
DEADLINE_S = 20.0


async def test_a_tap_that_is_told_twice_to_end_closes_in_order() -> None:
    begun, closing, closed = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def tap(_: tuple[str, ...]) -> AsyncGenerator[Any, None]:
        try:
            begun.set()
            await asyncio.Event().wait()
            yield None
        finally:
            closing.set()
            await asyncio.sleep(0.05)  # it tells the bus
            closed.set()

    async with asyncio.timeout(DEADLINE_S):
        task = asyncio.ensure_future(follow_bus(tap, (), lambda _: None, lambda _: None))
        await begun.wait()
        task.cancel()
        await closing.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert closed.is_set()


async def test_a_bus_that_is_away_is_told_of_and_asked_again() -> None:
    told: list[str] = []
    seen: list[Any] = []
    came = asyncio.Event()

    async def tap(_: tuple[str, ...]) -> AsyncGenerator[Any, None]:
        if not told:
            raise MachineError("the bus is away")
        yield "message"
        await asyncio.Event().wait()

    def add(values: list[Any]) -> None:
        seen.extend(values)
        came.set()

    async with asyncio.timeout(DEADLINE_S):
        task = asyncio.ensure_future(follow_bus(tap, (), add, told.append))
        await came.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert (told, seen) == (["the bus is away"], ["message"])
