"""The HTTP API of orders."""

from __future__ import annotations

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel

from . import handlers, store
from .domain import Happening, Status
from .kit.service import Running
from .store import Order, Orders

router = APIRouter(prefix="/orders")

Limit = Annotated[int, Query(ge=1, le=1000)]
Offset = Annotated[int, Query(ge=0)]


class Problem(BaseModel):
    """Why a request was refused."""

    detail: str


@router.get("")
async def search(
    service: Running,
    cart_id: str | None = None,
    status: Status | None = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> Orders:
    """Orders, newest first."""
    return await service.database.read(store.search, cart_id, status, limit, offset)


@router.get("/{order_id}", responses={404: {"model": Problem}})
async def get(order_id: str, service: Running) -> Order:
    """One order with its history."""
    return _found(await service.database.read(store.find, order_id), order_id)


@router.post("/{order_id}/cancel", responses={404: {"model": Problem}, 409: {"model": Problem}})
async def cancel(order_id: str, service: Running) -> Order:
    """Cancels an order that is not final; its stock is released and captured money returned."""
    return await service.database.write(_cancel, order_id)


def _cancel(connection: sa.Connection, order_id: str) -> Order:
    order = _found(store.find(connection, order_id), order_id)
    moved = handlers.happen(connection, order_id, Happening.CANCELLED, Happening.CANCELLED.value)
    if moved is None:
        raise HTTPException(409, f"order {order_id} is {order.status} and cannot be cancelled")
    return _found(store.find(connection, order_id), order_id)


def _found(order: Order | None, order_id: str) -> Order:
    if order is None:
        raise HTTPException(404, f"there is no order {order_id}")
    return order
