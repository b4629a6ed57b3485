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
