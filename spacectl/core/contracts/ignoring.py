"""Takes known differences out of the verdict, as long as their entries in the ignore file hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from spacectl.core.contracts.telling import worst
from spacectl.model.contract_ignore import Ignored
from spacectl.model.report_contracts import ContractCheck, ContractFinding, StaleIgnore


def without_ignored(
    checks: Sequence[ContractCheck], ignored: Sequence[Ignored], today: date, *, whole: bool = True
) -> tuple[tuple[ContractCheck, ...], tuple[StaleIgnore, ...]]:
    """The checks with what is ignored marked and not counted, and the entries that have expired or match nothing.

    Only where the checks are the `whole` of what can be checked does it mean something that an entry matches nothing.
    """
    holding = [each for each in ignored if each.until >= today]
    used: set[int] = set()
    counted = tuple(_counted(each, holding, used) for each in checks)
    expired = [each for each in ignored if each.until < today]
    idle = [each for index, each in enumerate(holding) if whole and index not in used]
    stale = [StaleIgnore(via=each.via, reason=each.reason, until=each.until.isoformat()) for each in expired]
    return counted, (*stale, *(StaleIgnore(via=each.via, reason=each.reason, until=None) for each in idle))


def _counted(check: ContractCheck, holding: Sequence[Ignored], used: set[int]) -> ContractCheck:
    if not check.findings:
        return check
    findings = tuple(_marked(check, each, holding, used) for each in check.findings)
    verdict = worst([each.verdict for each in findings if each.ignored is None])
    return check.model_copy(update={"findings": findings, "verdict": verdict})


def _marked(
    check: ContractCheck, found: ContractFinding, holding: Sequence[Ignored], used: set[int]
) -> ContractFinding:
    for index, entry in enumerate(holding):
        if _matches(entry, check, found):
            used.add(index)
            return found.model_copy(update={"ignored": entry.reason})
    return found


def _matches(entry: Ignored, check: ContractCheck, found: ContractFinding) -> bool:
    spaces = entry.sender in {None, check.sender} and entry.receiver in {None, check.receiver}
    return spaces and entry.via == check.via and _is_at(entry.pointer, found)


def _is_at(wanted: str | None, found: ContractFinding) -> bool:
    if wanted is None:
        return True
    pointers = [found.at, *(spot.pointer for spot in (found.sender, found.receiver) if spot is not None)]
    return any(pointer == wanted or pointer.startswith(f"{wanted}/") for pointer in pointers)
