"""Tells many listeners what changed: first the whole, then changes; a slow one loses notes, never the present."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable

from spacectl.model.flow import FlowReport
from spacectl.model.report import Change, Noted, PsReport

_NOTES_KEPT = 1000
_PAUSE_S = 0.05
"""Changes closer together than this are told as one."""


class Feed:
    """The change feed of one system.

    Args:
        snapshot: makes the report of this moment.
        flow: makes the report of what moves.
    """

    def __init__(self, snapshot: Callable[[], PsReport], flow: Callable[[], FlowReport]) -> None:
        self._snapshot = snapshot
        self._flow = flow
        self._listeners: set[_Listener] = set()

    def changed(self) -> None:
        """The state is another one."""
        for listener in self._listeners:
            listener.stale = True
            listener.wake.set()

    def noted(self, note: Noted) -> None:
        """Something happened."""
        for listener in self._listeners:
            listener.notes.append(note)
            listener.wake.set()

    def flowed(self) -> None:
        """The engines' counters were read again."""
        for listener in self._listeners:
            if listener.wants_flow:
                listener.flowed = True
                listener.wake.set()

    async def listen(self, *, flow: bool = False) -> AsyncIterator[Change]:
        """The system as it is, then every change, as long as someone listens; what moves too if asked for."""
        listener = _Listener(wants_flow=flow)
        self._listeners.add(listener)
        try:
            while True:
                await listener.wake.wait()
                listener.wake.clear()
                while listener.notes:
                    yield Change(note=listener.notes.popleft())
                if listener.stale:
                    listener.stale = False
                    yield Change(ps=self._snapshot())
                if listener.flowed:
                    listener.flowed = False
                    yield Change(flow=self._flow())
                await asyncio.sleep(_PAUSE_S)
        finally:
            self._listeners.discard(listener)


class _Listener:
    def __init__(self, *, wants_flow: bool) -> None:
        self.wants_flow = wants_flow
        self.flowed = wants_flow
        self.wake = asyncio.Event()
        self.wake.set()
        self.stale = True
        self.notes: deque[Noted] = deque(maxlen=_NOTES_KEPT)
