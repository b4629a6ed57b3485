"""`spacectl up`: bring the system up, and in the foreground stay with it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spacectl.cli.options import SystemOption, TimeoutOption, seconds

if TYPE_CHECKING:
    from spacectl.core.adopting import Survivors
    from spacectl.model.layout import Layout
    from spacectl.model.system import System
    from spacectl.wiring.prepare import Prepared
    from spacectl.wiring.start import Lock


def up(
    spaces: Annotated[
        list[str] | None, typer.Argument(metavar="SPACE", help="Only these, with all they are after.")
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
    from spacectl.cli.signals import held_back, obey_terminate

    limit_s = seconds(timeout)
    obey_terminate()
    with _ready_to_start(system, tuple(spaces or ()), tuple(profile or ())) as (layout, prepared, lock):
        # Imported before the fork, so that nothing slow lies between the fork and what watches over it.
        from spacectl.cli.attending import Attendance
        from spacectl.wiring.start import start

        attendance = Attendance(layout)
        with attendance:
            with held_back():
                attendance.process = start(prepared, lock, watch=watch)
            problem = attendance.come_up(time.monotonic() + limit_s, timeout, stays=not detach)
            if detach:
                attendance.process.let_run()
            else:
                attendance.stay(problem)
                return
        if problem is not None:
            raise problem


@contextmanager
def _ready_to_start(
    folder: Path | None, names: tuple[str, ...], profiles: tuple[str, ...]
) -> Iterator[tuple[Layout, Prepared, Lock]]:
    from spacectl.adapters.folders import find_system
    from spacectl.adapters.manifests import load
    from spacectl.wiring.prepare import prepare
    from spacectl.wiring.start import take_lock

    layout = find_system(folder)
    system = load(layout.root)
    with take_lock(layout) as lock:
        yield layout, prepare(system, layout, names, profiles, _survivors(layout, system)), lock


def _survivors(layout: Layout, system: System) -> Survivors:
    """What a killed supervisor left running that can be taken over; the rest of it is ended."""
    from spacectl.cli import output
    from spacectl.core.assemble import assemble
    from spacectl.wiring import leftovers

    left = leftovers.survey(layout, assemble(system, embedded_bus=system.manifest.bus.url is None))
    if left.adopted:
        taken = ", ".join(f"{each.replica} (pid {each.process.pid})" for each in left.adopted)
        output.say(f"the supervisor was killed; taking over {taken}")
    if left.strays:
        output.say(f"ending what else it left behind: {leftovers.told(left.strays)}")
        leftovers.end(layout, spared={each.process.mark for each in left.adopted})
    return left
