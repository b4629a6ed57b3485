"""Ending tasks for certain.

One cancellation may not be enough: in Python 3.11 `wait_for` loses one that arrives together with the result, and the
client of the bus takes one as a reason to stop waiting, not to stop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine
from typing import Any

AGAIN_S = 0.05


async def end(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancels tasks until all of them have ended."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=AGAIN_S)


async def within(limit_s: float, work: Coroutine[Any, Any, None], *, ignore: tuple[type[Exception], ...]) -> None:
    """Lets work run for so long, then ends it.

    Args:
        limit_s: how long, in seconds.
        work: what to do.
        ignore: errors that may be; others are raised.
    """
    task = asyncio.ensure_future(work)
    _, left = await asyncio.wait({task}, timeout=limit_s)
    await end(left)
    error = None if task.cancelled() else task.exception()
    if error is not None and not isinstance(error, ignore):
        raise error
