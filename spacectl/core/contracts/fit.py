"""Whether every value that one schema allows fits another: the proof, or the differences that stand against it.

Schemas that refer to themselves are compared under the assumption that the same comparison, further out, succeeds.
That is sound because values are finite: whoever comes back to it has gone down into a value.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from itertools import chain

from spacectl.core.contracts.disjoint import are_disjoint
from spacectl.core.contracts.failing import Failure, failure
from spacectl.core.contracts.formats import ENFORCED
from spacectl.core.contracts.places import Json, Term, UnjudgedError, identity, is_anything
from spacectl.core.contracts.samples import Sampler
from spacectl.core.contracts.scalars import misfits_of_numbers, misfits_of_texts
from spacectl.core.contracts.shapes import Array, Finite, Kind, Number, Object, Shape, Text, kind_of, kinds
from spacectl.core.contracts.shaping import Fits, Shaper
from spacectl.core.contracts.structures import Structures, splits

_MOST_STEPS = 20_000
_DEEPEST = 60
_WIDEST = 60
"""Characters of a value within a message."""
_MOST_WHOLE = 64
"""Whole numbers of a range that are compared one by one with a finite set."""

_WORDS: dict[Kind, str] = {
    "null": "null", "boolean": "true or false", "number": "numbers", "string": "texts", "array": "lists",
    "object": "objects",
}  # fmt: skip


class Fit:
    """One comparison; remembers what it has compared."""

    def __init__(self, shaper: Shaper, sampler: Sampler, fits: Fits) -> None:
        self.shaper = shaper
        self.sampler = sampler
        self.fits = fits
        self._known: dict[tuple[Term, Term], tuple[Failure, ...]] = {}
        self._open: set[tuple[Term, Term]] = set()
        self._structures = Structures(self)
        self._steps = 0

    def terms(self, a: Term, b: Term) -> tuple[Failure, ...]:
        """What of the sender's term `a` may not fit the receiver's `b`; nothing where all of it does.

        Raises:
            UnjudgedError: it would take too long, or goes too deep.
        """
        if is_anything(b) or (a and set(b) <= set(a)):
            return ()
        pair = (a, b)
        if pair in self._known or pair in self._open:
            return self._known.get(pair, ())
        self._count()
        before = len(self._known)
        self._open.add(pair)
        try:
            found = self._alternatives(a, b)
        finally:
            self._open.discard(pair)
        if found:  # what was found to fit meanwhile may have rested on the assumption that this does
            for assumed in list(self._known)[before:]:
                if not self._known[assumed]:
                    del self._known[assumed]
        self._known[pair] = found
        return found

    def _alternatives(self, a: Term, b: Term) -> tuple[Failure, ...]:
        """Every alternative of the sender; those of kinds that the receiver does not take at all are told together."""
        taken = {kind for other in self.shaper.shapes(b) for kind in kinds(other)}
        refused = [each for each in self.shaper.shapes(a) if not kinds(each) & taken]
        rest = [each for each in self.shaper.shapes(a) if kinds(each) & taken]
        told = (self._refused(refused, b),) if refused else ()
        return (*told, *chain.from_iterable(self.shape(each, b) for each in rest))

    def _count(self) -> None:
        self._steps += 1
        if self._steps > _MOST_STEPS or len(self._open) > _DEEPEST:
            raise UnjudgedError("the schemas are too large, or nested too deep, to be compared to the end")

    def shape(self, a: Shape, b: Term) -> tuple[Failure, ...]:
        """The same for one alternative of the sender."""
        others = self.shaper.shapes(b)
        if isinstance(a, Finite):
            return tuple(chain.from_iterable(self._value(a, value, b, others) for value in a.values))
        near = self._near(a, [other for other in others if kinds(other) & kinds(a)])
        tried: list[tuple[Failure, ...]] = []
        for other in near:
            tried.append(self._pair(a, other))
            if not tried[-1]:
                return ()
        values = _all_values(a)
        if values is not None and any(isinstance(other, Finite) for other in others):
            return tuple(chain.from_iterable(self._value(a, value, b, others) for value in values))
        if isinstance(a, Object) and len(near) > 1:
            parts = splits(self.shaper, a, near)
            if parts:
                return tuple(chain.from_iterable(self.shape(part, b) for part in parts))
        return self._best(a, b, tried)

    def _near(self, a: Shape, others: list[Shape]) -> list[Shape]:
        """Of several alternatives of a kind, those that are not plainly ruled out; all of them where each is."""
        if len(others) == 1:
            return others
        return [other for other in others if not are_disjoint(self.shaper, a, other)] or others

    def _best(self, a: Shape, b: Term, tried: list[tuple[Failure, ...]]) -> tuple[Failure, ...]:
        """What to say where no alternative of the receiver takes all."""
        if len(tried) == 1:
            return tried[0]
        witnesses = [value for found in tried for each in found for value in each.witnesses[:2]]
        message = f"none of the receiver's {len(tried)} alternatives takes all that the sender may send"
        return (failure("alternatives", message, a.at, b[0], (*witnesses, *self.sampler.of_shape(a))),)

    def _refused(self, refused: list[Shape], b: Term) -> Failure:
        taken = _in_words(self.shaper.shapes(b))
        message = f"the sender may send {_in_words(refused)}, the receiver takes {taken or 'nothing'}"
        witnesses = chain.from_iterable(self.sampler.of_shape(each) for each in refused)
        return failure("type", message, refused[0].at, b[0], witnesses)

    def _value(self, a: Shape, value: Json, b: Term, others: tuple[Shape, ...]) -> tuple[Failure, ...]:
        at = next((other.at for other in others if isinstance(other, Finite)), b[0])
        if not all(self.fits(place, value) for place in b):
            known = kind_of(value) in {kind for other in others for kind in kinds(other)}
            message = f"the receiver does not take {_shown(value)}"
            return (failure("values" if known else "type", message, a.at, at, (value,)),)
        loose = [name for other in others if isinstance(other, Text) for name in other.formats if _is_loose(other)]
        if isinstance(value, str) and loose and not _is_listed(value, others):
            message = f"the receiver expects the format {loose[0]}; whether it refuses {_shown(value)} is not known"
            return (failure("format", message, a.at, at),)
        return ()

    def _pair(self, a: Shape, b: Shape) -> tuple[Failure, ...]:
        match a, b:
            case Number(), Number():
                found = list(misfits_of_numbers(a, b))
            case Text(), Text():
                found = list(misfits_of_texts(a, b))
            case Array(), Array():
                found = list(self._structures.arrays(a, b))
            case Object(), Object():
                found = list(self._structures.objects(a, b))
            case _:
                message = "the receiver takes a few values only"
                found = [failure("values", message, a.at, b.at, self.sampler.of_shape(a))]
        return (*found, *self._structures.residues(a, b))


def _all_values(a: Shape) -> Iterator[Json] | None:
    """Every value of a shape that has few."""
    if not isinstance(a, Number) or not a.whole or not (math.isfinite(a.low) and math.isfinite(a.high)):
        return None
    if a.last_whole - a.first_whole >= _MOST_WHOLE:
        return None
    return (value for value in range(a.first_whole, a.last_whole + 1) if a.holds(value))


def _is_loose(text: Text) -> bool:
    return any(name not in ENFORCED for name in text.formats)


def _is_listed(value: Json, others: tuple[Shape, ...]) -> bool:
    wanted = identity(value)
    return any(wanted in map(identity, other.values) for other in others if isinstance(other, Finite))


def _in_words(shapes: Iterable[Shape]) -> str:
    """The kinds of some shapes: `null, texts or lists`."""
    found = {kind for shape in shapes for kind in kinds(shape)}
    *most, last = [_WORDS[kind] for kind in _WORDS if kind in found] or [""]
    return f"{', '.join(most)} or {last}" if most else last


def _shown(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _WIDEST else f"{text[:_WIDEST]}…"
