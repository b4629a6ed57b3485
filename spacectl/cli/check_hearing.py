"""Hears what the process that runs the checks tells, and sees what it no longer could tell."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from spacectl.cli.check_showing import Progress
from spacectl.model.report_check import CheckProgress, CheckResult, Planned

_LAST_LINES = 20
_ALL = Planned(id="pytest", name="all checks were run", group="checks")


class Hearing:
    """One run of that process, shown as it comes along."""

    def __init__(self, progress: Progress) -> None:
        self.planned: dict[str, Planned] | None = None
        self.results: list[CheckResult] = []
        self._progress = progress
        self._runs: str | None = None
        self._since = time.monotonic()

    def hear(self, told: CheckProgress) -> None:
        """Take in one line."""
        if told.planned is not None:
            self.planned = {each.id: each for each in told.planned}
        if told.began is not None:
            self._runs, self._since = told.began, time.monotonic()
            self._progress.began(self._plan(told.began).name)
        if told.result is not None:
            self.ended(told.result)

    def ended(self, result: CheckResult) -> None:
        """A check is over."""
        self._runs = None
        self.results.append(result)
        self._progress.ended(result)

    def conclude(self, how: str, log: Path, found: Iterable[str] = ()) -> None:
        """Add what the process did not live to tell.

        Args:
            how: how it ended.
            log: what it printed.
            found: what is known of the system as it was then, in lines.
        """
        if self._runs is not None:
            plan, took = self._plan(self._runs), time.monotonic() - self._since
            detail = "\n".join([f"pytest ended while this check ran: {how}", *found, _last_lines(log)])
            self.ended(failed(plan, f"did not end: {how}", detail, took))
        known = {result.id for result in self.results}
        missed = [plan for plan in (self.planned or {}).values() if plan.id not in known]
        if missed or self.planned is None:
            self.ended(failed(_ALL, f"pytest ended early: {how}", _last_lines(log)))
        for plan in missed:
            self.ended(CheckResult(id=plan.id, name=plan.name, group=plan.group, outcome="skipped", message="not run"))

    def _plan(self, check_id: str) -> Planned:
        return (self.planned or {}).get(check_id) or Planned(id=check_id, name=check_id, group="checks")


def failed(plan: Planned, message: str, detail: str, seconds: float = 0.0) -> CheckResult:
    """The result of a check that pytest did not tell of."""
    return CheckResult(
        id=plan.id, name=plan.name, group=plan.group, outcome="failed", seconds=seconds, message=message, detail=detail
    )


def how_ended(code: int | None) -> str:
    """An exit code, or a signal's number as a negative one, in words."""
    return f"killed by signal {-code}" if code is not None and code < 0 else f"exit code {code}"


def _last_lines(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LAST_LINES:])
