"""What two shapes have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from typing import Any

from spacectl.core.contracts.places import identity
from spacectl.core.contracts.shapes import Array, Finite, Number, Object, Shape, Text, kind_of, kinds


def meet(one: Shape, two: Shape) -> Shape | None:
    """The values that are in both; None where there plainly are none.

    Where one of them is finite, the result holds what is of a right kind: the caller asks for each value if it fits.
    """
    residues = (*one.residues, *(each for each in two.residues if each not in one.residues))
    if isinstance(one, Finite) or isinstance(two, Finite):
        made: Shape | None = _finite(one, two)
    elif type(one) is not type(two):
        made = None
    else:
        made = _MEETINGS[type(one)](one, two)
    return None if made is None else replace(made, residues=residues)


def _finite(one: Shape, two: Shape) -> Finite | None:
    if isinstance(one, Finite) and isinstance(two, Finite):
        known = {identity(value) for value in two.values}
        values = tuple(value for value in one.values if identity(value) in known)
        return Finite(one.at, values) if values else None
    finite, other = (one, two) if isinstance(one, Finite) else (two, one)
    assert isinstance(finite, Finite)  # noqa: S101 - one of the two is; the type checker cannot see it
    values = tuple(value for value in finite.values if kind_of(value) in kinds(other))
    return Finite(finite.at, values) if values else None


def _number(one: Number, two: Number) -> Number | None:
    low, low_open = max((one.low, one.low_open), (two.low, two.low_open))
    high, shut = min((one.high, not one.high_open), (two.high, not two.high_open))
    steps = (*one.steps, *(step for step in two.steps if step not in one.steps))
    at = one.at if _tells(one) else two.at
    made = Number(at, one.whole or two.whole, low, low_open, high, not shut, steps)
    return None if made.is_empty else made


def _text(one: Text, two: Text) -> Text | None:
    made = Text(
        one.at if _tells(one) else two.at,
        max(one.low, two.low),
        min(one.high, two.high),
        tuple(dict.fromkeys((*one.patterns, *two.patterns))),
        tuple(dict.fromkeys((*one.formats, *two.formats))),
    )
    return None if made.low > made.high else made


def _array(one: Array, two: Array) -> Array | None:
    made = Array(
        one.at if _tells(one) else two.at,
        tuple(dict.fromkeys((*one.layers, *two.layers))),
        max(one.low, two.low),
        min(one.high, two.high),
        one.unique or two.unique,
        (*one.contains, *two.contains),
    )
    return None if made.low > made.high else made


def _object(one: Object, two: Object) -> Object | None:
    layers = (*one.layers, *(layer for layer in two.layers if all(layer is not known for known in one.layers)))
    made = Object(
        one.at if _tells(one) else two.at,
        layers,
        {**two.required, **one.required},
        max(one.low, two.low),
        min(one.high, two.high),
    )
    return None if made.low > made.high else made


def _tells(shape: Shape) -> bool:
    """Whether a shape says more than its kind."""
    return replace(shape, residues=()) != type(shape)(shape.at)  # type: ignore[call-arg]


_MEETINGS: dict[type, Callable[[Any, Any], Shape | None]] = {
    Number: _number, Text: _text, Array: _array, Object: _object,
}  # fmt: skip


def meets(ones: tuple[Shape, ...], twos: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """What the alternatives of one schema have in common with those of another."""
    made = (meet(one, two) for one in ones for two in twos)
    return tuple(each for each in made if each is not None)


def meets_all(alternatives: list[tuple[Shape, ...]]) -> tuple[Shape, ...]:
    """The same of several; at least one."""
    return reduce(meets, alternatives)
