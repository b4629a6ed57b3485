"""Options that several commands share, written once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SystemOption = Annotated[
    Path | None,
    typer.Option(
        "--system",
        envvar="SPACECTL_SYSTEM",
        metavar="DIR",
        help="Folder of the system; default: the nearest one upwards with a system.toml.",
    ),
]

JsonOption = Annotated[bool, typer.Option("--json", help="Print machine-readable JSON on stdout.")]

TimeoutOption = Annotated[
    str, typer.Option("--timeout", metavar="DURATION", help="How long to wait, such as 30s or 2m.")
]


def seconds(duration: str) -> float:
    """The seconds of a duration given as an option.

    Raises:
        UsageError: it is not a duration.
    """
    from spacectl.errors import UsageError
    from spacectl.model.units import parse_duration

    try:
        return parse_duration(duration)
    except ValueError as error:
        raise UsageError(f'"{duration}" is not a duration', hint=str(error)) from error
