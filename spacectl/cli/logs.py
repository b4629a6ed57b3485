"""`spacectl logs`: what spaces, builds and engines wrote."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from spacectl.cli.options import JsonOption, SystemOption

if TYPE_CHECKING:
    from spacectl.model.layout import Layout


def logs(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help="Spaces, replicas (orders.1), builds (orders.build) or bus."),
    ] = None,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is written from now on.")] = False,
    tail: Annotated[int, typer.Option("--tail", "-n", min=0, help="Lines of each log to begin with.")] = 100,
    as_json: JsonOption = False,
    system: SystemOption = None,
) -> None:
    """Show the logs of the system's last run, whether it runs or not; of the bus only trouble, unless it is named.

    Example: spacectl logs orders payments --follow
    """
    from spacectl.adapters.folders import find_system
    from spacectl.cli import output
    from spacectl.cli.reading import LogReading

    layout = find_system(system)
    shown = frozenset(names or ())
    _check(layout, shown)
    reading = LogReading(layout, shown, as_json=as_json)
    if not reading.show_last(tail):
        output.say("nothing has been written yet")
    while follow and output.out_has_reader():
        reading.show_new()
        time.sleep(0.1)


def _check(layout: Layout, names: frozenset[str]) -> None:
    from spacectl.cli.streaming import log_files
    from spacectl.core.hints import did_you_mean
    from spacectl.errors import UsageError

    known = {path.stem for path in log_files(layout, frozenset())}
    known |= {name.rpartition(".")[0] for name in known if "." in name}
    for name in sorted(names - known):
        hint = did_you_mean(name, known) or (f"there are: {', '.join(sorted(known))}" if known else "nothing ran yet")
        raise UsageError(f'nothing named "{name}" has a log', hint=hint)
