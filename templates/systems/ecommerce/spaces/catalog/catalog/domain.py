"""Stock, and the life of a reservation, with no database and no bus.

Of each product: initial = available + reserved + sold, and none of them is ever negative.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum

from .events import Line, Missing


class Status(StrEnum):
    """Where the reservation of an order stands."""

    RESERVED = "reserved"
    REJECTED = "rejected"
    SOLD = "sold"
    RELEASED = "released"
    VOID = "void"
    """Cancelled before it was asked for."""


class Happening(StrEnum):
    """What can happen to a reservation."""

    PLACED = "order placed"
    CONFIRMED = "order confirmed"
    CANCELLED = "order cancelled"


class Step(StrEnum):
    """What follows for the stock."""

    RESERVE = "reserve"
    SELL = "sell"
    RELEASE = "release"
    VOID = "void"
    WAIT = "wait"
    """It cannot be yet: deliver it again later."""


MOVES: dict[tuple[Status | None, Happening], Step] = {
    (None, Happening.PLACED): Step.RESERVE,
    (None, Happening.CONFIRMED): Step.WAIT,
    (None, Happening.CANCELLED): Step.VOID,
    (Status.RESERVED, Happening.CONFIRMED): Step.SELL,
    (Status.RESERVED, Happening.CANCELLED): Step.RELEASE,
}
"""The steps there are; None is an order that was not heard of yet. What is not here changes nothing.

Events of one space arrive in order unless one of them had to be delivered again, so `orders.cancelled` can come before
`orders.placed`; then nothing is set aside any more.
"""


def step(status: Status | None, happening: Happening) -> Step | None:
    """What to do, or None for nothing."""
    return MOVES.get((status, happening))


def wanted(lines: Iterable[Line]) -> dict[str, int]:
    """How many of each product, where a product may stand on several lines."""
    sums: Counter[str] = Counter()
    for line in lines:
        sums[line.sku] += line.quantity
    return dict(sums)


def missing(wanted: Mapping[str, int], available: Mapping[str, int]) -> tuple[Missing, ...]:
    """What there is too little of; a product that is not sold here counts as none."""
    return tuple(
        Missing(sku=sku, requested=quantity, available=available.get(sku, 0))
        for sku, quantity in wanted.items()
        if quantity > available.get(sku, 0)
    )
