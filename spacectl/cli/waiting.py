"""Waits for facts about a running system, showing meanwhile how it comes along."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Self

from spacectl.cli import output
from spacectl.errors import NotRunningError, SpacectlError

if TYPE_CHECKING:
    from spacectl.adapters.control.client import ControlClient
    from spacectl.model.report import Change, PsReport

_GONE = object()


class Changes:
    """The change feed of a supervisor, read by a thread so that waiting for it can have a limit."""

    def __init__(self, client: ControlClient) -> None:
        self._queue: queue.Queue[object] = queue.Queue()
        threading.Thread(target=self._read, args=(client,), daemon=True).start()

    def until(self, deadline: float | None, *, pause_s: float = 0.25) -> Iterator[Change | None]:
        """Every change up to a deadline (monotonic seconds); None now and then when nothing changes.

        Raises:
            NotRunningError: the supervisor has gone.
        """
        while deadline is None or time.monotonic() < deadline:
            try:
                change = self._queue.get(timeout=pause_s)
            except queue.Empty:
                yield None
                continue
            if isinstance(change, SpacectlError):
                raise change
            if change is _GONE:
                raise NotRunningError("the supervisor has ended")
            yield change  # type: ignore[misc]

    def _read(self, client: ControlClient) -> None:
        try:
            for change in client.changes():
                self._queue.put(change)
        except SpacectlError as error:
            self._queue.put(error)
        self._queue.put(_GONE)


class Board:
    """Shows states as they change: a table that is redrawn on a terminal, a line for each change elsewhere."""

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}
        self._live = None
        console = output.console(stderr=True)
        if console.is_terminal:
            from rich.live import Live

            self._live = Live(console=console, auto_refresh=True, refresh_per_second=8, transient=True)

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, ps: PsReport) -> None:
        """Show how things stand now."""
        if self._live is not None:
            from rich.console import Group

            from spacectl.view.ps import headline, table

            self._live.update(Group(headline(ps), table(ps, width=output.console(stderr=True).width)))
        for space in ps.spaces:
            for replica in space.replicas:
                self._tell(replica.name, replica.state, replica.reason)
        self._tell("bus", ps.bus.state, ps.bus.reason)

    def _tell(self, name: str, state: str, reason: str | None) -> None:
        known = self._seen.get(name)
        self._seen[name] = state
        if self._live is None and known != state and not (known is None and state == "stopped"):
            output.say(f"{name}: {state}" + (f" ({reason})" if reason else ""))


def wait_for(
    changes: Changes, done: Callable[[PsReport], bool], *, deadline: float, board: Board
) -> tuple[PsReport | None, bool]:
    """Wait until a report says what is waited for.

    Returns:
        The last report, and whether it says so.
    """
    last: PsReport | None = None
    for change in changes.until(deadline):
        if change is None or change.ps is None:
            continue
        last = change.ps
        board.show(last)
        if done(last):
            return last, True
    return last, False
