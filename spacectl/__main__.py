"""Runs the command line."""

from __future__ import annotations

import gc
import sys
from typing import NoReturn

_GARBAGE_LOOK = 20_000
"""New objects after which Python looks for garbage; by default so few that loading modules means hundreds of looks."""


def main() -> NoReturn:
    """Run the command line and exit; a Ctrl-C while it is still being loaded is one like any other."""
    try:
        gc.set_threshold(_GARBAGE_LOOK)
        from spacectl.cli.app import main as run  # noqa: PLC0415

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
