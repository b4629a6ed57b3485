"""`spacectl up`: bring the system up, and in the foreground stay with it; bring one that runs up to date."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from spacectl.cli import completing
from spacectl.cli.options import RuntimeName, RuntimeOption, SystemOption, TimeoutOption, counts, seconds

if TYPE_CHECKING:
    from spacectl.core.adopting import Survivors
    from spacectl.model.layout import Layout
    from spacectl.model.report import ApplyRequest
    from spacectl.model.system import System
    from spacectl.wiring.prepare import Prepared
    from spacectl.wiring.start import Lock


def up(
    spaces: Annotated[
        list[str] | None,
        typer.Argument(metavar="SPACE", help="Only these, with all they are after.", autocompletion=completing.spaces),
    ] = None,
    *,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return when ready; the system runs on.")] = False,
    timeout: TimeoutOption = "60s",
    profile: Annotated[
        list[str] | None,
        typer.Option(
            "--profile",
            metavar="NAME",
            help="Start the spaces of this profile too.",
            autocompletion=completing.profiles,
        ),
    ] = None,
    scale: Annotated[
        list[str] | None,
        typer.Option(
            "--scale",
            metavar="SPACE=N",
            help="Run so many replicas of a space.",
            autocompletion=completing.counts,
        ),
    ] = None,
    isolated: Annotated[
        bool, typer.Option("--isolated", help="Start one more copy, with ports, data and events of its own.")
    ] = False,
    runtime: RuntimeOption = None,
    watch: Annotated[bool, typer.Option("--watch/--no-watch", help="Restart spaces whose files change.")] = True,
    system: SystemOption = None,
) -> None:
    """Build, start and watch over the system, until Ctrl-C; with --detach, until `spacectl down`.

    Where it runs already, it is brought up to date: what changed in the manifests is changed, and nothing else.

    Example: spacectl up --detach --profile traffic
    """
    from spacectl.adapters.folders import find_system
    from spacectl.cli.claiming import claim, claim_copy
    from spacectl.cli.signals import obey_terminate
    from spacectl.errors import UsageError
    from spacectl.model.report import ApplyRequest
    from spacectl.wiring.prepare import read_manifests

    limit_s = seconds(timeout)
    wish = ApplyRequest(spaces=tuple(spaces or ()), profiles=tuple(profile or ()), scale=counts(scale or ()))
    obey_terminate()
    layout = find_system(system)
    written = read_manifests(layout)  # what is wrong with them is told before anything else
    if isolated:
        layout, lock = claim_copy(layout)
        written = read_manifests(layout)
    elif (held := claim(layout, time.monotonic() + limit_s)) is None:
        if runtime is not None:
            raise UsageError("--runtime counts only where `up` starts the system", hint="`spacectl down` stops it")
        _bring_up_to_date(layout, wish, timeout, limit_s, detach=detach, watch=watch)
        return
    else:
        lock = held
    with lock:
        _bring_up(_made_ready(written, layout, wish, runtime), lock, timeout, limit_s, detach=detach, watch=watch)


def _bring_up(prepared: Prepared, lock: Lock, timeout: str, limit_s: float, *, detach: bool, watch: bool) -> None:
    # Imported before the fork, so that nothing slow lies between the fork and what watches over it.
    from spacectl.cli.attending import Attendance
    from spacectl.cli.signals import held_back
    from spacectl.wiring.start import start

    attendance = Attendance(prepared.layout)
    with attendance:
        with held_back():
            attendance.process = start(prepared, lock, watch=watch)
        _tell_copy(prepared.layout)
        problem = attendance.come_up(time.monotonic() + limit_s, timeout, stays=not detach)
        if detach:
            attendance.process.let_run()
        else:
            attendance.stay(problem)
            return
    _name_copy(prepared.layout)
    if problem is not None:
        raise problem


def _made_ready(written: System, layout: Layout, wish: ApplyRequest, runtime: RuntimeName | None) -> Prepared:
    from spacectl.wiring.prepare import prepare

    left = _survivors(layout, written, wish.scale)
    return prepare(written, layout, wish.spaces, wish.profiles, counts=wish.scale, survivors=left, runtime=runtime)


def _survivors(layout: Layout, system: System, counts: Mapping[str, int]) -> Survivors:
    """What a killed supervisor left running that can be taken over; the rest of it is ended."""
    from spacectl.cli import output
    from spacectl.wiring import leftovers

    left = leftovers.survey(layout, system, counts)
    if left.adopted:
        taken = ", ".join(f"{each.replica} ({each.process.told})" for each in left.adopted)
        output.say(f"the supervisor was killed; taking over {taken}")
    if left.strays:
        output.say(f"ending what else it left behind: {leftovers.told(left.strays)}")
        leftovers.end(layout, spared={each.process.mark for each in left.adopted})
    return left


def _bring_up_to_date(
    layout: Layout, wish: ApplyRequest, timeout: str, limit_s: float, *, detach: bool, watch: bool
) -> None:
    from spacectl.cli import output
    from spacectl.cli.changing import change

    if not watch:
        output.say("--no-watch counts only where `up` starts the system")
    change(layout, lambda client: client.apply(wish), verb="up", timeout=timeout, limit_s=limit_s)
    if not detach:
        output.say("the system runs on; `spacectl logs --follow` shows what it writes, `spacectl down` stops it")


def _tell_copy(layout: Layout) -> None:
    from spacectl.cli import output

    if layout.copy is not None:
        output.say(f"isolated copy {layout.copy}; other commands reach it with --system {layout.home}")


def _name_copy(layout: Layout) -> None:
    """Say where the copy is, for a script: `export SPACECTL_SYSTEM=$(spacectl up --isolated --detach)`."""
    from spacectl.cli import output

    if layout.copy is not None:
        output.out(str(layout.home))
