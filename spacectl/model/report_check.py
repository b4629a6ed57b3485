"""What `spacectl check` finds: what `--json` prints, and the lines by which the process that runs the checks tells."""

from __future__ import annotations

from typing import Literal

from spacectl.model.strict import Strict

Group = Literal["system", "contracts", "smoke", "checks", "end"]
Outcome = Literal["passed", "failed", "skipped"]


class CheckResult(Strict):
    """One check.

    Attributes:
        id: names it among all others; `pytest` takes it where the group is `checks`.
        name: what it says.
        group: `system` before all others, `contracts`, `smoke` of the manifests, `checks` of the folder of that name,
            `end` after all others.
        seconds: how long it took.
        file: where it is written, or what is at fault, below the system's folder; null where there is none.
        line: of that file, from 1.
        message: why it failed or was skipped, in one line.
        detail: all there is to say of a failure.
    """

    id: str
    name: str
    group: Group
    outcome: Outcome
    seconds: float = 0.0
    file: str | None = None
    line: int | None = None
    message: str | None = None
    detail: str | None = None


class CheckReport(Strict):
    """A whole run of checks.

    Attributes:
        outcome: `not ready` where the system did not come up, and its own checks were not run.
        started: RFC 3339.
        bundle: the folder with all that helps to understand a failure; null where nothing failed.
    """

    system: str
    outcome: Literal["passed", "failed", "not ready"]
    started: str
    seconds: float
    results: tuple[CheckResult, ...]
    bundle: str | None = None


class Planned(Strict):
    """A check that is to be run."""

    id: str
    name: str
    group: Group


class CheckProgress(Strict):
    """One line from the process that runs the checks: all that it will run, the one it runs now, or a result."""

    planned: tuple[Planned, ...] | None = None
    began: str | None = None
    result: CheckResult | None = None
