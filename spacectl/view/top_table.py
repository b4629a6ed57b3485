"""Rows and columns of the cockpit: which columns fit, which rows are wanted, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from rich.cells import cell_len, set_cell_size

T = TypeVar("T")

GAP = 2
"""Columns of a terminal between two columns of a table."""


class Cell(NamedTuple):
    """A text and its tone, which a theme turns into a colour; what it means stands in the text already."""

    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """One column.

    Attributes:
        key: its name in options.
        width: the fewest columns of a terminal it is shown in.
        cell: what it shows of an item.
        order: what it sorts by; None where it does not sort.
        letter: sorts by it, together with shift.
        rank: the higher, the earlier it is left out; those of rank 0 always stay.
        widest: columns of a terminal that are as much as it can use.
        right: numbers stand right.
        largest_first: how it sorts at first.
    """

    key: str
    title: str
    width: int
    cell: Callable[[T], Cell]
    order: Callable[[T], Any] | None = None
    letter: str = ""
    rank: int = 0
    widest: int = 0
    right: bool = False
    largest_first: bool = False


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """How items of one kind become rows.

    Attributes:
        key: tells an item from the others, and is the same after an update.
        text: what a filter looks into.
        wrong: whether a person should look at it.
    """

    columns: tuple[Column[T], ...]
    key: Callable[[T], str]
    text: Callable[[T], str]
    wrong: Callable[[T], bool]
    empty: str = "nothing here"

    def column(self, key: str) -> Column[T] | None:
        """The column with this name."""
        return next((column for column in self.columns if column.key == key), None)


@dataclass(frozen=True, slots=True)
class Query:
    """Which rows are wanted, and in which order.

    Attributes:
        filter: a text that rows hold, in any case; with a `!` before it, one that they do not hold.
        sort: the key of a column; none for the order in which things come.
        reverse: the other way round than the column sorts at first.
        only_wrong: only what a person should look at.
    """

    filter: str = ""
    sort: str = ""
    reverse: bool = False
    only_wrong: bool = False

    def wants(self, text: str) -> bool:
        """Whether the filter lets a text through."""
        inverts, sought = self.filter.startswith("!"), self.filter.removeprefix("!").casefold()
        return not sought or (sought in text.casefold()) is not inverts


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """Items that are to be shown as rows, in their order."""

    kind: Kind[T]
    items: Sequence[T]


@dataclass(frozen=True, slots=True)
class Fitted(Generic[T]):
    """A column and the width it got."""

    column: Column[T]
    width: int

    def text(self, cell: Cell) -> str:
        """The cell's text in exactly this width; one that is cut ends with an ellipsis."""
        text, width = shown(cell.text), self.width
        length = len(text) if text.isascii() else cell_len(text)
        if length > width:
            return set_cell_size(text, width - 1) + "…"
        return " " * (width - length) + text if self.column.right else text + " " * (width - length)


def shown(text: str) -> str:
    """The text with a mark in place of everything that could move the cursor or otherwise act on a terminal."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "·" for c in text)


def arranged(kind: Kind[T], items: Iterable[T], query: Query) -> list[T]:
    """The items that are wanted, in the order that is wanted."""
    found = [each for each in items if query.wants(kind.text(each))] if query.filter else list(items)
    if query.only_wrong:
        found = [each for each in found if kind.wrong(each)]
    column = kind.column(query.sort)
    if column is not None and column.order is not None:
        found.sort(key=column.order, reverse=column.largest_first is not query.reverse)
    return found


def kept_still(kind: Kind[T], items: Sequence[T], before: Sequence[str]) -> list[T]:
    """The items in the order their keys had before; what is new stands below what it follows, as what is unfolded."""
    place = {key: number for number, key in enumerate(before)}
    above, order = len(place), []
    for number, item in enumerate(items):
        above = place.get(kind.key(item), above)
        order.append((above, number))
    return [items[number] for _, number in sorted(order)]


def fitted(
    columns: Sequence[Column[T]], width: int, widest: Callable[[Column[T]], int] | None = None
) -> list[Fitted[T]]:
    """The columns that fit into a width, each with what it gets of it; the last takes what is left, if it can use more.

    Args:
        columns: in the order in which they stand.
        width: columns of a terminal.
        widest: what a column can use of its widest, where that depends on what it shows.
    """
    shown = list(columns)
    while len(shown) > 1 and _width(shown) > width:
        last = max(shown, key=lambda column: column.rank)
        if last.rank == 0:
            break
        shown.remove(last)
    spare = width - _width(shown)
    given: list[Fitted[T]] = []
    for column in shown:
        useful = min(column.widest, widest(column)) if widest else column.widest
        more = max(0, min(spare, useful - column.width))
        spare -= more
        given.append(Fitted(column, column.width + more))
    if not given[-1].column.right and given[-1].column.widest:
        given[-1] = Fitted(given[-1].column, given[-1].width + max(0, spare))
    return given


def _width(columns: Sequence[Column[T]]) -> int:
    return sum(column.width + GAP for column in columns) - GAP
