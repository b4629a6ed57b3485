"""The one loop: it alone holds the state, and everything else sends it events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress

from spacectl.core.settle import next_wake
from spacectl.core.step import finished, step
from spacectl.model.actions import Action, Note
from spacectl.model.events import Event, Tick
from spacectl.model.state import State

Clock = Callable[[], float]
"""Seconds of the machine's monotonic clock."""


class Loop:
    """Takes events one by one, decides with the pure core, and hands on the actions.

    Args:
        state: how things stand at first.
        clock: the monotonic clock.
        perform: does one action in the world; must not block, and answers through `post`.
        changed: is told of every new state.
    """

    def __init__(
        self,
        state: State,
        clock: Clock,
        perform: Callable[[Action, State], None],
        changed: Callable[[State], None],
    ) -> None:
        self.state = state
        self._clock = clock
        self._perform = perform
        self._changed = changed
        self._events: asyncio.Queue[Event] = asyncio.Queue()

    def post(self, event: Event) -> None:
        """Tell the loop that something happened."""
        self._events.put_nowait(event)

    async def run(self) -> None:
        """Run until the system is told to shut down and all of it is gone."""
        while not finished(self.state):
            self._take(await self._next())

    async def _next(self) -> Iterable[Event]:
        wake = next_wake(self.state)
        with suppress(TimeoutError):
            async with asyncio.timeout(None if wake is None else max(0.0, wake - self._clock())):
                first = await self._events.get()
            waiting = [self._events.get_nowait() for _ in range(self._events.qsize())]
            return [first, *waiting]
        return [Tick()]

    def _take(self, events: Iterable[Event]) -> None:
        before = self.state
        for event in events:
            self.state, actions = step(self.state, event, self._clock())
            for action in sorted(actions, key=_is_talk):  # what is to be done does not wait for what is told
                self._perform(action, self.state)
        if self.state.units is not before.units or self.state.closing != before.closing:
            self._changed(self.state)


def _is_talk(action: Action) -> bool:
    return isinstance(action, Note)
