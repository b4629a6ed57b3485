"""Makes examples of schemas: a few values of each shape, the smallest first."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import islice

from spacectl.core.contracts import languages
from spacectl.core.contracts.formats import ENFORCED
from spacectl.core.contracts.places import Json, Term, identity
from spacectl.core.contracts.shapes import Array, Finite, Number, Object, Shape, Text
from spacectl.core.contracts.shaping import Shaper

_DEEPEST = 8
_MOST = 6
_FULL = 3
"""Optional properties are shown this deep; below, the smallest object will do."""
_LONGEST = 10_000
"""Characters or elements of an example; a schema may ask for more than anybody wants to see."""


class Sampler:
    """Remembers the examples it made."""

    def __init__(self, shaper: Shaper) -> None:
        self._shaper = shaper
        self._known: dict[tuple[Term, int], tuple[Json, ...]] = {}

    def of_term(self, term: Term, depth: int = 0) -> tuple[Json, ...]:
        """A few values that should fit a term; none where none was found. What residues say is not looked at."""
        if depth > _DEEPEST:
            return ()
        known = self._known.get((term, depth))
        if known is None:
            each = [self.of_shape(shape, depth) for shape in self._shaper.shapes(term)]
            known = self._known[term, depth] = _few(_in_turn(each))
        return known

    def of_shape(self, shape: Shape, depth: int = 0) -> tuple[Json, ...]:
        """A few values of a shape."""
        match shape:
            case Finite(values=values):
                return values[:_MOST]
            case Number():
                return _few(value for value in numbers(shape) if shape.holds(value))
            case Text():
                return _few(text for text in texts(shape) if shape.holds(text))
            case Array():
                return _few(self._arrays(shape, depth))
        return _few(self._objects(shape, depth))

    def array(self, shape: Array, length: int, depth: int = 0) -> list[Json] | None:
        """An array of a length; None where its elements cannot be made."""
        if length > _LONGEST:
            return None
        made: list[Json] = []
        seen = set()
        for index in range(length):
            choices = self._elements(shape, index, length, depth)
            fresh = [each for each in choices if identity(each) not in seen] if shape.unique else choices
            if not fresh:
                return None
            made.append(fresh[0])
            seen.add(identity(fresh[0]))
        return made

    def _elements(self, shape: Array, index: int, length: int, depth: int) -> Sequence[Json]:
        wanted = [each.place for each in shape.contains if index < each.low]
        term = shape.element(index)
        found = self.of_term((*term, *(place for place in wanted if place not in term)), depth + 1)
        if shape.unique and length > len(found):  # a few will not do
            return (*found, *(value for value in range(length + _MOST) if self._takes_numbers(term, value)))
        return found

    def _takes_numbers(self, term: Term, value: int) -> bool:
        return any(isinstance(shape, Number) and shape.holds(value) for shape in self._shaper.shapes(term))

    def _arrays(self, shape: Array, depth: int) -> Iterator[Json]:
        lengths = {
            shape.low,
            max(shape.low, shape.prefix),
            max(shape.low, 1),
            max(each.low for each in shape.contains) if shape.contains else 0,
        }
        for length in sorted(length for length in lengths if shape.low <= length <= shape.high):
            made = self.array(shape, length, depth)
            if made is not None:
                yield made

    def object_of(self, shape: Object, names: Iterable[str], depth: int = 0) -> Mapping[str, Json] | None:
        """An object with these properties; None where one of them can have no value."""
        made: dict[str, Json] = {}
        for name in names:
            values = self.of_term(shape.member(name), depth + 1)
            if not values:
                return None
            made[name] = values[0]
        return made

    def smallest(self, shape: Object, depth: int = 0) -> Mapping[str, Json] | None:
        """An object with what is required and no more than its least number of properties asks for."""
        names = dict.fromkeys(shape.required)
        for name in (*shape.declared, *(f"key{number}" for number in range(min(shape.low, _LONGEST)))):
            if len(names) >= shape.low:
                break
            if self.of_term(shape.member(name), depth + 1):
                names[name] = None
        return self.object_of(shape, names, depth)

    def _objects(self, shape: Object, depth: int) -> Iterator[Json]:
        smallest = self.smallest(shape, depth)
        if smallest is None:
            return
        yield smallest
        if depth >= _FULL:
            return
        full = dict(smallest)
        for name in shape.declared:
            values = self.of_term(shape.member(name), depth + 1)
            if name not in full and values and len(full) < shape.high:
                full[name] = values[0]
                yield {**smallest, name: values[0]}
        yield full


def numbers(shape: Number, near: Iterable[float] = ()) -> Iterator[float]:
    """Numbers in and around a shape and near others, the plain ones first; the caller picks what it needs."""
    edges = [edge for edge in (shape.low, shape.high, *near) if math.isfinite(edge)]
    plain: list[float] = [0, 1, 0.5, -1, 2, -0.5, 1e6, 10**30]
    yield from plain
    for edge in edges:
        whole = int(edge) if edge == int(edge) else edge
        yield from (whole, whole + 1, whole - 1, whole + 0.5, whole - 0.5)
        yield from (edge + 2.0**-20, edge - 2.0**-20, math.ceil(edge), math.floor(edge))
    if len(edges) > 1:
        yield (edges[0] + edges[1]) / 2
    for step in shape.steps:
        starts = [math.ceil(edge / step) for edge in edges]
        for count in dict.fromkeys((1, 2, 3, -1, *(start + more for start in starts for more in (0, 1, -1, 2)))):
            yield _times(step, count)


def _times(step: float, count: int) -> float:
    exact = Fraction(str(step)) * count
    return int(exact) if exact.denominator == 1 else float(exact)


def texts(shape: Text, lengths: Iterable[float] = ()) -> Iterator[str]:
    """Texts in and around a shape; the caller picks what it needs."""
    yield from ("text", "")
    yield from (ENFORCED[name].example for name in shape.formats if name in ENFORCED)
    wanted = [int(each) for each in (shape.low, shape.high, *lengths) if 0 <= each <= _LONGEST]
    yield from ("x" * length for length in wanted)
    if shape.patterns:
        bound = languages.of_length(shape.low, shape.high) if shape.low or shape.high < math.inf else None
        yield from languages.members((*shape.patterns, *([bound] if bound else [])))
    yield from (each.example for each in ENFORCED.values())
    yield from ("A", "a", "1", "-", "ABC", "abc", "A1", "2026-01-31", "https://example.com/")


def _few(values: Iterable[Json]) -> tuple[Json, ...]:
    return tuple(islice({repr(identity(value)): value for value in islice(values, 4 * _MOST)}.values(), _MOST))


def _in_turn(groups: Sequence[Sequence[Json]]) -> Iterator[Json]:
    """The first of each group, then the second of each, and so on."""
    for index in range(_MOST):
        yield from (group[index] for group in groups if index < len(group))
