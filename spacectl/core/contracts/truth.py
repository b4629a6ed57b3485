"""Asks a real JSON Schema validator whether a value fits a schema."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import UnknownType
from referencing import Registry
from referencing.exceptions import NoSuchResource, Unresolvable
from referencing.jsonschema import DRAFT202012

from spacectl.core.contracts.formats import ENFORCED
from spacectl.core.contracts.places import Document, Json, Place, UnjudgedError

_ADDRESS = "urn:spacectl:contract"


def enforced_formats() -> FormatChecker:
    """A checker of the formats that receivers enforce, and of no others."""
    checker = FormatChecker(formats=())
    for name, each in ENFORCED.items():
        checker.checks(name)(lambda value, fits=each.fits: not isinstance(value, str) or fits(value))
    return checker


class Truth:
    """Keeps a validator for every schema that it was asked for."""

    def __init__(self) -> None:
        self._formats = enforced_formats()
        self._validators: dict[Place, Draft202012Validator] = {}
        self._registries: dict[Document, Registry[Any]] = {}

    def fits(self, place: Place, value: Json) -> bool:
        """Whether a value fits.

        Raises:
            UnjudgedError: the validator cannot tell: the schema refers to another document, or holds a pattern that is
                none of Python's.
        """
        try:
            return self._validator(place).is_valid(value)
        except (Unresolvable, NoSuchResource, re.error, UnknownType, RecursionError, OverflowError) as error:
            raise UnjudgedError(f"{place.document.file} cannot be validated: {error}") from error

    def _validator(self, place: Place) -> Draft202012Validator:
        known = self._validators.get(place)
        if known is None:
            known = self._validators[place] = self._made(place)
        return known

    def _made(self, place: Place) -> Draft202012Validator:
        if place.made or isinstance(place.schema, bool) or not _refers(place.schema):
            return Draft202012Validator(place.schema, format_checker=self._formats)
        reference = {"$ref": f"{_ADDRESS}#{_quoted(place.pointer)}"}
        return Draft202012Validator(reference, registry=self._registry(place.document), format_checker=self._formats)

    def _registry(self, document: Document) -> Registry[Any]:
        known = self._registries.get(document)
        if known is None:
            resource = DRAFT202012.create_resource(document.contents)
            known = self._registries[document] = Registry().with_resource(_ADDRESS, resource).crawl()
        return known


def _refers(schema: Json) -> bool:
    """Whether a schema may lead out of itself."""
    match schema:
        case Mapping():
            return not schema.keys().isdisjoint(_REFERENCES) or any(map(_refers, schema.values()))
        case list():
            return any(map(_refers, schema))
    return False


_REFERENCES = frozenset({"$ref", "$dynamicRef", "$recursiveRef", "$id"})


def _quoted(pointer: str) -> str:
    return pointer.replace("%", "%25").replace("#", "%23")


def is_plain(value: Json) -> bool:
    """Whether a value can be written as JSON: no number in it is infinite."""
    match value:
        case float():
            return math.isfinite(value)
        case Mapping():
            return all(map(is_plain, value.values()))
        case list():
            return all(map(is_plain, value))
    return True
