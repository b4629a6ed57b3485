from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from spacectl.view.top_table import GAP, Cell, Column, Fitted, Kind, Query, arranged, fitted, kept_still, shown


@dataclass(frozen=True)
class Item:
    name: str
    size: int
    wrong: bool = False


KIND: Kind[Item] = Kind(
    (
        Column("name", "NAME", 6, lambda item: Cell(item.name), lambda item: item.name, widest=20),
        Column("size", "SIZE", 5, lambda item: Cell(str(item.size)), lambda item: item.size, rank=1, right=True,
               largest_first=True),
        Column("more", "MORE", 10, lambda _: Cell("more"), rank=2, widest=100),
    ),
    lambda item: item.name, lambda item: f"{item.name} {item.size}", lambda item: item.wrong,
)  # fmt: skip
ITEMS = [Item("Orders", 3), Item("cart", 12, wrong=True), Item("payments", 7)]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        (Query(), ["Orders", "cart", "payments"]),
        (Query(filter="ORD"), ["Orders"]),
        (Query(filter="!ord"), ["cart", "payments"]),
        (Query(filter="!"), ["Orders", "cart", "payments"]),
        (Query(filter="12"), ["cart"]),
        (Query(only_wrong=True), ["cart"]),
        (Query(filter="!cart", only_wrong=True), []),
        (Query(sort="size"), ["cart", "payments", "Orders"]),
        (Query(sort="size", reverse=True), ["Orders", "payments", "cart"]),
        (Query(sort="name"), ["Orders", "cart", "payments"]),
        (Query(sort="more"), ["Orders", "cart", "payments"]),
        (Query(sort="no such"), ["Orders", "cart", "payments"]),
    ],
)
def test_what_is_wanted_in_which_order(query: Query, names: list[str]) -> None:
    assert [item.name for item in arranged(KIND, ITEMS, query)] == names


def test_rows_stay_where_they_are_and_new_ones_come_last() -> None:
    before = ["payments", "gone", "cart"]
    assert [item.name for item in kept_still(KIND, ITEMS, before)] == ["payments", "cart", "Orders"]


def test_what_is_unfolded_stays_below_its_row() -> None:
    unfolded = [Item("cart", 1), Item("cart.1", 2), Item("cart.2", 3), Item("payments", 4)]
    kept = kept_still(KIND, unfolded, ["payments", "cart"])
    assert [item.name for item in kept] == ["payments", "cart", "cart.1", "cart.2"]
    new_above_all = [Item("apples", 1), *unfolded]
    assert kept_still(KIND, new_above_all, ["payments", "cart"])[-1].name == "apples"


@pytest.mark.parametrize(
    ("width", "got"),
    [
        (100, [("name", 20), ("size", 5), ("more", 71)]),
        (25, [("name", 6), ("size", 5), ("more", 10)]),
        (24, [("name", 17), ("size", 5)]),
        (12, [("name", 12)]),
        (3, [("name", 6)]),
    ],
)
def test_columns_that_matter_least_are_left_out_first(width: int, got: list[tuple[str, int]]) -> None:
    assert [(each.column.key, each.width) for each in fitted(KIND.columns, width)] == got


def test_a_column_takes_what_it_shows_and_no_more() -> None:
    assert [each.width for each in fitted(KIND.columns, 60, lambda _: 8)] == [8, 5, 43]


@settings(deadline=None)
@given(st.integers(25, 300), st.integers(0, 200))
def test_columns_never_take_more_than_there_is(width: int, used: int) -> None:
    found = fitted(KIND.columns, width, lambda _: used)
    assert sum(each.width + GAP for each in found) - GAP <= width


@settings(deadline=None)
@given(st.text(), st.integers(1, 30), st.booleans())
def test_a_text_is_as_wide_as_its_column(text: str, width: int, right: Any) -> None:
    column: Column[Item] = Column("x", "X", width, lambda _: Cell(""), right=right)
    assert cell_len(Fitted(column, width).text(Cell(text))) == width


@pytest.mark.parametrize(("text", "safe"), [("plain", "plain"), ("a\x1b[31mb", "a·[31mb"), ("a\tb\n", "a·b·")])
def test_nothing_acts_on_the_terminal(text: str, safe: str) -> None:
    assert shown(text) == safe
