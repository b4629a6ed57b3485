"""`spacectl restart`."""

from __future__ import annotations

from typing import Annotated

import typer

from spacectl.cli import completing
from spacectl.cli.options import SystemOption, TimeoutOption


def restart(
    spaces: Annotated[
        list[str] | None, typer.Argument(metavar="SPACE", help="Which; default: all.", autocompletion=completing.spaces)
    ] = None,
    *,
    timeout: TimeoutOption = "60s",
    system: SystemOption = None,
) -> None:
    """Stop spaces of the running system and start them again.

    Example: spacectl restart orders
    """
    from spacectl.cli.acting import act

    act("restart", tuple(spaces or ()), timeout=timeout, system=system)
