"""Owns the tasks that run beside the loop.

Like `asyncio.TaskGroup`, but it ends when its main task does, and it does not wait for tasks that ignore their
cancellation: nats-py swallows it while it connects, and a bus that is gone would hold up the end for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

_PATIENCE_S = 0.5


class Crew:
    """Tasks with one owner; the first that fails fails the whole."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def create_task(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run something beside the main task."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def run(self, main: Coroutine[None, None, None]) -> None:
        """Run the main task to its end, then cancel all others.

        Raises:
            Exception: whatever the first task to fail raised.
        """
        task = self.create_task(main)
        try:
            await asyncio.wait((task, self._failure), return_when=asyncio.FIRST_COMPLETED)
        finally:
            await self._dismiss()
        if self._failure.done():
            self._failure.result()

    async def _dismiss(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_PATIENCE_S)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not self._failure.done():
            self._failure.set_exception(error)
