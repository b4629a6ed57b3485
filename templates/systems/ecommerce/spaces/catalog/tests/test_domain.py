from __future__ import annotations

from itertools import product

import pytest

from catalog.domain import MOVES, Happening, Status, Step, missing, step, wanted
from catalog.events import Line, Missing


def test_lines_of_the_same_product_add_up() -> None:
    lines = [Line(sku="A", quantity=2), Line(sku="B", quantity=1), Line(sku="A", quantity=3)]
    assert wanted(lines) == {"A": 5, "B": 1}


@pytest.mark.parametrize(
    ("available", "expected"),
    [
        ({"A": 5, "B": 1}, ()),
        ({"A": 4, "B": 1}, (Missing(sku="A", requested=5, available=4),)),
        ({"A": 5}, (Missing(sku="B", requested=1, available=0),)),
    ],
)
def test_what_is_missing_is_named(available: dict[str, int], expected: tuple[Missing, ...]) -> None:
    assert missing({"A": 5, "B": 1}, available) == expected


def test_stock_moves_in_three_cases_only() -> None:
    moves = {key: step for key, step in MOVES.items() if step not in {Step.WAIT, Step.VOID}}
    assert moves == {
        (None, Happening.PLACED): Step.RESERVE,
        (Status.RESERVED, Happening.CONFIRMED): Step.SELL,
        (Status.RESERVED, Happening.CANCELLED): Step.RELEASE,
    }


@pytest.mark.parametrize(("status", "happening"), list(product(set(Status) - {Status.RESERVED}, Happening)))
def test_a_reservation_that_ended_stays_ended(status: Status, happening: Happening) -> None:
    assert step(status, happening) is None
