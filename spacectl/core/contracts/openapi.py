"""What an OpenAPI 3 document says of an API: its operations with their parameters, bodies and responses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from spacectl.core.contracts.places import Document, Place, UnjudgedError

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_PARAMETER = re.compile(r"\{[^{}/]*\}")

Route = tuple[str, str]
"""Method in capitals, and the path with `{}` for each parameter: what its parameters are called makes no difference."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter; `schema` is None where nothing is said of its values."""

    at: Place
    name: str
    where: str
    required: bool
    schema: Place | None


@dataclass(frozen=True, slots=True)
class Content:
    """A body as JSON: what it must fit, and whether it has to be there."""

    at: Place
    required: bool
    schema: Place | None


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a path. Parameters are known by place and name, those of the path by place and position."""

    at: Place
    method: str
    path: str
    parameters: Mapping[tuple[str, str], Parameter]
    body: Content | None
    responses: Mapping[str, Content]

    @property
    def route(self) -> Route:
        return self.method, _PARAMETER.sub("{}", self.path)

    @property
    def told(self) -> str:
        return f"{self.method} {self.path}"


def operations(document: Document) -> Mapping[Route, Operation]:
    """The operations by route."""
    paths = document.place("/paths")
    if paths is None or not isinstance(paths.schema, dict):
        return {}
    found = (operation for path in paths.schema for operation in _of_path(path, paths.at(path)))
    return {operation.route: operation for operation in found}


def _of_path(path: str, written: Place) -> Iterator[Operation]:
    item = _mapping(written)
    if item is None:
        return
    for method in METHODS:
        operation = _mapping(item.at(method)) if method in item.schema else None
        if operation is not None:
            parameters = {**_parameters(path, item), **_parameters(path, operation)}
            body = _mapping(operation.at("requestBody")) if "requestBody" in operation.schema else None
            content = None if body is None else _content(body, required=body.schema.get("required") is True)
            yield Operation(operation, method.upper(), path, parameters, content, dict(_responses(operation)))


def _parameters(path: str, holder: Place) -> dict[tuple[str, str], Parameter]:
    written = holder.schema.get("parameters")
    places = (
        [_mapping(holder.at("parameters", index)) for index in range(len(written))] if isinstance(written, list) else []
    )
    names = [name[1:-1] for name in _PARAMETER.findall(path)]
    found: dict[tuple[str, str], Parameter] = {}
    for place in places:
        if place is None or not isinstance(place.schema.get("name"), str):
            continue
        name, where = place.schema["name"], str(place.schema.get("in"))
        key = (
            str(names.index(name)) if where == "path" and name in names else name.lower() if where == "header" else name
        )
        required = where == "path" or place.schema.get("required") is True
        found[where, key] = Parameter(place, name, where, required, _schema(place))
    return found


def _responses(operation: Place) -> Iterator[tuple[str, Content]]:
    written = operation.schema.get("responses")
    for status in written if isinstance(written, dict) else ():
        place = _mapping(operation.at("responses", status))
        if place is not None:
            yield str(status).upper() if str(status) != "default" else "default", _content(place, required=True)


def _content(place: Place, *, required: bool) -> Content:
    """The body as JSON; other media types are not compared."""
    written = place.schema.get("content")
    kinds = [kind for kind in written if "json" in kind.lower()] if isinstance(written, dict) else []
    media = _mapping(place.at("content", kinds[0])) if kinds else None
    return Content(place, required, None if media is None else _schema(media))


def _schema(place: Place) -> Place | None:
    schema = place.at("schema") if "schema" in place.schema else None
    return schema if schema is not None and isinstance(schema.schema, dict | bool) else None


def _mapping(place: Place) -> Place | None:
    try:
        followed = place.followed()
    except UnjudgedError:
        return None
    return followed if isinstance(followed.schema, dict) else None
