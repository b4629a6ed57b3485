"""`spacectl scale`: give spaces other numbers of replicas."""

from __future__ import annotations

from typing import Annotated

import typer

from spacectl.cli import completing
from spacectl.cli.options import SystemOption, TimeoutOption


def scale(
    spaces: Annotated[
        list[str],
        typer.Argument(metavar="SPACE=N", help="A space and its number of replicas.", autocompletion=completing.counts),
    ],
    *,
    timeout: TimeoutOption = "60s",
    system: SystemOption = None,
) -> None:
    """Run so many replicas of spaces of the running system, until `down` or until the manifest's number changes.

    Example: spacectl scale orders=3 catalog=2
    """
    from spacectl.adapters.folders import find_system
    from spacectl.cli.changing import change
    from spacectl.cli.options import counts, seconds
    from spacectl.model.report import ScaleRequest

    limit_s = seconds(timeout)
    wish = ScaleRequest(scale=counts(spaces))
    layout = find_system(system)
    change(layout, lambda client: client.scale(wish), verb="scale", timeout=timeout, limit_s=limit_s)
