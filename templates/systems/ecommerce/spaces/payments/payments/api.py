"""The HTTP API of payments."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel

from . import store
from .kit.service import Running
from .store import Payment, Payments, PublicStatus

router = APIRouter(prefix="/payments")

Limit = Annotated[int, Query(ge=1, le=1000)]
Offset = Annotated[int, Query(ge=0)]


class Problem(BaseModel):
    """Why a request was refused."""

    detail: str


@router.get("")
async def search(
    service: Running,
    order_id: str | None = None,
    status: PublicStatus | None = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> Payments:
    """Payments, newest first."""
    return await service.database.read(store.search, order_id, status, limit, offset)


@router.get("/{order_id}", responses={404: {"model": Problem}})
async def get(order_id: str, service: Running) -> Payment:
    """The payment for an order."""
    payment = await service.database.read(store.find, order_id)
    if payment is None:
        raise HTTPException(404, f"there is no payment for order {order_id}")
    return payment
