"""The flow as a table: one line per edge; a narrow terminal gets fewer columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rich.console import Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from spacectl.model.flow import BusFlow, EdgeReport, FlowReport
from spacectl.model.wording import counted

_WIDE = 118
"""Columns of a terminal that take the whole table, a note included."""
_MIDDLE = 88
_NARROW = 60
"""Fewer columns than this are left to the edge and how much moved."""


def table(report: FlowReport, *, width: int) -> RenderableType:
    """Every edge, then what deserves a line of its own."""
    shown = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    columns = [column for column in _COLUMNS if width >= column[2]]
    for heading, justify, _, _ in columns:
        shown.add_column(heading, justify=justify, no_wrap=heading != "NOTE", overflow="ellipsis")
    for edge in report.edges:
        shown.add_row(*(cell(edge) for *_, cell in columns), style="" if edge.seen else "dim")
    if not report.edges:
        return Group(Text("no space calls or hears another one", style="dim"), *_lines(report, notes=False))
    return Group(shown, *_lines(report, notes=width < _WIDE))


def amount(rate: float) -> str:
    """A rate in few characters: `0`, `0.4`, `12.1`, `1,240`."""
    if rate == 0:
        return "0"
    return f"{rate:.1f}" if rate < 100 else f"{rate:,.0f}"  # noqa: PLR2004  (three digits are enough)


def _edge(edge: EdgeReport) -> Text:
    arrow = "→" if edge.kind == "event" else "⇢"
    return Text.assemble(edge.source, (f" {arrow} ", "bold"), edge.target)


def _via(edge: EdgeReport) -> Text:
    via = edge.via if edge.kind == "event" else "calls"
    return Text(via) if edge.declared else Text.assemble(via, (" undeclared", "bold red"))


def _milliseconds(edge: EdgeReport) -> str:
    if edge.p50_ms is None or edge.p95_ms is None:
        return "-"
    return f"{edge.p50_ms:.1f}/{edge.p95_ms:.1f}"


def _or_dash(value: float | None) -> str:
    return "-" if value is None else f"{value:,}"


def _age(edge: EdgeReport) -> str:
    return "-" if edge.oldest_s is None else f"{edge.oldest_s:.1f}s"


def _errors(edge: EdgeReport) -> Text:
    return Text(f"{edge.errors:,}", style="red" if edge.errors else "")


_COLUMNS: tuple[tuple[str, JustifyMethod, int, Callable[[EdgeReport], str | Text]], ...] = (
    ("EDGE", "left", 0, _edge),
    ("VIA", "left", 0, _via),
    ("TOTAL", "right", 0, lambda edge: f"{edge.total:,}"),
    ("PER S", "right", _NARROW, lambda edge: amount(edge.rate)),
    ("LAG", "right", _NARROW, lambda edge: _or_dash(edge.lag)),
    ("OLDEST", "right", _WIDE, _age),
    ("IN FLIGHT", "right", _MIDDLE, lambda edge: f"{edge.in_flight:,}"),
    ("AGAIN", "right", _WIDE, lambda edge: _or_dash(edge.redelivered)),
    ("ERRORS", "right", _NARROW, _errors),
    ("P50/P95 ms", "right", _MIDDLE, _milliseconds),
    ("NOTE", "left", _WIDE, lambda edge: edge.note or ""),
)


def _lines(report: FlowReport, *, notes: bool) -> Iterator[Text]:
    if notes:
        noted = (edge for edge in report.edges if edge.note and edge.seen)
        yield from (Text(f"{edge.source} → {edge.target} {edge.via}: {edge.note}") for edge in noted)
    for unheard in report.unheard:
        published = counted(unheard.published, "time")
        yield Text(f"{unheard.source} published {unheard.via} {published}, and nobody subscribes to it")
    if report.bus is not None:
        yield _bus(report.bus)
    yield from (Text(f"not seen: {each}", style="dim") for each in report.unseen)


def _bus(bus: BusFlow) -> Text:
    text = f"bus: {amount(bus.published_rate)} events/s, keeps {bus.messages:,} ({bus.bytes / 1e6:.1f} MB)"
    slow = f", {counted(bus.slow_consumers, 'reader')} cut off as too slow" if bus.slow_consumers else ""
    stalls = f", held back {counted(bus.stalls, 'time')}" if bus.stalls else ""
    return Text(text + slow + stalls)
