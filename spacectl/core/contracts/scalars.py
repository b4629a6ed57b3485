"""Whether all numbers, or all texts, of one shape are in another."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

from spacectl.core.contracts import languages
from spacectl.core.contracts.failing import Failure, failure
from spacectl.core.contracts.formats import ENFORCED
from spacectl.core.contracts.samples import numbers, texts
from spacectl.core.contracts.shapes import Number, Text


def misfits_of_numbers(a: Number, b: Number) -> Iterator[Failure]:
    """What the sender's numbers `a` have that the receiver's `b` have not."""
    if b.whole and not _is_whole(a):
        message = "the sender may send numbers with a fraction, the receiver takes whole ones"
        yield failure("type", message, a.at, b.at, (value for value in _against(a, b) if value != math.floor(value)))
    if not _low_is_within(a, b):
        kind = "above" if b.low_open else "from"
        message = f"the sender may send less: the receiver takes {kind} {b.low}"
        yield failure("bounds", message, a.at, b.at, (value for value in _against(a, b) if value <= b.low))
    if not _high_is_within(a, b):
        kind = "below" if b.high_open else "up to"
        message = f"the sender may send more: the receiver takes {kind} {b.high}"
        yield failure("bounds", message, a.at, b.at, (value for value in _against(a, b) if value >= b.high))
    for step in b.steps:
        if not any(_divides(step, each) for each in (*a.steps, *((1,) if a.whole else ()))):
            message = f"the receiver takes multiples of {step} only"
            yield failure("step", message, a.at, b.at, _against(a, b))


def _against(a: Number, b: Number) -> Iterator[float]:
    return (value for value in numbers(a, (b.low, b.high)) if a.holds(value) and not b.holds(value))


def _is_whole(shape: Number) -> bool:
    return shape.whole or any(_divides(1, step) for step in shape.steps)


def _divides(step: float, other: float) -> bool:
    """Whether all multiples of the other are multiples of the step."""
    return (Fraction(str(other)) / Fraction(str(step))).denominator == 1


def _low_is_within(a: Number, b: Number) -> bool:
    if a.whole and math.isfinite(a.low):
        return b.low < a.first_whole or (b.low == a.first_whole and not b.low_open)
    return a.low > b.low or (a.low == b.low and (a.low_open or not b.low_open))


def _high_is_within(a: Number, b: Number) -> bool:
    if a.whole and math.isfinite(a.high):
        return b.high > a.last_whole or (b.high == a.last_whole and not b.high_open)
    return a.high < b.high or (a.high == b.high and (a.high_open or not b.high_open))


def misfits_of_texts(a: Text, b: Text) -> Iterator[Failure]:
    """What the sender's texts `a` have that the receiver's `b` have not."""
    low, high = _lengths(a)
    if (b.low > low or b.high < high) and not _lengths_within(a, b):
        bound = f"at least {b.low}" if b.low > low else f"at most {b.high}"
        shown = _texts_against(a, b, languages.of_length(b.low, b.high))
        first = sorted(shown, key=lambda text: b.low <= len(text) <= b.high)
        yield failure("length", f"the receiver takes texts of {bound} characters only", a.at, b.at, first)
    for name in b.formats:
        if name in a.formats:
            continue
        if name in ENFORCED:
            message = f"the receiver takes texts of the format {name}, which the sender does not promise"
            yield failure("format", message, a.at, b.at, sorted(_texts_against(a, b, None), key=ENFORCED[name].fits))
        else:
            message = f"the receiver expects the format {name}; whether it refuses other texts is not known"
            yield failure("format", message, a.at, b.at)
    for pattern in b.patterns:
        if pattern not in a.patterns and languages.within(_patterns(a), pattern) is not True:
            message = f"the receiver takes texts that match {pattern} only"
            yield failure("pattern", message, a.at, b.at, _texts_against(a, b, pattern))


def _lengths(shape: Text) -> tuple[float, float]:
    fixed = [each.length for name, each in ENFORCED.items() if name in shape.formats and each.length is not None]
    return (max(shape.low, *fixed), min(shape.high, *fixed)) if fixed else (shape.low, shape.high)


def _lengths_within(a: Text, b: Text) -> bool:
    """Whether the sender's patterns alone keep to the receiver's lengths."""
    bound = languages.of_length(b.low, b.high)
    return bool(a.patterns) and bound is not None and languages.within(_patterns(a), bound) is True


def _patterns(shape: Text) -> tuple[str, ...]:
    """The patterns of a text with its lengths as one more."""
    bound = languages.of_length(shape.low, shape.high) if shape.low or shape.high < math.inf else None
    return (*shape.patterns, *([bound] if bound is not None else []))


def _texts_against(a: Text, b: Text, pattern: str | None) -> list[str]:
    """Texts of the sender that the receiver does not take; first those that break this pattern."""
    outside = languages.outside(_patterns(a), pattern) if pattern is not None else ()
    choices = (*outside, *texts(a, (b.low - 1, b.high + 1)))
    return [text for text in choices if a.holds(text) and not b.holds(text)]
