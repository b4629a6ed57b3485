"""Whether two shapes plainly have no value in common."""

from __future__ import annotations

from spacectl.core.contracts.meeting import meet
from spacectl.core.contracts.places import Term
from spacectl.core.contracts.shapes import Array, Finite, Number, Object, Shape, Text
from spacectl.core.contracts.shaping import Shaper

_DEEPEST = 3


def are_disjoint(shaper: Shaper, one: Shape, two: Shape, depth: int = 0) -> bool:
    """True where they have nothing in common; False where they may have."""
    if meet(one, two) is None:
        return True
    match one, two:
        case (Finite(values=values), Number() | Text() as other) | (Number() | Text() as other, Finite(values=values)):
            return not any(_holds(other, value) for value in values)
        case Object(), Object():
            return depth < _DEEPEST and _apart(shaper, one, two, depth)
        case Array(), Array():
            return depth < _DEEPEST and any(
                terms_are_disjoint(shaper, one.element(index), two.element(index), depth + 1)
                for index in range(min(max(one.low, two.low), 8))
            )
    return False


def _holds(shape: Number | Text, value: object) -> bool:
    match shape, value:
        case (Number(), bool()) | (Text(), bool()):
            return False
        case Number(), int() | float():
            return shape.holds(value)
        case Text(), str():
            return shape.holds(value)
    return False


def _apart(shaper: Shaper, one: Object, two: Object, depth: int) -> bool:
    """Whether a property that one of them must have can have no value that fits both."""
    return any(
        terms_are_disjoint(shaper, one.member(name), two.member(name), depth + 1)
        for name in dict.fromkeys((*one.required, *two.required))
    )


def terms_are_disjoint(shaper: Shaper, one: Term, two: Term, depth: int = 0) -> bool:
    """Whether no alternative of one shares a value with one of the other."""
    if not one and not two:
        return False
    ones, twos = shaper.shapes(one), shaper.shapes(two)
    return all(are_disjoint(shaper, each, other, depth) for each in ones for other in twos)
