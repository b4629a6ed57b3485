"""What orders does when something happened in cart, catalog or payments. Each runs in one transaction."""

from __future__ import annotations

import logging

import sqlalchemy as sa

from . import store
from .domain import Happening, Status, after, order_id
from .events import (
    Cancelled,
    CartCheckedOut,
    Confirmed,
    PaymentCaptured,
    PaymentDeclined,
    Placed,
    StockRejected,
    StockReserved,
)
from .kit import outbox
from .kit.deliveries import Handlers
from .kit.events import Event

log = logging.getLogger(__name__)


class UnknownOrderError(Exception):
    """An answer for an order that is not here: it is delivered again, by when the order may be."""


def on_checked_out(connection: sa.Connection, event: Event[CartCheckedOut]) -> None:
    """Takes the one order of a cart."""
    cart = event.payload
    placed = Placed(order_id=order_id(cart.cart_id), **cart.model_dump())
    if store.add(connection, placed):
        outbox.put(connection, placed)
        log.info("order %s placed for cart %s: %d cents", placed.order_id, cart.cart_id, cart.total_cents)


def on_stock_reserved(connection: sa.Connection, event: Event[StockReserved]) -> None:
    """The stock is there."""
    happen(connection, event.payload.order_id, Happening.STOCK_RESERVED)


def on_stock_rejected(connection: sa.Connection, event: Event[StockRejected]) -> None:
    """The stock is not there, so the order ends."""
    missing = ", ".join(f"{item.sku} ({item.available} of {item.requested})" for item in event.payload.missing)
    happen(connection, event.payload.order_id, Happening.STOCK_REJECTED, f"out of stock: {missing}")


def on_captured(connection: sa.Connection, event: Event[PaymentCaptured]) -> None:
    """The money is there, so the order is confirmed, unless it was cancelled meanwhile."""
    happen(connection, event.payload.order_id, Happening.CAPTURED)


def on_declined(connection: sa.Connection, event: Event[PaymentDeclined]) -> None:
    """The money is not there, so the order ends."""
    happen(connection, event.payload.order_id, Happening.DECLINED, f"payment declined: {event.payload.reason}")


def happen(connection: sa.Connection, order: str, happening: Happening, reason: str | None = None) -> Status | None:
    """Moves an order, and publishes that it is final when it now is.

    Returns:
        Its new status, or None when nothing changed.

    Raises:
        UnknownOrderError: there is no such order.
    """
    found = store.find(connection, order)
    if found is None:
        raise UnknownOrderError(f"{happening} for order {order}, which is not here")
    status = after(found.status, happening)
    if status is None:
        log.info("order %s is %s: %s changes nothing", order, found.status, happening)
        return None
    store.move(connection, order, status, reason)
    if status is Status.CONFIRMED:
        outbox.put(connection, Confirmed(order_id=order, cart_id=found.cart_id))
    elif status is Status.CANCELLED:
        outbox.put(connection, Cancelled(order_id=order, cart_id=found.cart_id, reason=reason or happening))
    log.info("order %s %s%s", order, status, f": {reason}" if reason else "")
    return status


HANDLERS: Handlers = {
    CartCheckedOut: on_checked_out,
    StockReserved: on_stock_reserved,
    StockRejected: on_stock_rejected,
    PaymentCaptured: on_captured,
    PaymentDeclined: on_declined,
}
