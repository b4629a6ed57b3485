"""Turns schemas into alternatives of shapes: a value fits a schema when it fits one of them and its residues."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from spacectl.core.contracts.meeting import meets, meets_all
from spacectl.core.contracts.places import Json, Place, Term, UnjudgedError, identity
from spacectl.core.contracts.shapes import (
    Array,
    Contains,
    Finite,
    Items,
    Layer,
    Number,
    Object,
    Residue,
    Shape,
    Text,
    kind_of,
    kinds,
)

Fits = Callable[[Place, Json], bool]
"""Whether a value fits a schema, by a real validator."""

_MOST = 128
"""Alternatives of one schema; more take longer to compare than anybody waits."""

_KINDS = ("null", "boolean", "number", "string", "array", "object")
_RESIDUES = (
    frozenset({"not"}), frozenset({"oneOf"}), frozenset({"if", "then", "else"}), frozenset({"dependentSchemas"}),
    frozenset({"dependentRequired"}), frozenset({"propertyNames"}), frozenset({"$dynamicRef"}),
    frozenset({"$recursiveRef"}),
)  # fmt: skip
_UNEVALUATED = frozenset({"unevaluatedItems", "unevaluatedProperties"})


class Shaper:
    """Knows the shapes of every term it was asked for."""

    def __init__(self, fits: Fits) -> None:
        self._fits = fits
        self._known: dict[Term, tuple[Shape, ...]] = {}
        self._own: dict[Place, tuple[Shape, ...]] = {}
        self._open: set[Place] = set()

    def shapes(self, term: Term) -> tuple[Shape, ...]:
        """The alternatives of a term; none where no value fits it.

        Raises:
            UnjudgedError: there are too many, or a schema is defined by nothing but itself.
        """
        known = self._known.get(term)
        if known is None:
            alternatives = meets_all([self._of(place) for place in term]) if term else ANYTHING
            known = self._known[term] = self._sifted(term, _few(alternatives))
        return known

    def _of(self, place: Place) -> tuple[Shape, ...]:
        known = self._own.get(place)
        if known is not None:
            return known
        if place in self._open:
            raise UnjudgedError(f"{place.pointer or 'the schema'} in {place.document.file} is defined by itself")
        self._open.add(place)
        try:
            known = self._own[place] = _few(self._made(place))
        finally:
            self._open.discard(place)
        return known

    def _made(self, place: Place) -> tuple[Shape, ...]:
        schema = place.schema
        if isinstance(schema, bool):
            return tuple(replace(shape, at=place) for shape in ANYTHING) if schema else ()
        found = _plain(place, schema)
        if "$ref" in schema:
            target = place.target()
            unknown = frozenset({"$ref"})
            found = meets(found, self._of(target)) if target is not None else _with(found, Residue(place, unknown))
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                branches = [self._of(place.at(keyword, index)) for index in range(len(schema[keyword]))]
                found = meets(found, tuple(shape for branch in branches for shape in branch))
        for index in range(len(schema.get("allOf", ()))):
            found = meets(found, self._of(place.at("allOf", index)))
        return _residual(place, schema, found)

    def _sifted(self, term: Term, alternatives: tuple[Shape, ...]) -> tuple[Shape, ...]:
        """Finite shapes with the values that really fit; what else their schemas say is then told."""
        return tuple(
            shape
            for each in alternatives
            for shape in ([self._real(term, each)] if isinstance(each, Finite) else [each])
            if not isinstance(shape, Finite) or shape.values
        )

    def _real(self, term: Term, finite: Finite) -> Finite:
        if all(_only_lists(place.schema) for place in term):
            return finite
        values = tuple(value for value in finite.values if all(self._fits(place, value) for place in term))
        return Finite(finite.at, values)


def _few(alternatives: tuple[Shape, ...]) -> tuple[Shape, ...]:
    if len(alternatives) > _MOST:
        raise UnjudgedError(f"{alternatives[0].at.document.file} allows more than {_MOST} alternatives at one place")
    return alternatives


def _only_lists(schema: Json) -> bool:
    """Whether a schema says nothing of finite values but their types and themselves, which meeting has looked at."""
    return isinstance(schema, bool) or not schema.keys() & _SAYS_MORE


_SAYS_MORE = frozenset({
    "$ref", "allOf", "anyOf", "oneOf", "not", "if", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
    "multipleOf", "minLength", "maxLength", "pattern", "format", "items", "prefixItems", "contains", "minItems",
    "maxItems", "uniqueItems", "properties", "patternProperties", "additionalProperties", "required", "minProperties",
    "maxProperties", "propertyNames", "dependentRequired", "dependentSchemas", "unevaluatedItems",
    "unevaluatedProperties", "$dynamicRef", "$recursiveRef",
})  # fmt: skip


def _plain(place: Place, schema: Mapping[str, Json]) -> tuple[Shape, ...]:
    """What a schema says by itself, apart from its references and combinations."""
    written = schema.get("type", _KINDS)
    names = (written,) if isinstance(written, str) else written
    found = tuple(shape for name in dict.fromkeys(names) for shape in _of_kind(place, schema, name, names))
    values = schema.get("enum")
    if "const" in schema:
        constant = schema["const"]
        values = [constant] if values is None or identity(constant) in map(identity, values) else []
    if values is None:
        return found
    allowed = {kind for shape in found for kind in kinds(shape)}
    whole_only = "integer" in names and "number" not in names
    kept = [
        value
        for value in values
        if kind_of(value) in allowed and not (whole_only and isinstance(value, float) and value != math.floor(value))
    ]
    return (Finite(place, tuple({identity(value): value for value in kept}.values())),) if kept else ()


def _of_kind(place: Place, schema: Mapping[str, Json], name: str, names: Any) -> tuple[Shape, ...]:
    match name:
        case "null":
            return (Finite(place, (None,)),)
        case "boolean":
            return (Finite(place, (False, True)),)
        case "integer":
            return () if "number" in names else _number(place, schema, whole=True)
        case "number":
            return _number(place, schema, whole=False)
        case "string":
            return _text(place, schema)
        case "array":
            return _array(place, schema)
    return _object(place, schema)


def _number(place: Place, schema: Mapping[str, Json], *, whole: bool) -> tuple[Shape, ...]:
    low, low_open = max(_bounds(schema, "minimum", "exclusiveMinimum", -math.inf))
    high, shut = min((edge, not is_open) for edge, is_open in _bounds(schema, "maximum", "exclusiveMaximum", math.inf))
    steps = (schema["multipleOf"],) if "multipleOf" in schema else ()
    made = Number(place, whole, low, low_open, high, not shut, steps)
    return () if made.is_empty else (made,)


def _bounds(schema: Mapping[str, Json], bound: str, exclusive: str, none: float) -> list[tuple[float, bool]]:
    """The bounds that a schema names, and whether each is left out itself."""
    return [(schema.get(bound, none), False), (schema.get(exclusive, none), exclusive in schema)]


def _text(place: Place, schema: Mapping[str, Json]) -> tuple[Shape, ...]:
    high = schema.get("maxLength", math.inf)
    patterns = (schema["pattern"],) if "pattern" in schema else ()
    formats = (schema["format"],) if isinstance(schema.get("format"), str) else ()
    low = int(schema.get("minLength", 0))
    return () if low > high else (Text(place, low, high, patterns, formats),)


def _array(place: Place, schema: Mapping[str, Json]) -> tuple[Shape, ...]:
    prefix = tuple(place.at("prefixItems", index) for index in range(len(schema.get("prefixItems", ()))))
    rest = place.at("items") if "items" in schema else None
    layers = (Items(prefix, rest),) if prefix or rest is not None else ()
    contains: tuple[Contains, ...] = ()
    if "contains" in schema:
        low, high = int(schema.get("minContains", 1)), schema.get("maxContains", math.inf)
        contains = (Contains(place.at("contains"), low, high),)
    low, high = int(schema.get("minItems", 0)), schema.get("maxItems", math.inf)
    unique = schema.get("uniqueItems") is True
    return () if low > high else (Array(place, layers, low, high, unique, contains),)


def _object(place: Place, schema: Mapping[str, Json]) -> tuple[Shape, ...]:
    properties = {name: place.at("properties", name) for name in schema.get("properties", ())}
    patterns = {pattern: place.at("patternProperties", pattern) for pattern in schema.get("patternProperties", ())}
    additional = place.at("additionalProperties") if "additionalProperties" in schema else None
    speaks = bool(properties or patterns) or additional is not None
    layers = (Layer(properties, patterns, additional),) if speaks else ()
    required = dict.fromkeys(schema.get("required", ()), place)
    low, high = int(schema.get("minProperties", 0)), schema.get("maxProperties", math.inf)
    return () if low > high else (Object(place, layers, required, low, high),)


def _residual(place: Place, schema: Mapping[str, Json], found: tuple[Shape, ...]) -> tuple[Shape, ...]:
    for keywords in _RESIDUES:
        if keywords & schema.keys():
            found = _with(found, Residue(place, keywords))
    if _UNEVALUATED & schema.keys():  # what they mean depends on everything beside them
        found = _with(found, Residue(place, frozenset(schema)))
    return found


def _with(alternatives: tuple[Shape, ...], residue: Residue) -> tuple[Shape, ...]:
    return tuple(replace(shape, residues=(*shape.residues, residue)) for shape in alternatives)


_NOWHERE = Place(document=None, pointer="", schema=True)  # type: ignore[arg-type]
ANYTHING: tuple[Shape, ...] = (
    Finite(_NOWHERE, (None, False, True)), Number(_NOWHERE), Text(_NOWHERE), Array(_NOWHERE), Object(_NOWHERE),
)  # fmt: skip
"""Every value."""
