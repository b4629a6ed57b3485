"""What catalog does when something happened in orders. Each runs in one transaction."""

from __future__ import annotations

import logging

import sqlalchemy as sa

from . import store
from .domain import Happening, Status, Step, missing, step, wanted
from .events import (
    OrderCancelled,
    OrderConfirmed,
    OrderPlaced,
    StockRejected,
    StockReleased,
    StockReserved,
)
from .kit import outbox
from .kit.deliveries import Handlers
from .kit.events import Event

log = logging.getLogger(__name__)


class TooEarlyError(Exception):
    """An order is confirmed that was not heard of yet: the event is delivered again."""


def on_placed(connection: sa.Connection, event: Event[OrderPlaced]) -> None:
    """Sets all items aside, or none."""
    status, _ = store.reservation(connection, event.payload.order_id)
    if step(status, Happening.PLACED) is Step.RESERVE:
        _reserve(connection, event.payload.order_id, wanted(event.payload.items))


def on_confirmed(connection: sa.Connection, event: Event[OrderConfirmed]) -> None:
    """Counts what was set aside as sold."""
    order_id = event.payload.order_id
    status, quantities = store.reservation(connection, order_id)
    match step(status, Happening.CONFIRMED):
        case Step.SELL:
            store.shift(connection, quantities, "reserved", "sold")
            store.end_reservation(connection, order_id, Status.SOLD)
        case Step.WAIT:
            raise TooEarlyError(f"order {order_id} is confirmed and was not placed yet")


def on_cancelled(connection: sa.Connection, event: Event[OrderCancelled]) -> None:
    """Puts back what was set aside."""
    order_id = event.payload.order_id
    status, quantities = store.reservation(connection, order_id)
    match step(status, Happening.CANCELLED):
        case Step.RELEASE:
            store.shift(connection, quantities, "reserved", "available")
            store.end_reservation(connection, order_id, Status.RELEASED)
            outbox.put(connection, StockReleased(order_id=order_id))
            log.info("stock of order %s released", order_id)
        case Step.VOID:
            store.add_reservation(connection, order_id, Status.VOID, {})


def _reserve(connection: sa.Connection, order_id: str, quantities: dict[str, int]) -> None:
    lacking = missing(quantities, store.available(connection, quantities))
    if lacking:
        store.add_reservation(connection, order_id, Status.REJECTED, {})
        outbox.put(connection, StockRejected(order_id=order_id, missing=lacking))
        log.info("stock for order %s rejected: %s", order_id, ", ".join(item.sku for item in lacking))
    else:
        store.shift(connection, quantities, "available", "reserved")
        store.add_reservation(connection, order_id, Status.RESERVED, quantities)
        outbox.put(connection, StockReserved(order_id=order_id))
        log.info("stock for order %s reserved", order_id)


HANDLERS: Handlers = {
    OrderPlaced: on_placed,
    OrderConfirmed: on_confirmed,
    OrderCancelled: on_cancelled,
}
