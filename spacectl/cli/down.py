"""`spacectl down`: stop the system."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import typer

from spacectl.cli.options import SystemOption, seconds

if TYPE_CHECKING:
    from spacectl.model.layout import Layout


_STOPPING = "stopping … (Ctrl-C kills)"


def down(
    *,
    data: Annotated[bool, typer.Option("--data", help="Remove data, logs and the bus store too.")] = False,
    timeout: Annotated[
        str | None,
        typer.Option("--timeout", metavar="DURATION", help="Kill what is left after so long, such as 30s or 2m."),
    ] = None,
    system: SystemOption = None,
) -> None:
    """Stop every space and engine of the system; return when all of it is gone.

    Each replica has the time that [stop] gives it, and is killed then; --timeout bounds the whole.

    Example: spacectl down --data
    """
    from spacectl.adapters.folders import find_system
    from spacectl.errors import NotRunningError

    layout = find_system(system)
    was_there = _end(layout, None if timeout is None else seconds(timeout))
    if data:
        was_there = _remove(layout) or was_there
    if not was_there:
        raise NotRunningError(f"no system is running in {layout.home}", hint="`spacectl up` starts it")


def _end(layout: Layout, limit_s: float | None) -> bool:
    """Stop what runs; whether anything did."""
    from spacectl.cli import output
    from spacectl.cli.stopping import end
    from spacectl.wiring import leftovers
    from spacectl.wiring.start import is_running

    running = is_running(layout)
    if not running and not leftovers.find(layout):
        return False
    limit_s = math.inf if limit_s is None else limit_s
    left = end(layout, lambda: None if is_running(layout) else True, word=_STOPPING, limit_s=limit_s)
    if left:
        output.say(f"ended what a killed supervisor had left behind: {leftovers.told(left)}")
    output.say("stopped")
    return True


def _remove(layout: Layout) -> bool:
    """Remove everything that spacectl wrote, except for isolated copies that run; whether there was any of it.

    Raises:
        AlreadyRunningError: somebody has just started it again.
        MachineError: something cannot be removed.
    """
    from spacectl.cli import output
    from spacectl.wiring import leftovers
    from spacectl.wiring.removing import remove
    from spacectl.wiring.start import take_lock

    images = leftovers.remove_images(layout)
    if images:
        output.say(f"removed the images {', '.join(images)}")
    if not layout.state.exists():
        return bool(images)
    with take_lock(layout):
        running = remove(layout)
    for copy in running:
        output.say(f"kept {copy.home}: this isolated copy runs")
    output.say(f"removed {'all else in ' if running else ''}{layout.state}")
    return True
