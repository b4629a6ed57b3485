"""The edges between spaces as rows of the cockpit."""

from __future__ import annotations

from collections.abc import Callable

from spacectl.model.flow import EdgeReport
from spacectl.view.top_figures import age, count, milliseconds, rate
from spacectl.view.top_seen import Seen, edge_is_wrong
from spacectl.view.top_table import Cell, Column, Kind, Listing, Query, arranged

GLYPHS_OF_KINDS = {"event": "✉", "call": "⇄"}


def edge_key(edge: EdgeReport) -> str:
    """Tells an edge from the others."""
    return f"{edge.source} {edge.target} {edge.kind} {edge.via}"


def badness(edge: EdgeReport) -> tuple[int, int, int]:
    """Sorts the worst first: what is wrong, then by errors and lag."""
    return (-int(edge_is_wrong(edge)), -(edge.errors + (edge.dead or 0)), -(edge.lag or 0))


def listing(seen: Seen, query: Query) -> Listing[EdgeReport]:
    """The edges that are wanted."""
    return Listing(EDGES, arranged(EDGES, seen.edges, query))


def told(edge: EdgeReport) -> str:
    """An edge in one line."""
    parts = [f"{edge.source} → {edge.target}", _how(edge), f"{rate(edge.rate)}/s", f"{count(edge.total)} in all"]
    if edge.kind == "event":
        parts += [f"lag {count(edge.lag)}", f"oldest {age(edge.oldest_s)}", f"dead {count(edge.dead)}"]
    else:
        parts += [f"p95 {milliseconds(edge.p95_ms)}", f"errors {count(edge.errors)}"]
    return "  ".join([*parts, *([edge.note] if edge.note else [])])


def _how(edge: EdgeReport) -> str:
    return f"event {edge.via}" if edge.kind == "event" else "call"


def _known(edge: EdgeReport) -> Cell:
    if not edge.declared:
        return Cell("undeclared!", "bad")
    return Cell("seen" if edge.seen else "not yet", "" if edge.seen else "dim")


def _bad(number: Callable[[EdgeReport], int | None]) -> Callable[[EdgeReport], Cell]:
    return lambda edge: Cell(count(number(edge)), "bad" if number(edge) else "")


_COLUMNS: tuple[Column[EdgeReport], ...] = (
    Column("from", "FROM", 10, lambda edge: Cell(edge.source, "name"), lambda edge: edge.source, "F", widest=32),
    Column("to", "TO", 10, lambda edge: Cell(edge.target, "name"), lambda edge: edge.target, "N", widest=32),
    Column("via", "VIA", 14, lambda edge: Cell(f"{GLYPHS_OF_KINDS[edge.kind]} {edge.via}"),
           lambda edge: edge.via, "V", rank=2, widest=44),
    Column("rate", "PER S", 5, lambda edge: Cell(rate(edge.rate), "busy" if edge.rate else "dim"),
           lambda edge: edge.rate, "P", right=True, largest_first=True),
    Column("total", "TOTAL", 6, lambda edge: Cell(count(edge.total)), lambda edge: edge.total, "T", rank=7, right=True,
           largest_first=True),
    Column("lag", "LAG", 5, lambda edge: Cell(count(edge.lag), "warn" if edge.lag else ""), lambda edge: edge.lag or 0,
           "L", rank=3, right=True, largest_first=True),
    Column("oldest", "OLDEST", 6, lambda edge: Cell(age(edge.oldest_s)), lambda edge: edge.oldest_s or 0.0, "A", rank=6,
           right=True, largest_first=True),
    Column("in_flight", "NOW", 4, lambda edge: Cell(count(edge.in_flight)), lambda edge: edge.in_flight, "I", rank=10,
           right=True, largest_first=True),
    Column("redelivered", "REDEL", 5, lambda edge: Cell(count(edge.redelivered), "warn" if edge.redelivered else ""),
           lambda edge: edge.redelivered or 0, "D", rank=9, right=True, largest_first=True),
    Column("dead", "DEAD", 5, _bad(lambda edge: edge.dead), lambda edge: edge.dead or 0, "X", rank=5, right=True,
           largest_first=True),
    Column("errors", "ERR", 5, _bad(lambda edge: edge.errors), badness, "W", rank=4, right=True),
    Column("p95", "P95", 6, lambda edge: Cell(milliseconds(edge.p95_ms)), lambda edge: edge.p95_ms or 0.0, "M", rank=5,
           right=True, largest_first=True),
    Column("known", "DECLARED", 11, _known, lambda edge: (edge.declared, edge.seen), "K", rank=8),
    Column("note", "NOTE", 12, lambda edge: Cell(edge.note or "", "warn" if edge.seen else "dim"),
           lambda edge: not edge.note, rank=7, widest=400),
)  # fmt: skip

EDGES: Kind[EdgeReport] = Kind(
    _COLUMNS,
    edge_key,
    lambda edge: f"{edge.source} {edge.target} {edge.via} {edge.kind} {edge.note or ''}",
    edge_is_wrong,
    "no edge yet: what spaces declare to call, publish and subscribe to is shown here",
)
