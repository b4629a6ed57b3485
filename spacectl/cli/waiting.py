"""Waits for facts about a running system, showing meanwhile how it comes along."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from spacectl.cli import output
from spacectl.errors import NotRunningError, SpacectlError

if TYPE_CHECKING:
    from rich.live import Live

    from spacectl.adapters.control.client import ControlClient
    from spacectl.model.layout import Layout
    from spacectl.model.report import Change, PsReport

_GONE = object()
_TROUBLE = frozenset({"unhealthy", "backoff", "failed"})
_WORTH_TELLING = _TROUBLE | {"ready", "completed"}
"""What somebody who reads lines, and not a table, wants to know of; the way there is in the supervisor's log."""

_COMING = frozenset({"waiting", "starting"})

_LONG_BUILD_S = 2.0
_TELL_AGAIN_S = 10.0


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

    def so_far(self) -> Iterator[Change]:
        """Every change that is there already."""
        with suppress(queue.Empty):
            while True:
                change = self._queue.get_nowait()
                if change is not _GONE and not isinstance(change, SpacectlError):
                    yield change  # type: ignore[misc]

    def _read(self, client: ControlClient) -> None:
        try:
            for change in client.changes():
                self._queue.put(change)
        except SpacectlError as error:
            self._queue.put(error)
        self._queue.put(_GONE)


class Board:
    """Shows how a system comes along: a table that is redrawn on a terminal, a line for what matters elsewhere.

    Args:
        layout: the system.
        spaces: only these, and only their troubles; all that there is when None.
    """

    def __init__(self, layout: Layout, spaces: Collection[str] | None = None) -> None:
        self._layout = layout
        self._spaces = spaces
        self._live = _live()
        self._ps: PsReport | None = None
        self._seen: dict[str, str] = {}
        self._build_told_at: dict[str, float] = {}
        self._told_at = time.monotonic()

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.update("", refresh=True)  # a last frame that is higher than the terminal could not be taken back
            self._live.stop()

    def show(self, ps: PsReport) -> None:
        """Show how things stand now."""
        self._ps = ps
        self.tick()
        if self._live is None:
            for name, state, reason in self._states(ps):
                self._tell(name, state, reason)

    def tick(self) -> None:
        """Show what goes on where no state changes: the last line that each build wrote."""
        if self._ps is None:
            return
        if self._live is None:
            self._tell_builds(self._ps)
            self._tell_waiting(self._ps)
            return
        from rich.console import Group

        from spacectl.view.ps import headline, table

        width = output.console(stderr=True).width
        shown = self._with_build_lines(self._ps)
        self._live.update(Group(headline(shown), table(shown, width=width)), refresh=True)

    def _states(self, ps: PsReport) -> Iterator[tuple[str, str, str | None]]:
        from spacectl.view.verdict import engines

        if self._spaces is None:
            yield from ((name, engine.state, engine.reason) for name, engine in engines(ps).items())
        for space in ps.spaces:
            if self._spaces is None or space.name in self._spaces:
                yield from ((each.name, each.state, each.reason) for each in space.replicas)

    def _tell(self, name: str, state: str, reason: str | None) -> None:
        known = self._seen.get(name)
        self._seen[name] = state
        if known != state and state in (_WORTH_TELLING if self._spaces is None else _TROUBLE):
            self._told_at = time.monotonic()
            output.say(f"{name}: {state}" + (f" ({reason})" if reason else ""))

    def _tell_builds(self, ps: PsReport) -> None:
        now = time.monotonic()
        for space in ps.spaces:
            if space.state != "building":
                self._build_told_at.pop(space.name, None)
            elif now >= self._build_told_at.setdefault(space.name, now + _LONG_BUILD_S):
                self._build_told_at[space.name] = now + _TELL_AGAIN_S
                line = self._last_build_line(space.name)
                output.say(f"{space.name}: building" + (f": {line}" if line else ""))

    def _tell_waiting(self, ps: PsReport) -> None:
        if self._spaces is not None or time.monotonic() - self._told_at < _TELL_AGAIN_S:
            return
        self._told_at = time.monotonic()
        coming = [each for each in self._states(ps) if each[1] in _COMING]
        if coming:
            output.say(
                "still " + ", ".join(f"{state}: {name}{f' ({why})' if why else ''}" for name, state, why in coming)
            )

    def _with_build_lines(self, ps: PsReport) -> PsReport:
        spaces = []
        for space in ps.spaces:
            line = self._last_build_line(space.name) if space.state == "building" else None
            replicas = [each.model_copy(update={"reason": line}) if line else each for each in space.replicas]
            spaces.append(space.model_copy(update={"replicas": tuple(replicas)}))
        return ps.model_copy(update={"spaces": tuple(spaces)})

    def _last_build_line(self, space: str) -> str | None:
        from spacectl.adapters.log_lines import last_lines
        from spacectl.view.lines import printable

        lines, _ = last_lines(self._layout.log(f"{space}.build"), 1)
        return printable(lines[0]).strip() if lines else None


def _live() -> Live | None:
    console = output.console(stderr=True)
    if not console.is_terminal or console.is_dumb_terminal:
        return None
    from rich.live import Live

    return Live(console=console, auto_refresh=False, transient=True)


def wait_for(
    changes: Changes, done: Callable[[PsReport], bool], *, deadline: float, board: Board
) -> tuple[PsReport | None, bool]:
    """Wait until a report says what is waited for.

    Returns:
        The last report, and whether it says so.
    """
    last: PsReport | None = None
    for change in changes.until(deadline):
        if change is None:
            board.tick()
        elif change.ps is not None:
            last = change.ps
            board.show(last)
            if done(last):
                return last, True
    return last, False
