"""`scale`, and `up` where the system runs already: show what changes, wait for it, say what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from spacectl.cli import output
from spacectl.errors import NotReadyError

if TYPE_CHECKING:
    from spacectl.adapters.control.client import ControlClient
    from spacectl.model.layout import Layout
    from spacectl.model.report import ChangesReport, PsReport

_ANSWER_S = 60.0
"""The supervisor reads manifests and asks the bus before it answers."""


def change(
    layout: Layout, ask: Callable[[ControlClient], ChangesReport], *, verb: str, timeout: str, limit_s: float
) -> None:
    """Ask the running supervisor for a change, and wait until all of it is done, or cannot be.

    Args:
        layout: the system.
        ask: what is asked for.
        verb: the command, for messages.
        timeout: how long to wait, as the user wrote it.
        limit_s: the same in seconds.

    Raises:
        NotRunningError: no system is running.
        SpacectlError: the supervisor refuses.
        NotReadyError: it did not come about, or not in time.
    """
    from spacectl.adapters.control.client import ControlClient
    from spacectl.cli.endings import report_of
    from spacectl.cli.waiting import Board, Changes, wait_for
    from spacectl.view.changes import change_lines
    from spacectl.view.verdict import changed

    client = ControlClient(layout.control_socket, timeout_s=_ANSWER_S)
    before = report_of(client, layout)
    report = ask(client)
    for line in change_lines(report):
        output.say(line)
    with Board(layout, report.spaces) as board:
        deadline = time.monotonic() + limit_s
        last, reached = wait_for(
            Changes(client), lambda ps: changed(before, ps, report), deadline=deadline, board=board
        )
    if report.changes and last is not None:
        _show(last)
    _conclude(layout, report, last, verb=verb, late=None if reached else timeout)


def _show(ps: PsReport) -> None:
    from spacectl.view.ps import headline, table, warnings

    output.tell(headline(ps))
    output.tell(table(ps, width=output.console(stderr=True).width))
    for warning in warnings(ps):
        output.say(f"! {warning}")


def _conclude(layout: Layout, report: ChangesReport, last: PsReport | None, *, verb: str, late: str | None) -> None:
    from spacectl.cli.explaining import explain_missing
    from spacectl.view.verdict import unbuilt

    missing = None if last is None else explain_missing(layout, last, report.spaces)
    kept = () if last is None else unbuilt(last, report)
    wrong = ", ".join([*([missing] if missing else []), *kept])
    if late is None and not wrong:
        return
    how = "did not get there" if late is None else f"did not get there within {late}"
    raise NotReadyError(f"{verb}: {wrong or 'the system'} {how}", hint="`spacectl ps` shows how everything is")
