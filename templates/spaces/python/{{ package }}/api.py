"""The HTTP API of this space."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, JsonValue

from . import events, store
from .kit import outbox
from .kit.callees import UnreachableError
from .kit.service import Running
from .store import Kept

router = APIRouter()


class Published(BaseModel):
    """The id of an event that will be on the bus."""

    id: str


@router.get("/events")
async def received(service: Running, limit: Annotated[int, Query(ge=1, le=1000)] = 50) -> list[Kept]:
    """The events this space was told of, newest first."""
    return await service.database.read(store.newest, limit)


@router.post("/events/{subject}", status_code=202)
async def publish(subject: str, data: dict[str, JsonValue], service: Running) -> Published:
    """Publishes one of this space's own events."""
    kinds = {kind.subject: kind for kind in events.PUBLISHES}
    if subject not in kinds:
        raise HTTPException(404, f"this space does not publish {subject}")
    payload = kinds[subject].model_validate(data)
    return Published(id=await service.database.write(outbox.put, payload))


@router.get("/callees")
async def callees(service: Running) -> dict[str, str]:
    """The health of each space that this one calls."""
    answers = {}
    for name in service.callees.names:
        try:
            answer = await service.callees.get(name, "/health")
        except UnreachableError as error:
            answers[name] = str(error)
        else:
            answers[name] = "ok" if answer.is_success else f"HTTP {answer.status_code}"
    return answers
