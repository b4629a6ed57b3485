"""The documents that others may rely on: OpenAPI for the API, AsyncAPI for the events in both directions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from faststream.nats import NatsBroker
from faststream.specification import AsyncAPI

from .events import Payload
from .service import Service


def documents(app: FastAPI) -> dict[str, dict[str, Any]]:
    """The contract of a space, by the name of the file."""
    service: Service = app.state.service
    return {
        "openapi.json": app.openapi(),
        "asyncapi.json": asyncapi(service.publishes, tuple(service.handlers), app),
    }


def write(app: FastAPI, folder: Path) -> None:
    """Writes the contract into a folder, over what is there."""
    folder.mkdir(exist_ok=True)
    for name, document in documents(app).items():
        (folder / name).write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def asyncapi(
    publishes: tuple[type[Payload], ...], subscribes: tuple[type[Payload], ...], app: FastAPI
) -> dict[str, Any]:
    """Describes a broker that has one publisher or subscriber for each subject.

    The running broker has one subscription for each publishing space, so it does not know the payloads one by one.
    """
    broker = NatsBroker(specification_url="nats://bus", protocol="nats", protocol_version="1.0")
    for kind in publishes:
        broker.publisher(kind.subject, title=kind.subject, description=_says(kind), schema=kind)
    for kind in subscribes:
        if kind not in publishes:  # a channel of the document cannot say both
            _receives(broker, kind)
    factory = AsyncAPI(
        broker, title=app.title, version=app.version, description=app.summary or "", schema_version="3.0.0"
    )
    return _in_order(factory.to_specification().to_jsonable())


def _in_order(document: dict[str, Any]) -> dict[str, Any]:
    # The broker keeps its subscribers in a set, so their order changes from run to run.
    components = {name: _sorted(parts) for name, parts in document["components"].items()}
    sections = {name: _sorted(document[name]) for name in ("channels", "operations")}
    return {**document, **sections, "components": components}


def _sorted(parts: dict[str, Any]) -> dict[str, Any]:
    return dict(sorted(parts.items()))


def _receives(broker: NatsBroker, kind: type[Payload]) -> None:
    async def receive(payload: Payload) -> None: ...

    receive.__annotations__["payload"] = kind
    broker.subscriber(kind.subject, title=kind.subject, description=_says(kind))(receive)


def _says(kind: type[Payload]) -> str:
    return (kind.__doc__ or "").strip()
