"""Shows how a run of checks comes along: lines, on a terminal what runs now, in GitHub's logs groups that fold."""

from __future__ import annotations

import os
from types import TracebackType
from typing import TYPE_CHECKING, Self

from spacectl.cli import output
from spacectl.view.check import GROUPS, annotation, failure_lines, result_line

if TYPE_CHECKING:
    from rich.status import Status

    from spacectl.model.report_check import CheckReport, CheckResult, Group


class Progress:
    """Tells of each check as it ends."""

    def __init__(self) -> None:
        self._group: Group | None = None
        self._status: Status | None = None
        console = output.console(stderr=True)
        if console.is_terminal and not console.is_dumb_terminal:
            self._status = console.status("collecting checks")

    def __enter__(self) -> Self:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        if self._status is not None:
            self._status.stop()
        if self._group is not None and _is_github():
            output.say("::endgroup::")

    def began(self, name: str) -> None:
        """A check runs now."""
        if self._status is not None:
            from rich.text import Text

            self._status.update(Text(name))

    def ended(self, result: CheckResult) -> None:
        """A check is over."""
        if result.group != self._group:
            if _is_github():
                output.say(("::endgroup::\n" if self._group is not None else "") + f"::group::{GROUPS[result.group]}")
            else:
                output.say(f"{GROUPS[result.group]}:")
            self._group = result.group
        output.tell(result_line(result))


def tell_failures(report: CheckReport, base: str) -> None:
    """Tell all about what failed; beside the code, where GitHub shows it."""
    for result in report.results:
        if result.outcome == "failed":
            for line in failure_lines(result):
                output.say(line)
            if _is_github():
                output.say(annotation(result, base))


def _is_github() -> bool:
    return os.environ.get("GITHUB_ACTIONS") == "true"
