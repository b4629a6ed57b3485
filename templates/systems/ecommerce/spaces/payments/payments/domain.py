"""The life of a payment, with no database and no bus.

Money is taken when two things are known: how much is due (`orders.placed`) and that the items are set aside
(`catalog.stock_reserved`). They come on different streams, so either may be first, and `orders.cancelled` may come
before, between or after them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID, uuid5

PAYMENTS = UUID("0d0c7f0e-6a3e-4f0b-8a63-2f8a1c0f6f11")


class Status(StrEnum):
    """Where a payment stands."""

    PENDING = "pending"
    """What is due is known, the stock is not set aside yet."""
    UNPRICED = "unpriced"
    """The stock is set aside, what is due is not known yet."""
    CAPTURED = "captured"
    DECLINED = "declined"
    REFUNDED = "refunded"
    VOID = "void"
    """Cancelled before any money moved."""


class Happening(StrEnum):
    """What can happen to a payment."""

    PLACED = "order placed"
    RESERVED = "stock reserved"
    CANCELLED = "order cancelled"


class Step(StrEnum):
    """What a payment does next."""

    WAIT = "wait"
    CHARGE = "charge"
    REFUND = "refund"
    VOID = "void"


MOVES: dict[tuple[Status | None, Happening], Step] = {
    (None, Happening.PLACED): Step.WAIT,
    (None, Happening.RESERVED): Step.WAIT,
    (None, Happening.CANCELLED): Step.VOID,
    (Status.PENDING, Happening.RESERVED): Step.CHARGE,
    (Status.PENDING, Happening.CANCELLED): Step.VOID,
    (Status.UNPRICED, Happening.PLACED): Step.CHARGE,
    (Status.UNPRICED, Happening.CANCELLED): Step.VOID,
    (Status.CAPTURED, Happening.CANCELLED): Step.REFUND,
}
"""The steps there are; None is a payment of which nothing is known yet. What is not here changes nothing."""

WAITS_AS = {Happening.PLACED: Status.PENDING, Happening.RESERVED: Status.UNPRICED}


@dataclass(frozen=True, slots=True)
class Decline:
    """Why the money cannot be taken."""

    reason: str


def step(status: Status | None, happening: Happening) -> Step | None:
    """What to do, or None for nothing."""
    return MOVES.get((status, happening))


def authorise(token: str, amount_cents: int) -> Decline | None:
    """Asks the customer's bank; here it is a rule, so that a token always gets the same answer.

    A real provider belongs in its place, asked with the payment's id as the idempotency key: when the space dies
    after the answer, the event is delivered again and the provider must not charge again.
    """
    if token == "tok_declined":  # noqa: S105
        return Decline("the card was declined")
    if not token.startswith("tok_"):
        return Decline("the payment token is not valid")
    if amount_cents <= 0:
        return Decline("nothing is due")
    return None


def payment_id(order_id: str) -> str:
    """The one payment of an order: whoever works it out, and however often, gets the same."""
    return str(uuid5(PAYMENTS, order_id))
