"""The events of catalog, and what it needs of the events of orders."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from .kit.events import Payload


class Line(BaseModel):
    """How many of a product an order wants."""

    model_config = ConfigDict(frozen=True)

    sku: str
    quantity: int


class OrderPlaced(Payload):
    """An order wants stock set aside."""

    subject: ClassVar[str] = "orders.placed"

    order_id: str
    items: tuple[Line, ...]


class OrderConfirmed(Payload):
    """What was set aside is sold."""

    subject: ClassVar[str] = "orders.confirmed"

    order_id: str


class OrderCancelled(Payload):
    """What was set aside is free again."""

    subject: ClassVar[str] = "orders.cancelled"

    order_id: str


class StockReserved(Payload):
    """All items of the order are set aside."""

    subject: ClassVar[str] = "catalog.stock_reserved"

    order_id: str


class Missing(BaseModel):
    """An item of which there is too little."""

    model_config = ConfigDict(frozen=True)

    sku: str
    requested: int
    available: int


class StockRejected(Payload):
    """Nothing is set aside, because some item is missing."""

    subject: ClassVar[str] = "catalog.stock_rejected"

    order_id: str
    missing: tuple[Missing, ...]


class StockReleased(Payload):
    """What was set aside for the order is free again."""

    subject: ClassVar[str] = "catalog.stock_released"

    order_id: str


PUBLISHES = (StockReserved, StockRejected, StockReleased)
