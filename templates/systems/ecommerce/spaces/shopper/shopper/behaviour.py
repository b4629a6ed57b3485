"""How customers behave: pure decisions drawn from a seeded generator, no clock and no network."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Any
from zlib import crc32

Product = Mapping[str, Any]
"""A product as the catalogue's API shows it."""

PAYS = "tok_visa"
IS_DECLINED = "tok_declined"

THINK_SPREAD = 0.6
"""Sigma of the log-normal pauses: one in twenty is longer than 2.7 times the median."""
LONGEST_THINK = 8.0
"""No pause is longer than this many medians: whoever thinks longer has left."""
POPULARITY = 0.9
"""Exponent of the popularity of products and searches, as in Zipf's law."""

TYPES_INSTEAD_OF_BROWSING = 0.4
BROWSES_BEFORE_CHOOSING = 0.5
CHANGES_QUANTITY = 0.15
CHANGES_MIND = 0.08

SEARCHES = (
    "lamp", "wool", "bottle", "candle", "oak", "puzzle", "knife", "travel", "book", "seeds", "coffee",
    "headphones", "notebook", "waterproof", "cat", "leather", "set of", "quiet", "steel", "game",
    "lmap", "pink flamingo",
)  # fmt: skip
"""What people type, the most common first; the last two find nothing."""


class Intent(StrEnum):
    """What a customer came for, though few would admit it."""

    LOOK = "look"
    ABANDON = "abandon"
    BUY = "buy"
    BUY_WITH_BAD_CARD = "buy with a bad card"
    BUY_TOO_MUCH = "buy more than there is"
    BUY_AND_REGRET = "buy and regret"


AMONG_BUYERS = {
    Intent.BUY: 0.78,
    Intent.BUY_WITH_BAD_CARD: 0.09,
    Intent.BUY_TOO_MUCH: 0.06,
    Intent.BUY_AND_REGRET: 0.07,
}
AMONG_OTHERS = {Intent.LOOK: 0.7, Intent.ABANDON: 0.3}


@dataclass(frozen=True, slots=True)
class Browse:
    """Open a page of a category."""


@dataclass(frozen=True, slots=True)
class Search:
    """Type something into the search box."""

    words: str


@dataclass(frozen=True, slots=True)
class View:
    """Open the page of one of the products on the screen."""


@dataclass(frozen=True, slots=True)
class Put:
    """Put the product last viewed into the cart, or change how many of it are there."""

    quantity: int


@dataclass(frozen=True, slots=True)
class PutTooMany:
    """Put more of the scarcest product on the screen into the cart than there are."""


@dataclass(frozen=True, slots=True)
class TakeOut:
    """Take the product last put into the cart out again."""


@dataclass(frozen=True, slots=True)
class CheckOut:
    """Pay with this token."""

    token: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel the order."""


@dataclass(frozen=True, slots=True)
class Follow:
    """Look after the order until it is confirmed or cancelled."""


Step = Browse | Search | View | Put | PutTooMany | TakeOut | CheckOut | Cancel | Follow


@dataclass(frozen=True, slots=True)
class Thought:
    """A step, and how long the customer thinks before it, in seconds."""

    think_s: float
    step: Step


def gap_s(rng: Random, rate: float) -> float:
    """Seconds until the next customer comes: arrivals are a Poisson process of `rate` per second."""
    return rng.expovariate(rate)


def intent(rng: Random, buyers: float) -> Intent:
    """What the next customer comes for, when that share of them check out."""
    odds = AMONG_BUYERS if rng.random() < buyers else AMONG_OTHERS
    return rng.choices(list(odds), list(odds.values()))[0]


def visit(rng: Random, wish: Intent, think_s: float) -> tuple[Thought, ...]:
    """All that a customer with this wish will do, with pauses around the median `think_s`."""
    return tuple(Thought(pause_s(rng, think_s), step) for step in _steps(rng, wish))


def pause_s(rng: Random, median_s: float) -> float:
    """One pause for thought in seconds: log-normal, so mostly short, sometimes long."""
    return min(median_s * math.exp(rng.gauss(0, THINK_SPREAD)), median_s * LONGEST_THINK)


def pick(rng: Random, products: Sequence[Product]) -> Product | None:
    """One of the products on the screen, popular ones far more often; nobody picks what is sold out."""
    there = sorted((p for p in products if p["available"] > 0), key=lambda product: crc32(product["sku"].encode()))
    return rng.choices(there, _zipf(len(there)))[0] if there else None


def scarcest(products: Sequence[Product]) -> Product | None:
    """The product on the screen with the least on the shelf."""
    return min(products, key=lambda product: (product["available"], product["sku"]), default=None)


def _steps(rng: Random, wish: Intent) -> Iterator[Step]:
    yield from _looking_around(rng)
    if wish is Intent.LOOK:
        return
    for _ in range(_few(rng, 3)):
        yield from _choosing(rng)
    if wish is Intent.ABANDON:
        return
    if wish is Intent.BUY_TOO_MUCH:
        yield PutTooMany()
    yield CheckOut(IS_DECLINED if wish is Intent.BUY_WITH_BAD_CARD else PAYS)
    if wish is Intent.BUY_AND_REGRET:
        yield Cancel()
    yield Follow()


def _looking_around(rng: Random) -> Iterator[Step]:
    for _ in range(_few(rng, 4)):
        yield (
            Search(rng.choices(SEARCHES, _zipf(len(SEARCHES)))[0])
            if rng.random() < TYPES_INSTEAD_OF_BROWSING
            else Browse()
        )
        for _ in range(_few(rng, 2)):
            yield View()


def _choosing(rng: Random) -> Iterator[Step]:
    if rng.random() < BROWSES_BEFORE_CHOOSING:
        yield Browse()
    yield View()
    yield Put(_few(rng, 3))
    if rng.random() < CHANGES_QUANTITY:
        yield Put(_few(rng, 4))
    if rng.random() < CHANGES_MIND:
        yield TakeOut()
        yield View()
        yield Put(1)


def _few(rng: Random, most: int) -> int:
    """A number from 1 to `most`, the small ones more often."""
    return rng.choices(range(1, most + 1), _zipf(most))[0]


def _zipf(count: int) -> list[float]:
    return [1 / place**POPULARITY for place in range(1, count + 1)]
