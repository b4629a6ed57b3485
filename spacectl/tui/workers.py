"""What runs beside the screens: it follows the supervisor, the logs and the bus, and tells what comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from typing import TypeVar

from spacectl.errors import NotRunningError, SpacectlError
from spacectl.model.log_line import LogLine
from spacectl.model.message import Message, Skipped
from spacectl.tui.ports import Feed, Logs, Tap, Told

T = TypeVar("T")

AGAIN_S = 0.5
"""Until a supervisor or a bus that has gone is asked again."""

FRAME_S = 0.05
"""Within that time what comes is drawn once."""


async def follow_feed(feed: Feed, hear: Callable[[Told], None], gone: Callable[[], None]) -> None:
    """Tell what the supervisor tells, as long as the cockpit is open."""
    while True:
        try:
            async with aclosing(feed()) as values:
                async for value in values:
                    hear(value)
        except NotRunningError:
            pass
        gone()
        await asyncio.sleep(AGAIN_S)


async def follow_logs(logs: Logs, since_s: float | None, add: Callable[[list[LogLine]], None]) -> None:
    """Tell what is written."""
    async with aclosing(logs(since_s)) as batches:
        async for lines in batches:
            add(lines)
            await asyncio.sleep(FRAME_S)


async def follow_bus(
    tap: Tap,
    subjects: tuple[str, ...],
    add: Callable[[list[Message | Skipped]], None],
    tell: Callable[[str], None],
) -> None:
    """Tell what passes, many at a time; asked for no faster than it can be drawn."""
    while True:
        try:
            async with aclosing(tap(subjects)) as messages:
                await _in_frames(messages, add)
        except SpacectlError as error:
            tell(error.message)
        await asyncio.sleep(AGAIN_S)


async def _in_frames(values: AsyncGenerator[T, None], add: Callable[[list[T]], None]) -> None:
    clock = asyncio.get_running_loop().time
    held: list[T] = []
    drawn_at = clock()
    coming = asyncio.ensure_future(anext(values))
    try:
        while True:
            await asyncio.wait({coming}, timeout=FRAME_S)
            if coming.done():
                try:
                    held.append(coming.result())
                except StopAsyncIteration:
                    return
                coming = asyncio.ensure_future(anext(values))
            if held and clock() >= drawn_at + FRAME_S:
                add(held)
                held, drawn_at = [], clock()
                await asyncio.sleep(0)
    finally:
        coming.cancel()
        while (
            not coming.done()
        ):  # cancelled again meanwhile, as at the end: what is closed after it must not run any more
            with suppress(asyncio.CancelledError):
                await asyncio.wait({coming})
        if held:
            add(held)
