"""Turns judgements into the checks of a report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from spacectl.core.contracts.judge import Difference, Judge, Verdict
from spacectl.core.contracts.modern import escaped
from spacectl.core.contracts.places import Place, UnjudgedError
from spacectl.model.report_contracts import ContractCheck, ContractFinding, Outcome, Spot

_WORST: tuple[Outcome, ...] = ("skipped", "compatible", "unproven", "differs", "breaking")
CheckName = Literal["fit", "change", "manifest", "drift"]
Kind = Literal["event", "request", "response", "document"]


def worst(outcomes: Sequence[Outcome]) -> Outcome:
    """The worst of some outcomes; compatible where there are none, or all were skipped."""
    return max((*outcomes, _WORST[1]), key=_WORST.index)


def spot(place: Place) -> Spot:
    """A place as a report names it."""
    return Spot(file=place.document.file, pointer=place.pointer)


def pointer(at: Sequence[str | int]) -> str:
    """Keys as a JSON pointer."""
    return "".join(f"/{escaped(key)}" for key in at)


def finding(sender: Place, receiver: Place, difference: Difference) -> ContractFinding:
    """A difference with the files it was found in."""
    return ContractFinding(
        verdict="breaking" if difference.verdict is Verdict.BREAKING else "unproven",
        rule=difference.rule,
        message=difference.message,
        at=pointer(difference.at),
        sender=Spot(file=sender.document.file, pointer=difference.sender),
        receiver=Spot(file=receiver.document.file, pointer=difference.receiver),
        example=difference.example,
    )


def unproven(rule: str, message: str, sender: Place | None = None, receiver: Place | None = None) -> ContractFinding:
    """A finding that something cannot be told."""
    return _bare("unproven", rule, message, sender, receiver)


def differs(rule: str, message: str, sender: Place | None = None, receiver: Place | None = None) -> ContractFinding:
    """A finding that two things which should say the same do not."""
    return _bare("differs", rule, message, sender, receiver)


def _bare(
    verdict: Literal["unproven", "differs"], rule: str, message: str, sender: Place | None, receiver: Place | None
) -> ContractFinding:
    spots = [None if place is None else spot(place) for place in (sender, receiver)]
    return ContractFinding(verdict=verdict, rule=rule, message=message, sender=spots[0], receiver=spots[1])


def findings(judge: Judge, sender: Place, receivers: Sequence[Place]) -> tuple[ContractFinding, ...]:
    """Why what is sent may not fit any of the receivers; nothing where it fits one."""
    judged = [(receiver, judge.judge(sender, receiver)) for receiver in receivers]
    if any(each.verdict is Verdict.COMPATIBLE for _, each in judged):
        return ()
    receiver, nearest = min(judged, key=lambda pair: len(pair[1].differences))
    others = [each for each in receivers if each is not receiver]
    found = (finding(sender, receiver, each) for each in nearest.differences)
    return tuple(_unless_taken(judge, each, others) for each in found)


def _unless_taken(judge: Judge, found: ContractFinding, others: Sequence[Place]) -> ContractFinding:
    """What one alternative refuses is no break where another takes it."""
    if found.verdict != "breaking" or not any(_accepts(judge, place, found.example) for place in others):
        return found
    return found.model_copy(update={"verdict": "unproven", "example": None})


def _accepts(judge: Judge, place: Place, value: object) -> bool:
    try:
        return judge.accepts(place, value)
    except UnjudgedError:
        return True


def check(
    name: CheckName,
    kind: Kind,
    via: str,
    spaces: tuple[str, str],
    found: Sequence[ContractFinding],
    *,
    reason: str | None = None,
) -> ContractCheck:
    """A check with the worst of its findings as its verdict."""
    verdict = worst([each.verdict for each in found])
    sender, receiver = spaces
    return ContractCheck(
        check=name,
        kind=kind,
        via=via,
        sender=sender,
        receiver=receiver,
        verdict=verdict,
        reason=reason,
        findings=tuple(found),
    )


def skipped(name: CheckName, kind: Kind, via: str, spaces: tuple[str, str], reason: str) -> ContractCheck:
    """A check that could not be made, and why."""
    sender, receiver = spaces
    return ContractCheck(
        check=name, kind=kind, via=via, sender=sender, receiver=receiver, verdict="skipped", reason=reason
    )
