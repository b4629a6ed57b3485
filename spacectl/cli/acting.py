"""`start`, `stop` and `restart`: ask, wait, and say what came of it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from spacectl.cli import output
from spacectl.cli.options import seconds
from spacectl.errors import NotReadyError

if TYPE_CHECKING:
    from spacectl.model.layout import Layout
    from spacectl.model.report import PsReport

Verb = Literal["start", "stop", "restart"]
_DONE = {"start": "ready", "stop": "stopped", "restart": "restarted"}


def act(verb: Verb, names: tuple[str, ...], *, timeout: str, system: Path | None) -> None:
    """Ask the supervisor, then wait until the spaces are where they were asked to be, or cannot get there.

    Raises:
        NotRunningError: no system is running.
        UsageError: a name that is not known.
        NotReadyError: they did not get there, or not in time.
    """
    from spacectl.adapters.control.client import ControlClient
    from spacectl.adapters.folders import find_system
    from spacectl.cli.endings import report_of
    from spacectl.cli.waiting import Board, Changes, wait_for
    from spacectl.view.verdict import resting, settled

    layout = find_system(system)
    limit_s = seconds(timeout)
    client = ControlClient(layout.control_socket)
    before = report_of(client, layout)
    accepted = getattr(client, verb)(names)
    done = resting if verb == "stop" else settled

    def arrived(ps: PsReport) -> bool:
        taken_up = verb != "restart" or _taken_up(before, ps, accepted.spaces) or _given_up(before, ps, accepted.spaces)
        return taken_up and done(ps, accepted.spaces)

    with Board(layout, accepted.spaces) as board:
        last, reached = wait_for(Changes(client), arrived, deadline=time.monotonic() + limit_s, board=board)
    _conclude(verb, accepted.spaces, last, layout, late=None if reached else timeout)


def _taken_up(before: PsReport, now: PsReport, names: tuple[str, ...]) -> bool:
    """Whether every process of before has gone: a report from before the restart says nothing about it."""
    old = {replica.place for space in before.spaces if space.name in names for replica in space.replicas} - {None}
    new = {replica.place for space in now.spaces for replica in space.replicas}
    return old.isdisjoint(new)


def _given_up(before: PsReport, now: PsReport, names: tuple[str, ...]) -> bool:
    """Whether a replica that ran before has failed: those of its space whose turn had not come run on."""
    ran = {replica.name for space in before.spaces for replica in space.replicas if replica.place is not None}
    states = {each.name: each.state for space in now.spaces if space.name in names for each in space.replicas}
    return any(state == "failed" for name, state in states.items() if name in ran)


def _conclude(verb: Verb, names: tuple[str, ...], last: PsReport | None, layout: Layout, *, late: str | None) -> None:
    wrong = _explain(verb, names, last, layout)
    if late is None and wrong is None:
        output.say(f"{', '.join(names) or 'nothing'}: {_DONE[verb]}")
        return
    message = f"{verb}: {wrong or ', '.join(names)} " + (
        f"did not get there within {late}" if late is not None else "did not get there"
    )
    raise NotReadyError(message, hint="`spacectl ps` shows how everything is")


def _explain(verb: Verb, names: tuple[str, ...], last: PsReport | None, layout: Layout) -> str | None:
    """Tell what is wrong; the names of those it is wrong with, or None."""
    from spacectl.cli.explaining import explain_missing

    if last is None:
        return None
    if verb != "stop":
        return explain_missing(layout, last, names)
    alive = [each for space in last.spaces if space.name in names for each in space.replicas if each.place is not None]
    for each in alive:
        output.say(f"{each.name}: {each.state} ({each.place})")
    return ", ".join(each.name for each in alive) or None
