"""Reads logs while they are shown, and watches the bus while its messages are: neither costs anything otherwise."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

from textual.worker import Worker

from spacectl.tui.deck import Deck
from spacectl.tui.panes.logs import LogsPane
from spacectl.tui.panes.messages import MessagesPane
from spacectl.tui.panes.pane import Pane
from spacectl.tui.workers import follow_bus, follow_logs

T = TypeVar("T")

_BEFORE_S = 2.0
"""Of the logs that is read before a time that is sought."""


class Sources:
    """What is read for the screens."""

    def __init__(self, deck: Deck) -> None:
        self._deck = deck
        self._running: dict[str, Worker[None]] = {}

    def serve(self, pane: Pane | None) -> None:
        """Read what this screen shows, and nothing else; nothing at all for none."""
        name = "" if pane is None else pane.NAME
        for other in self._running.keys() - {name}:
            self._stop(other)
        if name in self._running:
            return
        match pane:
            case MessagesPane():
                take, tell = self._drawn(pane.add), self._drawn(pane.tell)
                self._run(name, partial(follow_bus, self._deck.cockpit.tap, pane.subjects, take, tell))
            case LogsPane():
                pane.clear()
                self._run(name, partial(follow_logs, self._deck.cockpit.logs, None, self._drawn(pane.add)))

    def watch(self, pane: MessagesPane, subjects: tuple[str, ...]) -> None:
        """Show these subjects only; all where none is given."""
        self._stop(pane.NAME)
        pane.of(subjects)
        self.serve(pane)

    def seek(self, pane: LogsPane, time_s: float) -> None:
        """Read the logs from shortly before a time on (s since 1970), and go to it."""
        self._stop(pane.NAME)
        pane.clear()
        pane.seek(time_s)
        self._run(pane.NAME, partial(follow_logs, self._deck.cockpit.logs, time_s - _BEFORE_S, self._drawn(pane.add)))

    def _drawn(self, take: Callable[[T], None]) -> Callable[[T], None]:
        """Takes something in, and tells of it around the screen."""

        def both(value: T) -> None:
            take(value)
            self._deck.tell_around()

        return both

    def _run(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._running[name] = self._deck.beside(name, work)

    def _stop(self, name: str) -> None:
        worker = self._running.pop(name, None)
        if worker is not None:
            worker.cancel()
