"""Takes a decoded AsyncAPI or OpenAPI file as a document of comparable schemas, and tells what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from spacectl.core.contracts.modern import Flaw, escaped, modern
from spacectl.core.contracts.places import Document, Json

_SCHEMAS = frozenset({"schema", "payload"})
_DATA = frozenset({"example", "examples", "default", "enum", "const"})


def asyncapi(file: str, contents: Json) -> tuple[Document, tuple[Flaw, ...]]:
    """An AsyncAPI document and its flaws."""
    return _read(file, contents, "asyncapi", ("3.",))


def openapi(file: str, contents: Json) -> tuple[Document, tuple[Flaw, ...]]:
    """An OpenAPI document and its flaws."""
    return _read(file, contents, "openapi", ("3.0", "3.1", "3.2"))


def _read(file: str, contents: Json, word: str, versions: tuple[str, ...]) -> tuple[Document, tuple[Flaw, ...]]:
    if not isinstance(contents, dict):
        return Document(file, {}), (Flaw("", f"is no {word} document", "it must be a JSON object"),)
    version = contents.get(word)
    if not isinstance(version, str) or not version.startswith(versions):
        said = "is missing" if version is None else f"is {version!r}"
        return Document(file, {}), (Flaw(f"/{word}", f"{said}; it must be {' or '.join(versions)}…"),)
    rewriting = _Rewriting(openapi_30=version.startswith("3.0") and word == "openapi")
    try:
        document = Document(file, rewriting.part(contents, ""))
        return document, (*rewriting.flaws, *_dangling(document, rewriting.schemas))
    except RecursionError:
        return Document(file, {}), (Flaw("", "its values are nested too deep"),)


class _Rewriting:
    """Brings all schemas of a document to one draft, and leaves the rest as it is."""

    def __init__(self, *, openapi_30: bool) -> None:
        self.flaws: list[Flaw] = []
        self.schemas: set[str] = set()
        self._openapi_30 = openapi_30

    def part(self, value: Any, pointer: str) -> Any:
        if isinstance(value, list):
            return [self.part(each, f"{pointer}/{index}") for index, each in enumerate(value)]
        if not isinstance(value, dict):
            return value
        return {key: self._below(key, each, pointer) for key, each in value.items()}

    def _below(self, key: str, value: Any, pointer: str) -> Any:
        below = f"{pointer}/{escaped(key)}"
        if key in _DATA or key.startswith("x-"):
            return value
        if below == "/components/schemas" and isinstance(value, dict):
            return {name: self._schema(each, f"{below}/{escaped(name)}") for name, each in value.items()}
        is_wrapped = isinstance(value, dict) and "schemaFormat" in value
        if key in _SCHEMAS and isinstance(value, dict | bool) and not is_wrapped and pointer != "/components":
            return self._schema(value, below)
        return self.part(value, below)

    def _schema(self, schema: Any, pointer: str) -> Any:
        made = modern(schema, pointer, openapi_30=self._openapi_30)
        self.flaws += made.flaws
        self.schemas |= made.pointers
        return made.schema


def _dangling(document: Document, schemas: set[str]) -> Iterator[Flaw]:
    """References within the document that lead nowhere, or from a schema to something else."""
    for pointer, reference in _references(document.contents, ""):
        if not reference.startswith("#/"):
            continue
        place = document.place(pointer)
        target = None if place is None else place.target()
        if target is None:
            yield Flaw(f"{pointer}/$ref", f"leads nowhere: {reference}", "correct it, or add what it should lead to")
        elif target.pointer not in schemas and {pointer, pointer.removesuffix("/anyOf/0")} & schemas:
            yield Flaw(f"{pointer}/$ref", f"leads to something that is no schema: {reference}")


def _references(value: dict[str, Any] | list[Any], pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield pointer, value["$ref"]
        for key, each in value.items():
            if key not in _DATA and isinstance(each, dict | list):
                yield from _references(each, f"{pointer}/{escaped(key)}")
    else:
        for index, each in enumerate(value):
            if isinstance(each, dict | list):
                yield from _references(each, f"{pointer}/{index}")
