"""Takes a system down, showing what is still alive; a Ctrl-C meanwhile kills what is left."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from spacectl.cli import output
from spacectl.cli.signals import counted
from spacectl.errors import NotRunningError, OtherVersionError, SilentError, SpacectlError
from spacectl.model.units import format_duration

if TYPE_CHECKING:
    from spacectl.core.adopting import Found
    from spacectl.model.layout import Layout
    from spacectl.model.report import PsReport, ReplicaReport

_PATIENCE_S = 2.0
"""How long to stop before saying what holds it up, and between saying so."""

_ANSWER_S = 5.0

_ENDING = "stopping"


def end(
    layout: Layout,
    ended: Callable[[], object],
    *,
    word: str,
    meanwhile: Callable[[], None] = lambda: None,
    limit_s: float = math.inf,
) -> list[Found]:
    """Ask for the end, and wait until everything of the system is gone.

    Args:
        layout: the system.
        ended: says whether the supervisor has gone (anything but None).
        word: what to say once Ctrl-C does what it says.
        meanwhile: called again and again while waiting.
        limit_s: what is left after so long is killed; without it, each replica has its own time to end.

    Returns:
        What the supervisor had left behind, because it was killed; it is gone now too.
    """
    with counted() as interrupts:
        output.say(word)
        ending = _Ending(layout, kills=lambda: interrupts.asked > 0, limit_s=limit_s)
        while ended() is None and not ending.has_successor():
            ending.go_on()
            meanwhile()
            time.sleep(0.02)
        return _end_leftovers(layout, hurry=lambda: interrupts.asked > 0 or ending.is_late)


def _end_leftovers(layout: Layout, hurry: Callable[[], bool]) -> list[Found]:
    from spacectl.wiring import leftovers
    from spacectl.wiring.start import try_take_lock

    lock = try_take_lock(layout)
    if lock is None:  # an `up` that waited for the end starts it again: what there is now is not left over
        return []
    with lock:
        return leftovers.end(layout, hurry=hurry)


class _Ending:
    def __init__(self, layout: Layout, kills: Callable[[], bool], limit_s: float) -> None:
        from spacectl.adapters.control.client import ControlClient

        self._layout = layout
        self._kills = kills
        self._limit_s = limit_s
        self._client = ControlClient(layout.control_socket, timeout_s=_ANSWER_S)
        self._asked: bool | None = None  # what the supervisor was asked for last: to kill, or not
        self._killing = False
        self._pid: int | None = None  # of the supervisor that was asked
        self._began = self._told_at = time.monotonic()

    @property
    def is_late(self) -> bool:
        """Whether it takes longer than it may."""
        return time.monotonic() - self._began >= self._limit_s

    def go_on(self) -> None:
        """Ask, if that is to be done; say who is still there, if it takes long."""
        if not self._killing and (self._kills() or self.is_late):
            self._killing = True
            output.say(f"not down within {format_duration(self._limit_s)}: killing …" if self.is_late else "killing …")
        try:
            if self._asked is None or self._killing > self._asked:
                self._ask()
            if time.monotonic() - self._told_at >= _PATIENCE_S:
                self._told_at = time.monotonic()
                self._tell_who()
        except SilentError:
            self._kill_supervisor()

    def has_successor(self) -> bool:
        """Whether the supervisor that was asked has gone, and another one holds the system already."""
        from spacectl.wiring.start import lock_holder

        return self._pid is not None and lock_holder(self._layout) not in {None, self._pid}

    def _ask(self) -> None:
        with suppress(NotRunningError):  # it does not listen yet, or no longer: ask again
            self._pid = self._pid or self._supervisor()
            self._client.shut_down(now=self._killing)
            self._asked = self._killing

    def _supervisor(self) -> int | None:
        from spacectl.wiring.start import lock_holder

        try:
            return self._client.report().supervisor_pid
        except OtherVersionError:  # but all understand that they are to end
            return lock_holder(self._layout)

    def _tell_who(self) -> None:
        with suppress(NotRunningError, OtherVersionError):
            left = still_there(self._client.report(), time.time())
            if left:
                output.say(f"still there after {time.monotonic() - self._began:.0f}s: {', '.join(left)}")

    def _kill_supervisor(self) -> None:
        from spacectl.wiring.start import kill_supervisor

        output.say(f"the supervisor has not answered for {_ANSWER_S:.0f}s: it is killed")
        if not kill_supervisor(self._layout):
            raise SpacectlError("the supervisor does not answer", hint=f"see {self._layout.supervisor_log}")


def still_there(ps: PsReport, now: float) -> list[str]:
    """Which replicas are not gone yet, and how long they have been in their state, in words.

    Args:
        ps: how everything stands.
        now: seconds since the epoch.
    """
    replicas = [replica for space in ps.spaces for replica in space.replicas]
    left = [
        f"{each.name} ({_state(each, now)})" for each in replicas if each.place is not None or each.state == _ENDING
    ]
    return left or ([f"bus ({ps.bus.state}, pid {ps.bus.pid})"] if ps.bus.pid is not None else [])


def _state(replica: ReplicaReport, now: float) -> str:
    who = replica.place or "its main process has ended"
    if replica.since is None or replica.state != _ENDING:
        return f"{replica.state}, {who}"
    return f"{replica.state} for {max(0.0, now - datetime.fromisoformat(replica.since).timestamp()):.0f}s, {who}"
