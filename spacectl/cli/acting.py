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


def act(verb: Verb, names: tuple[str, ...], *, timeout: str, system: Path | None) -> None:
    """Ask the supervisor, then wait until the spaces are where they were asked to be.

    Raises:
        NotRunningError: no system is running.
        UsageError: a name that is not known.
        NotReadyError: they did not get there in time.
    """
    from spacectl.adapters.control.client import ControlClient
    from spacectl.adapters.folders import find_system
    from spacectl.cli.waiting import Board, Changes, wait_for
    from spacectl.view.verdict import resting, settled

    layout = find_system(system)
    limit_s = seconds(timeout)
    client = ControlClient(layout.control_socket)
    before = client.report()
    accepted = getattr(client, verb)(names)
    done = resting if verb == "stop" else settled

    def arrived(ps: PsReport) -> bool:
        taken_up = verb != "restart" or _taken_up(before, ps, accepted.spaces)
        return taken_up and done(ps, accepted.spaces)

    with Board() as board:
        last, reached = wait_for(Changes(client), arrived, deadline=time.monotonic() + limit_s, board=board)
    _conclude(verb, accepted.spaces, last, layout, reached=reached, timeout=timeout)


def _taken_up(before: PsReport, now: PsReport, names: tuple[str, ...]) -> bool:
    """Whether every process of before has gone: a report from before the restart says nothing about it."""
    old = {replica.pid for space in before.spaces if space.name in names for replica in space.replicas} - {None}
    new = {replica.pid for space in now.spaces for replica in space.replicas}
    return old.isdisjoint(new)


def _conclude(
    verb: Verb, names: tuple[str, ...], last: PsReport | None, layout: Layout, *, reached: bool, timeout: str
) -> None:
    from spacectl.view.verdict import explain, missing

    wrong = [] if last is None or verb == "stop" else missing(last, names)
    if reached and not wrong:
        done = {"start": "ready", "stop": "stopped", "restart": "restarted"}[verb]
        output.say(f"{', '.join(names) or 'nothing'}: {done}")
        return
    for replica in wrong:
        for line in explain(replica, str(layout.log(replica.name))):
            output.say(line)
    raise NotReadyError(f"{verb}: {', '.join(names)} did not get there within {timeout}", hint="see `spacectl ps`")
