"""The contracts of a system as checks: one for each thing that `spacectl contracts` judges."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache, partial

from spacectl.checks.running import RunningSystem
from spacectl.checks.written import CheckFailedError, CheckSkippedError, Written
from spacectl.model.report_contracts import ContractCheck, ContractsReport
from spacectl.view.contracts import check_lines
from spacectl.wiring.contracts import contracts_report

_DRIFT = "drift"


def contract_checks(running: RunningSystem, against: str | None = None) -> Iterator[Written]:
    """Fit, calls and manifests as they stand now; what the running spaces serve is looked at when its turn comes.

    Args:
        running: the system.
        against: a git revision; what changed since is judged, too.
    """
    root, today = running.layout.root, datetime.now(UTC).date()
    served = cache(lambda: contracts_report(root, urls=running.urls, today=today))
    for check in contracts_report(root, against=against, today=today).checks:
        drifts = partial(_drift, check=check, served=served)
        run = drifts if check.check == _DRIFT else partial(_judged, check=check)
        yield Written(_name(check), "contracts", run, _file(check, against))


def _name(check: ContractCheck) -> str:
    spaces = check.sender if check.sender == check.receiver else f"{check.sender} → {check.receiver}"
    kind = f" {check.kind}" if check.kind in {"request", "response"} else ""
    return f"contract {check.check}: {spaces} {check.via}{kind}"


def _file(check: ContractCheck, against: str | None) -> str | None:
    """The file of now that it is about; one of the revision is not here to be opened."""
    if check.kind == "document":
        return check.via
    spots = [spot for finding in check.findings for spot in (finding.sender, finding.receiver) if spot is not None]
    return next((spot.file for spot in spots if not spot.file.startswith(f"{against}:")), None)


def _judged(_running: RunningSystem, check: ContractCheck) -> None:
    if check.verdict == "skipped":
        raise CheckSkippedError(check.reason or "skipped")
    if check.verdict in {"breaking", "differs"}:
        raise CheckFailedError("\n".join(line.plain for line in check_lines(check)))


def _drift(running: RunningSystem, check: ContractCheck, served: Callable[[], ContractsReport]) -> None:
    _judged(running, next(each for each in served().checks if (each.check, each.via) == (_DRIFT, check.via)))
