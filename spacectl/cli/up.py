"""`spacectl up`: bring the system up, and in the foreground stay with it."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spacectl.cli.options import SystemOption, TimeoutOption, seconds

if TYPE_CHECKING:
    from spacectl.adapters.control.client import ControlClient
    from spacectl.model.layout import Layout
    from spacectl.model.report import PsReport
    from spacectl.wiring.start import SupervisorProcess


def up(
    spaces: Annotated[
        list[str] | None, typer.Argument(metavar="[SPACE]...", help="Only these, with all they are after.")
    ] = None,
    *,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return when ready; the system runs on.")] = False,
    timeout: TimeoutOption = "60s",
    profile: Annotated[
        list[str] | None, typer.Option("--profile", metavar="NAME", help="Start the spaces of this profile too.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch/--no-watch", help="Restart spaces whose files change.")] = True,
    system: SystemOption = None,
) -> None:
    """Build, start and watch over the system, until Ctrl-C; with --detach, until `spacectl down`.

    Example: spacectl up --detach --profile traffic
    """
    limit_s = seconds(timeout)
    layout, process = _launch(system, tuple(spaces or ()), tuple(profile or ()), watch=watch, hold=not detach)
    from spacectl.adapters.control.client import ControlClient
    from spacectl.cli.stopping import end

    client = ControlClient(layout.control_socket)
    try:
        _wait_for_supervisor(layout, process)
        report, ready = _wait_until_ready(client, layout, process, time.monotonic() + limit_s)
        _tell(report, layout, ready=ready, timeout=timeout, detach=detach)
        if detach:
            return
        _stay(layout, client)
    except KeyboardInterrupt:
        process.let_go()
        end(layout, process.ended)
        raise
    finally:
        process.let_go()
    _wait_for_end(process)


def _launch(
    folder: Path | None, names: tuple[str, ...], profiles: tuple[str, ...], *, watch: bool, hold: bool
) -> tuple[Layout, SupervisorProcess]:
    from spacectl.adapters.folders import find_system
    from spacectl.adapters.manifests import load
    from spacectl.wiring.prepare import prepare
    from spacectl.wiring.start import refuse_leftovers, start, take_lock

    layout = find_system(folder)
    system = load(layout.root)
    lock = take_lock(layout)
    try:
        refuse_leftovers(layout)
        prepared = prepare(system, layout, names, profiles)
        return layout, start(prepared, lock, watch=watch, hold=hold)
    finally:
        lock.release()


def _wait_for_supervisor(layout: Layout, process: SupervisorProcess) -> None:
    """Wait until the control socket is there, or the supervisor has ended."""
    while not layout.control_socket.is_socket():
        if process.ended() is not None:
            raise _supervisor_ended(layout, process)
        time.sleep(0.01)


def _supervisor_ended(layout: Layout, process: SupervisorProcess) -> Exception:
    from spacectl.cli.endings import supervisor_ended

    return supervisor_ended(layout, _wait_for_end(process, limit_s=5.0))


def _wait_until_ready(
    client: ControlClient, layout: Layout, process: SupervisorProcess, deadline: float
) -> tuple[PsReport | None, bool]:
    from spacectl.cli.waiting import Board, Changes, wait_for
    from spacectl.errors import NotRunningError
    from spacectl.view.verdict import settled

    try:
        with Board() as board:
            return wait_for(Changes(client), settled, deadline=deadline, board=board)
    except NotRunningError:
        raise _supervisor_ended(layout, process) from None


def _tell(report: PsReport | None, layout: Layout, *, ready: bool, timeout: str, detach: bool) -> None:
    from spacectl.cli import output
    from spacectl.errors import NotReadyError
    from spacectl.view.ps import headline, table
    from spacectl.view.verdict import explain, missing

    wrong = [] if report is None else missing(report)
    if report is not None and ready and not wrong and report.bus.state != "failed":
        output.tell(headline(report))
        output.tell(table(report, width=output.console(stderr=True).width))
        return
    for replica in wrong:
        for line in explain(replica, str(_log_of(layout, replica.name, replica.reason))):
            output.say(line)
    if report is not None and report.bus.state == "failed":
        output.say(f"bus: failed: {report.bus.reason}\n    log: {layout.log('bus')}")
    names = ", ".join(replica.name for replica in wrong) or "the bus"
    message = f"not ready{'' if ready else f' within {timeout}'}: {names}"
    if detach:
        raise NotReadyError(message, hint="what runs, runs on: `spacectl ps` shows it, `spacectl down` stops it")
    output.say(f"error: {message}")


def _log_of(layout: Layout, replica: str, reason: str | None) -> Path:
    built = reason is not None and reason.startswith("the build")
    return layout.log(f"{replica.rpartition('.')[0]}.build" if built else replica)


def _stay(layout: Layout, client: ControlClient) -> None:
    """Show what the spaces write, until the supervisor ends."""
    from spacectl.cli.streaming import stream

    stream(layout, client)


def _wait_for_end(process: SupervisorProcess, limit_s: float = math.inf) -> int | None:
    deadline = time.monotonic() + limit_s
    while process.ended() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    return process.ended()
