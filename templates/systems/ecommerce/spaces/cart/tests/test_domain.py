from __future__ import annotations

import pytest

from cart.domain import Buyer, Status, Verdict, check_out, total_cents
from cart.events import Item

BUYER, OTHER = Buyer("c1", "tok_visa"), Buyer("c2", "tok_visa")


@pytest.mark.parametrize(
    ("status", "has_items", "earlier", "verdict"),
    [
        (Status.OPEN, True, None, Verdict.CHECK_OUT),
        (Status.OPEN, False, None, Verdict.EMPTY),
        (Status.CHECKED_OUT, True, BUYER, Verdict.DONE_BEFORE),
        (Status.CHECKED_OUT, True, OTHER, Verdict.TAKEN),
        (Status.CHECKED_OUT, True, Buyer("c1", "tok_other"), Verdict.TAKEN),
    ],
)
def test_when_a_cart_can_be_checked_out(
    status: Status, has_items: bool, earlier: Buyer | None, verdict: Verdict
) -> None:
    assert check_out(status, has_items, earlier, BUYER) is verdict


def test_a_cart_costs_the_sum_of_its_lines() -> None:
    items = [
        Item(sku="A", name="Apple", quantity=2, unit_price_cents=150),
        Item(sku="B", name="Bread", quantity=1, unit_price_cents=1),
    ]
    assert total_cents(items) == 301
    assert total_cents([]) == 0
