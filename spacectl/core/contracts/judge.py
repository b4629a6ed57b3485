"""Judges whether everything that a sender's schema allows fits a receiver's: compatible, breaking or unproven.

Breaking is said only with an example that a validator accepts for the sender and refuses for the receiver. Compatible
is said only where the comparison found no difference at all. Everything else is unproven.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from spacectl.core.contracts.failing import At, Failure
from spacectl.core.contracts.fit import Fit
from spacectl.core.contracts.places import Document, Json, Place, Pointer, UnjudgedError, same
from spacectl.core.contracts.samples import Sampler
from spacectl.core.contracts.shaping import Shaper
from spacectl.core.contracts.truth import Truth, is_plain

_MOST_FINDINGS = 20


class Verdict(StrEnum):
    """What is known of a sender and a receiver."""

    COMPATIBLE = "compatible"
    UNPROVEN = "unproven"
    BREAKING = "breaking"


@dataclass(frozen=True, slots=True)
class Difference:
    """One reason why a verdict is not compatible.

    Attributes:
        verdict: breaking where `example` shows it, else unproven.
        rule: what kind of difference: required, type, values, bounds, step, length, pattern, format, items, properties,
            alternatives, condition; or `limits` where the comparison was given up.
        message: what the sender may do that the receiver does not take.
        at: where in the message.
        sender: JSON pointer into the sender's document.
        receiver: JSON pointer into the receiver's.
        example: a message that the sender may send and the receiver refuses; only where the verdict is breaking.
    """

    verdict: Verdict
    rule: str
    message: str
    at: At
    sender: Pointer
    receiver: Pointer
    example: Json = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict and what stands against compatible."""

    verdict: Verdict
    differences: tuple[Difference, ...] = ()


class Judge:
    """Judges schemas; the same two documents at the same places are judged once."""

    def __init__(self) -> None:
        self._truth = Truth()
        self._shaper = Shaper(self._truth.fits)
        self._sampler = Sampler(self._shaper)
        self._known: dict[tuple[Place, Place], Judgement] = {}

    def judge(self, sender: Place, receiver: Place) -> Judgement:
        """The verdict on everything the sender may send to the receiver."""
        known = self._known.get((sender, receiver))
        if known is None:
            known = Judgement(Verdict.COMPATIBLE) if same(sender, receiver) else self.compare(sender, receiver)
            self._known[sender, receiver] = known
        return known

    def compare(self, sender: Place, receiver: Place) -> Judgement:
        """The same by comparison alone, also where both are written alike."""
        try:
            failures = Fit(self._shaper, self._sampler, self._truth.fits).terms((sender,), (receiver,))
        except UnjudgedError as error:
            failures = (Failure("limits", str(error), sender.pointer, receiver.pointer),)
        if not failures:
            return Judgement(Verdict.COMPATIBLE)
        return _judgement(self._told(sender, receiver, failures))

    def accepts(self, place: Place, value: Json) -> bool:
        """Whether a value fits a schema.

        Raises:
            UnjudgedError: the validator cannot tell.
        """
        return self._truth.fits(place, value)

    def _told(self, sender: Place, receiver: Place, failures: Sequence[Failure]) -> list[Difference]:
        found = [self._difference(sender, receiver, each, each.witnesses) for each in _each_once(failures)]
        if not any(each.verdict is Verdict.BREAKING for each in found) and failures[0].provable:
            found[0] = self._difference(sender, receiver, failures[0], self._samples(sender))
        return found

    def _samples(self, sender: Place) -> Iterable[Json]:
        try:
            return self._sampler.of_term((sender,))
        except UnjudgedError:
            return ()

    def _difference(self, sender: Place, receiver: Place, failed: Failure, shown: Iterable[Json]) -> Difference:
        told = (failed.rule, failed.message, failed.at, failed.sender, failed.receiver)
        for value in shown if failed.provable else ():
            if is_plain(value) and self._breaks(sender, receiver, value):
                return Difference(Verdict.BREAKING, *told, example=value)
        return Difference(Verdict.UNPROVEN, *told)

    def _breaks(self, sender: Place, receiver: Place, value: Json) -> bool:
        try:
            return self._truth.fits(sender, value) and not self._truth.fits(receiver, value)
        except UnjudgedError:
            return False


def _each_once(failures: Sequence[Failure]) -> list[Failure]:
    once: dict[object, Failure] = {}
    for each in failures:
        once.setdefault((each.rule, each.message, each.at, each.sender, each.receiver), each)
    return list(once.values())[:_MOST_FINDINGS]


def _judgement(differences: Sequence[Difference]) -> Judgement:
    breaking = any(each.verdict is Verdict.BREAKING for each in differences)
    return Judgement(Verdict.BREAKING if breaking else Verdict.UNPROVEN, tuple(differences))


def judge_schemas(sender: Json, receiver: Json, *, same_is_compatible: bool = True) -> Judgement:
    """The verdict on two schemas of draft 2020-12 that stand alone."""
    judge = Judge()
    judged = judge.judge if same_is_compatible else judge.compare
    return judged(Document("sender", sender).root, Document("receiver", receiver).root)
