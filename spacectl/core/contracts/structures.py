"""Whether all arrays, or all objects, of one shape are in another, and what to say of parts that no shape holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Protocol

from spacectl.core.contracts import languages
from spacectl.core.contracts.disjoint import are_disjoint
from spacectl.core.contracts.failing import Failure, failure
from spacectl.core.contracts.places import Json, Place, Term, is_anything, same
from spacectl.core.contracts.samples import Sampler
from spacectl.core.contracts.shapes import Array, Finite, Layer, Object, Residue, Shape, matches
from spacectl.core.contracts.shaping import Fits, Shaper

_MOST_PARTS = 32


class Comparison(Protocol):
    """What compares the parts of arrays and objects."""

    @property
    def shaper(self) -> Shaper: ...
    @property
    def sampler(self) -> Sampler: ...
    @property
    def fits(self) -> Fits: ...
    def terms(self, a: Term, b: Term) -> tuple[Failure, ...]: ...


@dataclass(frozen=True, slots=True)
class Structures:
    """Compares arrays and objects, their parts by the comparison it belongs to."""

    within: Comparison

    def arrays(self, a: Array, b: Array) -> Iterator[Failure]:
        """What the sender's arrays `a` have that the receiver's `b` have not."""
        yield from self._lengths(a, b)
        if b.unique and not a.unique and a.high > 1:
            samples = self.within.sampler.of_shape(a)
            twice = [[each[0], each[0], *each[2:]] for each in samples if each]
            yield failure("items", "the receiver takes no element twice", a.at, b.at, twice)
        for index in range(int(min(max(a.prefix, b.prefix) + 1, a.high))):
            if not self.within.shaper.shapes(a.element(index)):
                break
            for each in self.within.terms(a.element(index), b.element(index)):
                yield each.within(index, partial(self._with_element, a, index))
        for wanted in b.contains:
            if not any(self._contains(own.place, wanted.place, own.low, wanted.low) for own in a.contains) and not (
                a.low >= wanted.low and not self.within.terms(a.element(a.prefix), (wanted.place,)) and not a.prefix
            ):
                message = "the receiver wants elements that the sender need not send"
                yield failure("items", message, a.at, wanted.place, self.within.sampler.of_shape(a))
            elif wanted.high < a.high and wanted.high != float("inf"):
                message = "the receiver wants fewer such elements"
                yield failure("items", message, a.at, wanted.place, self.within.sampler.of_shape(a))

    def _lengths(self, a: Array, b: Array) -> Iterator[Failure]:
        array = self.within.sampler.array
        if b.low > a.low:
            message = f"the receiver takes at least {b.low} elements"
            yield failure("length", message, a.at, b.at, [made for made in [array(a, a.low)] if made is not None])
        if b.high < self._longest(a):
            message = f"the receiver takes at most {b.high} elements"
            made = array(a, max(a.low, int(b.high) + 1))
            yield failure("length", message, a.at, b.at, [] if made is None else [made])

    def _longest(self, a: Array) -> float:
        """The most elements that the sender's arrays can have: none follows one that can have no value."""
        for index in range(a.prefix + 1):
            if index < a.high and not self.within.shaper.shapes(a.element(index)):
                return index
        return a.high

    def _contains(self, own: Place, wanted: Place, low: int, wanted_low: int) -> bool:
        return low >= wanted_low and not self.within.terms((own,), (wanted,))

    def _with_element(self, a: Array, index: int, value: Json) -> Json | None:
        made = self.within.sampler.array(a, max(a.low, index + 1))
        return None if made is None else [*made[:index], value, *made[index + 1 :]]

    def objects(self, a: Object, b: Object) -> Iterator[Failure]:
        """What the sender's objects `a` have that the receiver's `b` have not.

        The sender is taken to send only the properties that it declares, even where it allows others.
        """
        yield from self._required(a, b)
        for name in a.declared:
            yield from self._property(a, b, name)
        yield from self._undeclared(a, b)
        yield from self._sizes(a, b)

    def _required(self, a: Object, b: Object) -> Iterator[Failure]:
        for name, place in b.required.items():
            if name not in a.required:
                declared = any(name in layer.properties for layer in a.layers)
                message = f"the receiver requires {name}, which the sender " + (
                    "may leave out" if declared else "does not declare"
                )
                samples = [value for value in self.within.sampler.of_shape(a) if name not in value]
                yield failure("required", message, a.at, place, samples)

    def _property(self, a: Object, b: Object, name: str) -> Iterator[Failure]:
        term = a.member(name)
        if not self.within.shaper.shapes(term):
            return
        for each in self.within.terms(term, b.member(name)):
            yield each.within(name, partial(self._with, a, name))

    def _with(self, a: Object, name: str, value: Json) -> Json | None:
        smallest = self.within.sampler.smallest(a)
        return None if smallest is None else {**smallest, name: value}

    def _undeclared(self, a: Object, b: Object) -> Iterator[Failure]:
        """Properties that the sender tells of by a pattern or a schema for all others."""
        others = [name for name in b.declared if name not in a.declared]
        for layer in a.layers:
            for pattern, place in layer.patterns.items():
                names = [name for name in others if matches(pattern, name)]
                yield from self._family(a, b, (place,), names, pattern)
        if any(not is_anything((place,)) and place.schema is not False for place in a.additional):
            if all(place.schema is not False for place in a.additional):
                yield from self._family(a, b, a.additional, others, None)
        elif not a.declared and not any(layer.patterns for layer in a.layers) and _is_open(a):
            for each in self._family(a, b, (), others, None):
                message = f"{each.message}; the sender declares no property, so what it sends is not known"
                yield replace(each, message=message, provable=False)

    def _family(self, a: Object, b: Object, term: Term, names: Sequence[str], pattern: str | None) -> Iterator[Failure]:
        """Many properties with one schema: those that the receiver knows by name, and any other."""
        if not self.within.shaper.shapes(term):
            return
        for name in names:
            for each in self.within.terms(term, b.member(name)):
                yield each.within(name, partial(self._with, a, name))
        name = _fresh(pattern, a, b)
        for each in self.within.terms(term, _of_others(b, pattern)):
            yield each.within(name, partial(self._with, a, name))

    def _sizes(self, a: Object, b: Object) -> Iterator[Failure]:
        if b.low > max(a.low, len(a.required)):
            samples = self.within.sampler.of_shape(a)
            message = f"the receiver takes objects with at least {b.low} properties"
            yield failure("properties", message, a.at, b.at, (value for value in samples if len(value) < b.low))
        closed = not _is_open(a) or (bool(a.declared) and not _tells_of_others(a))
        if b.high < a.high and not (closed and len(a.declared) <= b.high):
            samples = self.within.sampler.of_shape(a)
            message = f"the receiver takes objects with at most {b.high} properties"
            yield failure("properties", message, a.at, b.at, (value for value in samples if len(value) > b.high))

    def residues(self, a: Shape, b: Shape) -> Iterator[Failure]:
        """What the receiver says beside its shape, where it is not plain that the sender keeps to it."""
        for residue in b.residues:
            if any(
                residue.keywords == own.keywords and same(residue.place, own.place, own.keywords) for own in a.residues
            ):
                continue
            if not self._keeps_to(a, residue):
                words = " and ".join(sorted(residue.keywords & _SAID))
                message = f"the receiver says {words}, of which it is not known whether the sender keeps to it"
                yield failure("condition", message, a.at, residue.place, self.within.sampler.of_shape(a))

    def _keeps_to(self, a: Shape, residue: Residue) -> bool:
        schema, place = residue.place.schema, residue.place
        if residue.keywords == {"not"}:
            return self._apart(a, place.at("not"))
        if residue.keywords == {"oneOf"}:
            branches = range(len(schema["oneOf"]))
            return sum(not self._apart(a, place.at("oneOf", index)) for index in branches) <= 1
        if not isinstance(a, Object):
            return bool(residue.keywords <= _OF_OBJECTS)
        if residue.keywords == {"dependentRequired"}:
            needs = schema["dependentRequired"].items()
            declared = {*a.declared} if a.declared and not _tells_of_others(a) else None
            return all(
                set(names) <= a.required.keys() or (declared is not None and name not in declared)
                for name, names in needs
            )
        if residue.keywords == {"propertyNames"} and a.declared and not _tells_of_others(a):
            return all(self.within.fits(place.at("propertyNames"), name) for name in a.declared)
        return False

    def _apart(self, a: Shape, place: Place) -> bool:
        shaper = self.within.shaper
        return all(are_disjoint(shaper, a, other) for other in shaper.shapes((place,)))


_OF_OBJECTS = frozenset({"dependentRequired", "dependentSchemas", "propertyNames"})
_SAID = _OF_OBJECTS | {
    "not", "oneOf", "if", "unevaluatedItems", "unevaluatedProperties", "$ref", "$dynamicRef", "$recursiveRef",
}  # fmt: skip


def _is_open(a: Object) -> bool:
    return all(place.schema is not False for place in a.additional)


def _tells_of_others(a: Object) -> bool:
    """Whether the sender speaks of properties that it does not name: by a pattern, or by a schema for all others."""
    patterns = any(layer.patterns for layer in a.layers)
    return patterns or (_is_open(a) and any(not is_anything((place,)) for place in a.additional))


def _of_others(b: Object, pattern: str | None) -> Term:
    """What the receiver may ask of properties that it does not name, and that match the sender's pattern.

    Which of its patterns such a name matches is not known, so that all count; but the sender's own counts alone.
    """
    found = (_layer_of_others(layer, pattern) for layer in b.layers)
    return tuple(dict.fromkeys(chain.from_iterable(found)))


def _layer_of_others(layer: Layer, pattern: str | None) -> Term:
    if pattern is not None and list(layer.patterns) == [pattern]:
        return (layer.patterns[pattern],)
    additional = () if layer.additional is None else (layer.additional,)
    return (*layer.patterns.values(), *additional)


def _fresh(pattern: str | None, a: Object, b: Object) -> str:
    """A name that neither side knows, and that matches the pattern where one can be made."""
    choices = (*languages.members((pattern,)), "x", "key") if pattern is not None else ("key", "another")
    known = {*a.declared, *b.declared}
    return next((name for name in choices if name not in known), "unknown")


def splits(shaper: Shaper, a: Object, near: Sequence[Shape]) -> tuple[Object, ...]:
    """The sender's objects by the values of a property that tells the receiver's alternatives apart.

    None where there is no such property: required, with few values, by which at least one alternative is ruled out.
    """
    for name in a.required:
        shapes = shaper.shapes(a.member(name))
        values = [value for shape in shapes if isinstance(shape, Finite) for value in shape.values]
        if len(values) > 1 and len(values) <= _MOST_PARTS and all(isinstance(shape, Finite) for shape in shapes):
            parts = tuple(_narrowed(a, name, value) for value in values)
            if any(are_disjoint(shaper, part, other) for part in parts for other in near):
                return parts
    return ()


def _narrowed(a: Object, name: str, value: Json) -> Object:
    origin = next((layer.properties[name] for layer in a.layers if name in layer.properties), a.at)
    made = Place(origin.document, origin.pointer, {"const": value}, origin.base, made=True)
    return replace(a, layers=(*a.layers, Layer({name: made}, {}, None)))
