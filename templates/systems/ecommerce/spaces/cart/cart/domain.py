"""What may happen to a cart, with no database and no bus."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from .events import Item

CURRENCY = "EUR"
MOST_OF_ONE = 1000


class Status(StrEnum):
    """Where a cart stands."""

    OPEN = "open"
    CHECKED_OUT = "checked_out"


class Verdict(StrEnum):
    """The answer to a wish to check out."""

    CHECK_OUT = "check out"
    DONE_BEFORE = "done before"
    EMPTY = "the cart is empty"
    TAKEN = "the cart is checked out already, with another customer or payment"


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who checks out, and how it will be paid."""

    customer_id: str
    payment_token: str


def total_cents(items: Iterable[Item]) -> int:
    """What all of it costs."""
    return sum(item.quantity * item.unit_price_cents for item in items)


def check_out(status: Status, has_items: bool, earlier: Buyer | None, buyer: Buyer) -> Verdict:
    """Whether a cart can be checked out. Asking again in the same words gets the same answer and does nothing."""
    if status is Status.CHECKED_OUT:
        return Verdict.DONE_BEFORE if earlier == buyer else Verdict.TAKEN
    return Verdict.CHECK_OUT if has_items else Verdict.EMPTY
