"""The life of an order, with no database and no bus.

Catalog and payments answer on streams of their own, so their events may arrive in any order: `payments.captured` can
come before the `catalog.stock_reserved` that led to it. A final order stays as it is, whatever arrives later: money
captured for a cancelled order is returned by payments, which hears of the cancellation too.
"""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID, uuid5

ORDERS = UUID("6a3f0f5e-3a55-4c54-9d31-0f0b2d0c6e3b")


class Status(StrEnum):
    """Where an order stands."""

    PLACED = "placed"
    RESERVED = "reserved"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


class Happening(StrEnum):
    """What can happen to an order."""

    STOCK_RESERVED = "stock reserved"
    STOCK_REJECTED = "stock rejected"
    CAPTURED = "payment captured"
    DECLINED = "payment declined"
    CANCELLED = "cancelled by the customer"


FINAL = frozenset({Status.CONFIRMED, Status.CANCELLED})

MOVES: dict[tuple[Status, Happening], Status] = {
    (Status.PLACED, Happening.STOCK_RESERVED): Status.RESERVED,
    (Status.PLACED, Happening.STOCK_REJECTED): Status.CANCELLED,
    (Status.PLACED, Happening.CAPTURED): Status.CONFIRMED,  # only reserved stock is paid for
    (Status.PLACED, Happening.DECLINED): Status.CANCELLED,
    (Status.PLACED, Happening.CANCELLED): Status.CANCELLED,
    (Status.RESERVED, Happening.CAPTURED): Status.CONFIRMED,
    (Status.RESERVED, Happening.DECLINED): Status.CANCELLED,
    (Status.RESERVED, Happening.CANCELLED): Status.CANCELLED,
}
"""The moves there are. What is not here changes nothing."""


def after(status: Status, happening: Happening) -> Status | None:
    """The status that follows, or None when nothing changes."""
    return MOVES.get((status, happening))


def order_id(cart_id: str) -> str:
    """The one order of a cart: whoever works it out, and however often, gets the same."""
    return str(uuid5(ORDERS, cart_id))
