"""Brings schemas of OpenAPI 3.0 and of older JSON Schema drafts to draft 2020-12, and finds what is no schema.

AsyncAPI 3.0 builds on draft 7 and OpenAPI 3.0 on draft 5, while today's generators write 2020-12 into both. What
differs between them is told apart by its form, so that no document has to say its draft.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

TYPES = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})
_ONE = frozenset({
    "not", "if", "then", "else", "items", "contains", "additionalProperties", "propertyNames", "unevaluatedItems",
    "unevaluatedProperties",
})  # fmt: skip
_MANY = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_NAMED = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_COUNTS = frozenset({
    "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "minContains", "maxContains",
})  # fmt: skip
_NUMBERS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
_HOLD_SCHEMAS = _ONE | _MANY | _NAMED | {"dependencies", "additionalItems"}
_MEASURES = _COUNTS | _NUMBERS
_LARGEST = 1e300
"""Bounds beyond it cannot be counted with in floating point."""
_DEEPEST = 100


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a document, at a JSON pointer, and what to write instead where that is known."""

    pointer: str
    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Modern:
    """A schema of draft 2020-12, what is wrong with it, and the pointers of all schemas in it, itself included."""

    schema: Any
    flaws: tuple[Flaw, ...]
    pointers: frozenset[str] = frozenset()


def modern(schema: Any, pointer: str = "", *, openapi_30: bool = False) -> Modern:
    """The same schema in draft 2020-12.

    `nullable` counts where a type or another schema stands beside it, which is how it is meant, although the text of
    OpenAPI 3.0.3 gives it a meaning only beside a type. There, what stands beside a `$ref` is not read.
    """
    rewriting = _Rewriting(openapi_30)
    made = rewriting.schema(schema, pointer, 0)
    return Modern(made, tuple(rewriting.flaws), frozenset(rewriting.pointers))


def escaped(key: str | int) -> str:
    """A key as a part of a JSON pointer (RFC 6901)."""
    text = str(key)
    return text.replace("~", "~0").replace("/", "~1") if "~" in text or "/" in text else text


def unescaped(part: str) -> str:
    """The key that a part of a JSON pointer stands for."""
    return part.replace("~1", "/").replace("~0", "~") if "~" in part else part


class _Rewriting:
    def __init__(self, openapi_30: bool) -> None:
        self.flaws: list[Flaw] = []
        self.pointers: list[str] = []
        self._openapi_30 = openapi_30

    def schema(self, schema: Any, pointer: str, depth: int) -> Any:
        self.pointers.append(pointer)
        if isinstance(schema, bool):
            return schema
        if not isinstance(schema, dict):
            return self._flaw(pointer, "is no schema", "a schema is an object, true or false")
        if depth > _DEEPEST:
            return self._flaw(pointer, f"schemas are nested more than {_DEEPEST} deep")
        self.flaws += _misfits(schema, pointer)
        read = {"$ref": schema["$ref"], **_nullable(schema)} if self._openapi_30 and "$ref" in schema else schema
        made = {
            key: self._value(key, value, f"{pointer}/{escaped(key)}", depth) if key in _HOLD_SCHEMAS else value
            for key, value in read.items()
        }
        return _without_nullable(made) if self._openapi_30 else _updated(made)

    def _value(self, key: str, value: Any, pointer: str, depth: int) -> Any:
        if key in _MANY or (key == "items" and isinstance(value, list)):
            if not isinstance(value, list) or (not value and key not in {"items", "prefixItems"}):
                return self._flaw(pointer, "must be a list of schemas") and []
            return [self.schema(each, f"{pointer}/{index}", depth + 1) for index, each in enumerate(value)]
        if key in _ONE or key == "additionalItems":
            return self.schema(value, pointer, depth + 1)
        if key in _NAMED or key == "dependencies":
            return self._named(key, value, pointer, depth)
        return value

    def _named(self, key: str, value: Any, pointer: str, depth: int) -> Any:
        if not isinstance(value, dict):
            return self._flaw(pointer, "must be an object of schemas") and {}
        return {
            name: each
            if key == "dependencies" and isinstance(each, list)
            else self.schema(each, f"{pointer}/{escaped(name)}", depth + 1)
            for name, each in value.items()
        }

    def _flaw(self, pointer: str, message: str, hint: str | None = None) -> bool:
        self.flaws.append(Flaw(pointer, message, hint))
        return True


def _nullable(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"nullable": True} if schema.get("nullable") is True else {}


def _without_nullable(schema: dict[str, Any]) -> dict[str, Any]:
    schema = _updated(schema)
    if schema.pop("nullable", None) is not True:
        return schema
    if "type" in schema:
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        return {**schema, "type": [*kinds, *([] if "null" in kinds else ["null"])]}
    if schema.keys() & {"$ref", "allOf", "anyOf", "oneOf"}:
        return {"anyOf": [schema, {"type": "null"}]}
    return schema


def _updated(schema: dict[str, Any]) -> dict[str, Any]:
    """With tuples, dependencies and exclusive bounds in the form of 2020-12."""
    if isinstance(schema.get("items"), list):
        rest = {"items": schema["additionalItems"]} if "additionalItems" in schema else {}
        kept = {key: value for key, value in schema.items() if key not in {"items", "additionalItems"}}
        schema = {**kept, "prefixItems": schema["items"], **rest}
    if "dependencies" in schema:
        schema = _dependencies(schema)
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(schema.get(exclusive), bool):
            schema = _bound(schema, bound, exclusive)
    return schema


def _dependencies(schema: dict[str, Any]) -> dict[str, Any]:
    old = schema["dependencies"]
    names = {name: each for name, each in old.items() if isinstance(each, list)}
    schemas = {name: each for name, each in old.items() if not isinstance(each, list)}
    kept = {key: value for key, value in schema.items() if key != "dependencies"}
    new = {"dependentRequired": names, "dependentSchemas": schemas}
    return {**{key: value for key, value in new.items() if value}, **kept}


def _bound(schema: dict[str, Any], bound: str, exclusive: str) -> dict[str, Any]:
    """The boolean beside a bound, as drafts up to 4 have it, as a bound of its own."""
    kept = {key: value for key, value in schema.items() if key != exclusive}
    if schema[exclusive] and bound in kept:
        kept[exclusive] = kept.pop(bound)
    return kept


def _misfits(schema: Mapping[str, Any], pointer: str) -> Iterator[Flaw]:
    """Keywords whose value is none that they can have."""
    for key in schema.keys() & _MEASURES:
        value = schema[key]
        if not _fits(key, value):
            wanted = "a whole number from 0" if key in _COUNTS else "a number"
            yield Flaw(f"{pointer}/{key}", f"must be {wanted}, not {value!r}")
    for key, (fits, wanted) in _FORMS.items():
        if key in schema and not fits(schema[key]):
            yield Flaw(f"{pointer}/{key}", f"must be {wanted}, not {schema[key]!r}")


def _fits(key: str, value: Any) -> bool:
    if key in {"exclusiveMinimum", "exclusiveMaximum"} and isinstance(value, bool):
        return True
    if isinstance(value, bool) or not isinstance(value, int | float) or not -_LARGEST <= value <= _LARGEST:
        return False
    return (value >= 0 and value == int(value)) if key in _COUNTS else (key != "multipleOf" or value > 0)


def _is_type(value: Any) -> bool:
    kinds = value if isinstance(value, list) else [value]
    return bool(kinds) and all(isinstance(kind, str) and kind in TYPES for kind in kinds)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


_FORMS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "type": (_is_type, f"one of {', '.join(sorted(TYPES))}, or a list of them"),
    "required": (_is_texts, "a list of names"),
    "enum": (lambda value: isinstance(value, list), "a list of values"),
    "$ref": (lambda value: isinstance(value, str), "a text such as #/components/schemas/Item"),
    "pattern": (lambda value: isinstance(value, str), "a regular expression"),
}
