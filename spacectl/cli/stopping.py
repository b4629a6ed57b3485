"""Takes a system down, showing what is still alive; a second Ctrl-C kills what is left."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from spacectl.cli import output
from spacectl.errors import NotRunningError, SpacectlError

if TYPE_CHECKING:
    from spacectl.adapters.control.client import ControlClient
    from spacectl.model.layout import Layout
    from spacectl.model.report import PsReport

_PATIENCE_S = 2.0
"""How long to stop before saying what holds it up."""


def end(layout: Layout, ended: Callable[[], object]) -> None:
    """Ask for the end and wait for it.

    Args:
        layout: the system.
        ended: says whether the supervisor has gone (anything but None).
    """
    from spacectl.adapters.control.client import ControlClient

    client = ControlClient(layout.control_socket, timeout_s=5.0)
    output.say("stopping … (Ctrl-C again kills)")
    asked = False
    told_at = time.monotonic()
    while ended() is None:
        try:
            if not asked:
                asked = _ask(client, now=False)
            if time.monotonic() - told_at >= _PATIENCE_S:
                told_at = time.monotonic()
                _tell_who(client)
            time.sleep(0.02)
        except KeyboardInterrupt:
            output.say("killing …")
            asked = _ask(client, now=True)
    output.say("stopped")


def _ask(client: ControlClient, *, now: bool) -> bool:
    try:
        client.shut_down(now=now)
    except NotRunningError:
        return False  # it does not listen yet, or no longer
    return True


def _tell_who(client: ControlClient) -> None:
    with suppress(SpacectlError):
        for line in still_there(client.report()):
            output.say(line)


def still_there(ps: PsReport) -> list[str]:
    """Which replicas still have a process, and since when they run."""
    now = datetime.now(UTC)
    told = []
    for space in ps.spaces:
        for replica in space.replicas:
            if replica.pid is None or replica.started is None:
                continue
            age = int((now - datetime.fromisoformat(replica.started)).total_seconds())
            told.append(f"still there: {replica.name} ({replica.state}, pid {replica.pid}, running for {age}s)")
    return told
