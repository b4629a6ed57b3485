"""The events of orders, and what it needs of the events of cart, catalog and payments. Money is in integer cents."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from .kit.events import Payload


class Item(BaseModel):
    """A line of an order."""

    model_config = ConfigDict(frozen=True)

    sku: str
    name: str
    quantity: int
    unit_price_cents: int


class CartCheckedOut(Payload):
    """A customer wants to buy what is in the cart."""

    subject: ClassVar[str] = "cart.checked_out"

    cart_id: str
    customer_id: str
    payment_token: str
    items: tuple[Item, ...]
    total_cents: int
    currency: str


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
    missing: tuple[Missing, ...] = ()


class PaymentCaptured(Payload):
    """The money is there."""

    subject: ClassVar[str] = "payments.captured"

    order_id: str


class PaymentDeclined(Payload):
    """The customer's bank said no."""

    subject: ClassVar[str] = "payments.declined"

    order_id: str
    reason: str = ""


class Placed(Payload):
    """An order was taken: stock and payment are asked for."""

    subject: ClassVar[str] = "orders.placed"

    order_id: str
    cart_id: str
    customer_id: str
    payment_token: str
    items: tuple[Item, ...]
    total_cents: int
    currency: str


class Confirmed(Payload):
    """The order is paid and its items are set aside. It never changes again."""

    subject: ClassVar[str] = "orders.confirmed"

    order_id: str
    cart_id: str


class Cancelled(Payload):
    """The order will not happen: stock goes back, and so does money. It never changes again."""

    subject: ClassVar[str] = "orders.cancelled"

    order_id: str
    cart_id: str
    reason: str


PUBLISHES = (Placed, Confirmed, Cancelled)
