from __future__ import annotations

from itertools import product

import pytest

from payments.domain import MOVES, Happening, Status, Step, authorise, payment_id, step

DONE = (Status.DECLINED, Status.REFUNDED, Status.VOID)


def test_money_moves_in_three_cases_only() -> None:
    moves = {key: step for key, step in MOVES.items() if step in {Step.CHARGE, Step.REFUND}}
    assert moves == {
        (Status.PENDING, Happening.RESERVED): Step.CHARGE,
        (Status.UNPRICED, Happening.PLACED): Step.CHARGE,
        (Status.CAPTURED, Happening.CANCELLED): Step.REFUND,
    }


@pytest.mark.parametrize(("status", "happening"), list(product(DONE, Happening)))
def test_what_is_done_stays_as_it_is(status: Status, happening: Happening) -> None:
    assert step(status, happening) is None


@pytest.mark.parametrize(
    ("token", "amount_cents", "reason"),
    [
        ("tok_visa", 100, None),
        ("tok_anything", 1, None),
        ("tok_declined", 100, "the card was declined"),
        ("visa", 100, "the payment token is not valid"),
        ("tok_visa", 0, "nothing is due"),
    ],
)
def test_the_bank_answers_the_same_each_time(token: str, amount_cents: int, reason: str | None) -> None:
    for _ in range(2):
        declined = authorise(token, amount_cents)
        assert (declined.reason if declined else None) == reason


def test_an_order_has_one_payment_id() -> None:
    assert payment_id("a") == payment_id("a") != payment_id("b")
