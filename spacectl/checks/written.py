"""A check that needs no Python file, before it is an item of pytest, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from spacectl.checks.running import RunningSystem
from spacectl.model.report_check import Group


class CheckFailedError(Exception):
    """What a check found, in words that need no traceback."""


class CheckSkippedError(Exception):
    """Why there was nothing to check."""


@dataclass(frozen=True, slots=True)
class Written:
    """A check, before it is an item of pytest.

    Attributes:
        name: what it says.
        run: does it; raises CheckFailedError.
        file: where it is written, relative to the system's folder; None for the `system.toml`.
        line: of that file, from 1; 0 for none.
        kind: by which it can be left out.
    """

    name: str
    group: Group
    run: Callable[[RunningSystem], None]
    file: str | None = None
    line: int = 0
    kind: str = ""
