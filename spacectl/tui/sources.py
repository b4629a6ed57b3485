"""Reads logs while they are shown, and watches the bus while its messages are: neither costs anything otherwise."""

from __future__ import annotations

from typing import Any

from textual.worker import Worker

from spacectl.tui.deck import Deck
from spacectl.tui.panes.logs import LogsPane
from spacectl.tui.panes.messages import MessagesPane
from spacectl.tui.panes.pane import Pane
from spacectl.tui.workers import follow_bus, follow_logs

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
                self._run(name, follow_bus(self._deck.cockpit.tap, pane.subjects, pane.add, pane.tell))
            case LogsPane():
                pane.clear()
                self._run(name, follow_logs(self._deck.cockpit.logs, None, pane.add))

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
        self._run(pane.NAME, follow_logs(self._deck.cockpit.logs, time_s - _BEFORE_S, pane.add))

    def _run(self, name: str, work: Any) -> None:
        self._running[name] = self._deck.run_worker(work, name=name)

    def _stop(self, name: str) -> None:
        worker = self._running.pop(name, None)
        if worker is not None:
            worker.cancel()
