"""Schemas where they stand: a document, a JSON pointer into it, and where its references lead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from spacectl.core.contracts.modern import escaped, unescaped

Json = Any
"""A decoded JSON value."""

Pointer = str


class UnjudgedError(Exception):
    """Why two schemas cannot be compared to the end; what is asked stays unproven."""


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A contract document whose schemas are of draft 2020-12.

    Attributes:
        file: what messages call it.
        contents: the whole of it; never changed.
    """

    file: str
    contents: Json
    _places: dict[Pointer, Place] = field(default_factory=dict, repr=False)

    @property
    def root(self) -> Place:
        """The whole document as one schema."""
        return self._places.setdefault("", Place(self, "", self.contents))

    def place(self, pointer: Pointer) -> Place | None:
        """What stands at a pointer; the same object at every call. None where nothing does."""
        known = self._places.get(pointer)
        if known is None:
            found = self._walk(pointer)
            if found is None:
                return None
            known = self._places[pointer] = Place(self, pointer, *found)
        return known

    def _walk(self, pointer: Pointer) -> tuple[Json, Pointer] | None:
        """The value at a pointer and the pointer of the nearest `$id` around it, which is what `#` means there."""
        value, base, walked = self.contents, "", ""
        for part in pointer.split("/")[1:]:
            found = _step(value, unescaped(part))
            if found is None:
                return None
            value = found[0]
            walked += f"/{part}"
            base = walked if _starts_anew(value) else base
        return value, base

    def below(self, place: Place, key: str | int) -> Place | None:
        """What stands one step below a place of this document; None where nothing does."""
        pointer = f"{place.pointer}/{escaped(key)}"
        known = self._places.get(pointer)
        if known is None:
            found = _step(place.schema, str(key))
            if found is None:
                return None
            base = pointer if _starts_anew(found[0]) else place.base
            known = self._places[pointer] = Place(self, pointer, found[0], base)
        return known


def _step(value: Json, key: str) -> tuple[Json] | None:
    if isinstance(value, dict):
        return (value[key],) if key in value else None
    if isinstance(value, list) and key.isascii() and key.isdigit() and int(key) < len(value):
        return (value[int(key)],)
    return None


def _starts_anew(value: Json) -> bool:
    return isinstance(value, dict) and isinstance(value.get("$id"), str)


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A schema (or another part of a document) and where it stands. Two places are equal when they are the same."""

    document: Document
    pointer: Pointer
    schema: Json
    base: Pointer = ""
    made: bool = False
    """Whether it was made for a comparison and stands in no document; the pointer tells where it comes from."""

    def at(self, *keys: str | int) -> Place:
        """What stands below; it must be there."""
        place = self
        for key in keys:
            below = self.document.below(place, key)
            if below is None:
                raise UnjudgedError(f"nothing is at {keys} below {self.pointer} in {self.document.file}")
            place = below
        return place

    def target(self) -> Place | None:
        """Where its `$ref` leads; None where that is outside the document, at an anchor, or nowhere."""
        reference = self.schema["$ref"]
        if not isinstance(reference, str):
            return None
        if reference == "#":
            return self.document.place(self.base)
        if not reference.startswith("#/"):
            return None
        return self.document.place(self.base + _unquoted(reference[1:]))

    def followed(self) -> Place:
        """Itself, or where its references lead in the end.

        Raises:
            UnjudgedError: they lead nowhere, or in a circle.
        """
        place, seen = self, {self}
        while isinstance(place.schema, dict) and "$ref" in place.schema:
            target = place.target()
            if target is None or target in seen:
                raise UnjudgedError(f"{place.document.file} has a $ref that leads nowhere: {place.schema['$ref']}")
            seen.add(target)
            place = target
        return place


Term = tuple[Place, ...]
"""A value must fit all of these; none means that every value fits."""


def both(first: Term, second: Term) -> Term:
    """What fits one term and the other."""
    return (*first, *(place for place in second if place not in first))


def is_anything(term: Term) -> bool:
    """Whether a term plainly lets every value pass."""
    return all(place.schema is True or place.schema == {} for place in term)


def same(first: Place, second: Place, keywords: frozenset[str] | None = None) -> bool:
    """Whether two schemas are written alike, also behind their references and apart from what only describes.

    Of the outermost ones, only these keywords are compared; all where that is None.
    """
    return _Likeness().places(first, second, keywords)


_DESCRIBES = frozenset({
    "title", "description", "examples", "example", "default", "deprecated", "readOnly", "writeOnly", "$comment",
    "externalDocs", "xml",
})  # fmt: skip
_DYNAMIC = frozenset({"$dynamicRef", "$recursiveRef"})
_DATA = frozenset({"enum", "const", "required", "type", "dependentRequired"})
_NAMED = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})


class _Likeness:
    def __init__(self) -> None:
        self._assumed: set[tuple[Place, Place]] = set()

    def places(self, one: Place, two: Place, keywords: frozenset[str] | None = None) -> bool:
        if one is two:
            return True
        if not (isinstance(one.schema, dict) and isinstance(two.schema, dict)):
            return bool(one.schema is two.schema)
        if keywords is None and (one, two) in self._assumed:
            return True
        if keywords is None:
            self._assumed.add((one, two))
        keys = _telling(one, keywords)
        return keys == _telling(two, keywords) and all(self._key(key, one, two) for key in keys)

    def _key(self, key: str, one: Place, two: Place) -> bool:
        if key in _DYNAMIC:
            return _are_in_same_document(one, two)
        if key == "$ref":
            targets = one.target(), two.target()
            if targets[0] is None or targets[1] is None:
                return targets[0] is targets[1] and _are_in_same_document(one, two)
            return self.places(targets[0], targets[1])
        if key in _DATA or not isinstance(one.schema[key], dict | list):
            return bool(identity(one.schema[key]) == identity(two.schema[key]))
        return self._below(one.at(key), two.at(key), named=key in _NAMED)

    def _below(self, one: Place, two: Place, *, named: bool) -> bool:
        if isinstance(one.schema, list) and isinstance(two.schema, list):
            alike = len(one.schema) == len(two.schema)
            return alike and all(self.places(one.at(index), two.at(index)) for index in range(len(one.schema)))
        if not named:
            return self.places(one, two)
        if not isinstance(two.schema, dict) or one.schema.keys() != two.schema.keys():
            return False
        return all(self.places(one.at(name), two.at(name)) for name in one.schema)


def _are_in_same_document(one: Place, two: Place) -> bool:
    """Whether two places are the same of two equal documents: all that is around them may tell what they mean."""
    return one.pointer == two.pointer and bool(identity(one.document.contents) == identity(two.document.contents))


def _telling(place: Place, keywords: frozenset[str] | None) -> frozenset[str]:
    written = frozenset(place.schema)
    return written - _DESCRIBES if keywords is None else written & keywords


def names_below(place: Place, keywords: frozenset[str]) -> frozenset[str]:
    """The names of all properties that these keywords of a schema speak of, also behind references."""
    found: set[str] = set()
    seen: set[Place] = set()
    waiting = [place.at(keyword) for keyword in keywords & place.schema.keys()]
    while waiting:
        each = waiting.pop()
        if each in seen or not isinstance(each.schema, dict | list):
            continue
        seen.add(each)
        parts = each.schema if isinstance(each.schema, dict) else range(len(each.schema))
        waiting += [each.at(part) for part in parts]
        if isinstance(each.schema, dict):
            properties = each.schema.get("properties")
            found.update(properties if isinstance(properties, dict) else ())
            target = each.target() if isinstance(each.schema.get("$ref"), str) else None
            waiting += [] if target is None else [target]
    return frozenset(found)


def identity(value: Json) -> Json:
    """Equal for two JSON values exactly when JSON Schema calls them equal: 1 and 1.0 are, 1 and true are not."""
    match value:
        case bool():
            return ("boolean", value)
        case list() | tuple():
            return ("array", tuple(identity(each) for each in value))
        case Mapping():
            return ("object", frozenset((key, identity(each)) for key, each in value.items()))
    return value


def _unquoted(text: str) -> str:
    """Percent-encoding taken off a fragment (RFC 3986)."""
    if "%" not in text:
        return text
    parts = text.encode().split(b"%")
    made = bytearray(parts[0])
    for part in parts[1:]:
        try:
            made += bytes([int(part[:2], 16)]) + part[2:]
        except ValueError:
            made += b"%" + part
    return made.decode(errors="replace")
