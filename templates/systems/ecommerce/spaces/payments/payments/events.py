"""The events of payments, and what it needs of the events of orders and catalog. Money is in integer cents."""

from __future__ import annotations

from typing import ClassVar

from .kit.events import Payload


class OrderPlaced(Payload):
    """How much is due, and how it will be paid."""

    subject: ClassVar[str] = "orders.placed"

    order_id: str
    payment_token: str
    total_cents: int
    currency: str


class OrderCancelled(Payload):
    """Nothing is due any more."""

    subject: ClassVar[str] = "orders.cancelled"

    order_id: str


class StockReserved(Payload):
    """The items are set aside, so the money may be taken."""

    subject: ClassVar[str] = "catalog.stock_reserved"

    order_id: str


class Captured(Payload):
    """The money for an order was taken."""

    subject: ClassVar[str] = "payments.captured"

    order_id: str
    payment_id: str
    amount_cents: int
    currency: str


class Declined(Payload):
    """The money for an order could not be taken."""

    subject: ClassVar[str] = "payments.declined"

    order_id: str
    reason: str


class Refunded(Payload):
    """The money for an order was given back."""

    subject: ClassVar[str] = "payments.refunded"

    order_id: str
    payment_id: str
    amount_cents: int


PUBLISHES = (Captured, Declined, Refunded)
