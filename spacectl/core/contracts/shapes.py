"""What a schema allows of one kind of value: finite sets, numbers, texts, arrays and objects, each with its bounds."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain
from typing import Literal

from spacectl.core.contracts.formats import ENFORCED
from spacectl.core.contracts.places import Json, Place, Term, UnjudgedError, names_below

Kind = Literal["null", "boolean", "number", "string", "array", "object"]


@dataclass(frozen=True, slots=True)
class Residue:
    """A part of a schema that no shape can hold, such as `not`: these keywords at this place."""

    place: Place
    keywords: frozenset[str]


@dataclass(frozen=True, slots=True)
class Finite:
    """Exactly these values; null and booleans are finite, too."""

    at: Place
    values: tuple[Json, ...]
    residues: tuple[Residue, ...] = ()


@dataclass(frozen=True, slots=True)
class Number:
    """Numbers within bounds; `steps` are what they must be multiples of."""

    at: Place
    whole: bool = False
    low: float = -math.inf
    low_open: bool = False
    high: float = math.inf
    high_open: bool = False
    steps: tuple[float, ...] = ()
    residues: tuple[Residue, ...] = ()

    def holds(self, value: float) -> bool:
        above = value > self.low if self.low_open else value >= self.low
        below = value < self.high if self.high_open else value <= self.high
        whole = not self.whole or value == math.floor(value)
        return above and below and whole and all(is_multiple(value, step) for step in self.steps)

    @property
    def is_empty(self) -> bool:
        if self.whole and math.isfinite(self.low) and math.isfinite(self.high):
            return self.first_whole > self.last_whole
        return self.low > self.high or (self.low == self.high and (self.low_open or self.high_open))

    @property
    def first_whole(self) -> int:
        """The least whole number in it; the low bound must be finite."""
        least = math.ceil(self.low)
        return least + 1 if self.low_open and least == self.low else least

    @property
    def last_whole(self) -> int:
        most = math.floor(self.high)
        return most - 1 if self.high_open and most == self.high else most


@dataclass(frozen=True, slots=True)
class Text:
    """Texts of some length that match all patterns and formats."""

    at: Place
    low: int = 0
    high: float = math.inf
    patterns: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    residues: tuple[Residue, ...] = ()

    def holds(self, value: str) -> bool:
        fits = all(ENFORCED[name].fits(value) for name in self.formats if name in ENFORCED)
        return self.low <= len(value) <= self.high and fits and all(matches(each, value) for each in self.patterns)


@dataclass(frozen=True, slots=True)
class Items:
    """What one schema says of an array's elements: of the first ones each, and of the rest."""

    prefix: tuple[Place, ...]
    rest: Place | None

    def at(self, index: int) -> Term:
        if index < len(self.prefix):
            return (self.prefix[index],)
        return () if self.rest is None else (self.rest,)


@dataclass(frozen=True, slots=True)
class Contains:
    """How many elements of an array must fit a schema."""

    place: Place
    low: int
    high: float


@dataclass(frozen=True, slots=True)
class Array:
    """Arrays; every layer counts."""

    at: Place
    layers: tuple[Items, ...] = ()
    low: int = 0
    high: float = math.inf
    unique: bool = False
    contains: tuple[Contains, ...] = ()
    residues: tuple[Residue, ...] = ()

    def element(self, index: int) -> Term:
        """What an element must fit."""
        return _joined(layer.at(index) for layer in self.layers)

    @property
    def prefix(self) -> int:
        """How many first elements are spoken of one by one."""
        return max((len(layer.prefix) for layer in self.layers), default=0)


@dataclass(frozen=True, slots=True)
class Layer:
    """What one schema says of an object's properties."""

    properties: Mapping[str, Place]
    patterns: Mapping[str, Place]
    additional: Place | None

    def at(self, name: str) -> Term:
        own = (self.properties[name],) if name in self.properties else ()
        term = (*own, *(place for pattern, place in self.patterns.items() if matches(pattern, name)))
        return term or (() if self.additional is None else (self.additional,))


@dataclass(frozen=True, slots=True)
class Object:
    """Objects; every layer counts. `required` tells for each name where it is required."""

    at: Place
    layers: tuple[Layer, ...] = ()
    required: Mapping[str, Place] = field(default_factory=dict)
    low: int = 0
    high: float = math.inf
    residues: tuple[Residue, ...] = ()

    def member(self, name: str) -> Term:
        """What the value of a property must fit."""
        return _joined(layer.at(name) for layer in self.layers)

    @property
    def declared(self) -> tuple[str, ...]:
        """The names of its properties, each once; also those that are only required, or stand in a condition."""
        named = (name for layer in self.layers for name in layer.properties)
        below = (sorted(names_below(each.place, each.keywords)) for each in self.residues)
        return tuple(dict.fromkeys((*named, *self.required, *chain.from_iterable(below))))

    @property
    def additional(self) -> Term:
        """What properties must fit that are not spoken of otherwise, where a schema tells more than yes or no."""
        return _joined((layer.additional,) for layer in self.layers if layer.additional is not None)


Shape = Finite | Number | Text | Array | Object


def kind_of(value: Json) -> Kind:
    """The kind of a JSON value; whole numbers are numbers."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list() | tuple():
            return "array"
    return "object"


def kinds(shape: Shape) -> frozenset[Kind]:
    """The kinds of the values of a shape."""
    match shape:
        case Finite(values=values):
            return frozenset(map(kind_of, values))
        case Number():
            return frozenset({"number"})
        case Text():
            return frozenset({"string"})
        case Array():
            return frozenset({"array"})
    return frozenset({"object"})


def is_multiple(value: float, step: float) -> bool:
    """Whether a number is a multiple of another as both are written in decimals: 0.3 is one of 0.1."""
    if isinstance(value, float) and not math.isfinite(value):
        return False
    return (Fraction(str(value)) / Fraction(str(step))).denominator == 1


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern is found in a text.

    Raises:
        UnjudgedError: it is none of Python's regular expressions.
    """
    try:
        return re.search(pattern, text) is not None
    except re.error as error:
        raise UnjudgedError(f"the pattern {pattern} cannot be read here: {error}") from error


def _joined(terms: Iterable[Term]) -> Term:
    return tuple(dict.fromkeys(place for term in terms for place in term))
