"""`spacectl down`: stop the system."""

from __future__ import annotations

from typing import Annotated

import typer

from spacectl.cli.options import SystemOption


def down(
    *,
    data: Annotated[bool, typer.Option("--data", help="Remove data, logs and the bus store too.")] = False,
    system: SystemOption = None,
) -> None:
    """Stop every space and engine of the system; return when all of it is gone.

    Example: spacectl down --data
    """
    import shutil

    from spacectl.adapters.folders import find_system
    from spacectl.cli import output
    from spacectl.cli.stopping import end
    from spacectl.errors import NotRunningError
    from spacectl.wiring.start import end_leftovers, is_running

    layout = find_system(system)
    running = is_running(layout)
    if running:
        end(layout, lambda: None if is_running(layout) else True)
    ended = end_leftovers(layout)
    if ended:
        output.say(f"ended {ended} processes that a killed supervisor had left behind")
    if data:
        shutil.rmtree(layout.state, ignore_errors=True)
        output.say(f"removed {layout.state}")
    elif not running and not ended:
        raise NotRunningError(f"no system is running in {layout.root}", hint="`spacectl up` starts it")
