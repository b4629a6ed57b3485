"""`spacectl start`."""

from __future__ import annotations

from typing import Annotated

import typer

from spacectl.cli import completing
from spacectl.cli.options import SystemOption, TimeoutOption


def start(
    spaces: Annotated[
        list[str] | None, typer.Argument(metavar="SPACE", help="Which; default: all.", autocompletion=completing.spaces)
    ] = None,
    *,
    timeout: TimeoutOption = "60s",
    system: SystemOption = None,
) -> None:
    """Start spaces of the running system, with all they are after.

    Example: spacectl start shopper
    """
    from spacectl.cli.acting import act

    act("start", tuple(spaces or ()), timeout=timeout, system=system)
