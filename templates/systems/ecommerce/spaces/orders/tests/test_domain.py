from __future__ import annotations

from itertools import permutations, product

import pytest

from orders.domain import FINAL, Happening, Status, after, order_id

P, R, C, X = Status.PLACED, Status.RESERVED, Status.CONFIRMED, Status.CANCELLED


@pytest.mark.parametrize(
    ("happenings", "end"),
    [
        ([Happening.STOCK_RESERVED], R),
        ([Happening.STOCK_RESERVED, Happening.CAPTURED], C),
        ([Happening.CAPTURED, Happening.STOCK_RESERVED], C),
        ([Happening.STOCK_REJECTED], X),
        ([Happening.STOCK_RESERVED, Happening.DECLINED], X),
        ([Happening.DECLINED, Happening.STOCK_RESERVED], X),
        ([Happening.CANCELLED, Happening.STOCK_RESERVED, Happening.CAPTURED], X),
        ([Happening.STOCK_RESERVED, Happening.CANCELLED, Happening.CAPTURED], X),
        ([Happening.STOCK_RESERVED, Happening.CAPTURED, Happening.CANCELLED], C),
    ],
)
def test_the_ways_of_an_order(happenings: list[Happening], end: Status) -> None:
    status = Status.PLACED
    for happening in happenings:
        status = after(status, happening) or status
    assert status is end


@pytest.mark.parametrize(("status", "happening"), list(product(FINAL, Happening)))
def test_a_final_order_stays_as_it_is(status: Status, happening: Happening) -> None:
    assert after(status, happening) is None


@pytest.mark.parametrize("answers", list(permutations(set(Happening) - {Happening.STOCK_RESERVED}, 2)))
def test_the_first_answer_that_ends_an_order_wins(answers: tuple[Happening, Happening]) -> None:
    first, second = answers
    status = after(Status.PLACED, first)
    assert status in FINAL
    assert after(status, second) is None


def test_a_cart_has_one_order_id() -> None:
    assert order_id("a") == order_id("a") != order_id("b")
