"""The JSON Schema of the manifests, for editors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import CoreSchema, DictSchema, NullableSchema

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def manifest_schema(kind: type[BaseModel], title: str) -> Mapping[str, Any]:
    """The JSON Schema (2020-12) of a manifest.

    It refuses what a single key cannot hold. What it cannot tell: the upper bounds of durations and sizes, and
    that a whole number is not written `1.0`.
    """
    schema = kind.model_json_schema(schema_generator=_TomlSchema)
    for section in _sections(kind):
        part = schema if section is kind else schema["$defs"][section.__name__]
        _write_defaults(section, part["properties"])
        part.pop("title", None)
    return {"$schema": DIALECT, **schema, "title": title}


class _TomlSchema(GenerateJsonSchema):
    """Pydantic's schema without null, which TOML does not have, and without titles made up from names."""

    def nullable_schema(self, schema: NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def dict_schema(self, schema: DictSchema) -> JsonSchemaValue:
        table = super().dict_schema(schema)
        return {**table, "additionalProperties": False} if "patternProperties" in table else table

    def field_title_should_be_set(self, schema: CoreSchema | Any) -> bool:  # noqa: ARG002 - the base class's form
        return False


def _sections(kind: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield kind
    for field in kind.model_fields.values():
        for part in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from _sections(part)


def _write_defaults(section: type[BaseModel], properties: dict[str, Any]) -> None:
    """Defaults as people write them ("2s"), where pydantic puts the decoded value."""
    written = section.model_construct().model_dump(mode="json", exclude_none=True)
    for key, part in properties.items():
        part.pop("default", None)
        if key in written:
            part["default"] = written[key]
