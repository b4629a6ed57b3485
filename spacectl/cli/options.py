"""Options that several commands share, written once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

import typer

_DIGITS = 9

SCREENS = ("spaces", "flow", "messages", "logs", "timeline", "space")
"""The screens of `top`."""

SystemOption = Annotated[
    Path | None,
    typer.Option(
        "--system",
        envvar="SPACECTL_SYSTEM",
        metavar="DIR",
        help="Folder of the system, or of an isolated copy; default: the nearest one upwards with a system.toml.",
    ),
]

JsonOption = Annotated[bool, typer.Option("--json", help="Print machine-readable JSON on stdout.")]

TimeoutOption = Annotated[
    str, typer.Option("--timeout", metavar="DURATION", help="How long to wait, such as 30s or 2m.")
]

RuntimeName = Literal["process", "container"]

RuntimeOption = Annotated[
    RuntimeName | None, typer.Option("--runtime", help="Run every space as a process, or in a container.")
]


def counts(words: Iterable[str]) -> dict[str, int]:
    """The numbers of replicas given as `orders=3`.

    Raises:
        UsageError: one is written otherwise.
    """
    from spacectl.errors import UsageError

    found: dict[str, int] = {}
    for word in words:
        name, _, count = word.partition("=")
        if not name or not (count.isascii() and count.isdigit()) or len(count) > _DIGITS:
            raise UsageError(f'"{word}" is not a space and a number', hint="write SPACE=N, such as orders=3")
        found[name] = int(count)
    return found


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
