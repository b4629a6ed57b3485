"""The lines of the cockpit around its screens: the system in one line, the screens, and the keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from spacectl.model.wording import counted
from spacectl.view import top_spaces
from spacectl.view.top_figures import age, rate, since
from spacectl.view.top_seen import NO_TRAFFIC, Seen
from spacectl.view.top_spaces import SpaceLine, state_cell
from spacectl.view.top_table import Cell, Query

_GAP = Cell("  ")


def headline(system: str, seen: Seen, now: datetime, *, paused: bool = False) -> list[Cell]:
    """The system in one line, what matters most first."""
    ps = seen.ps
    if ps is None:
        return [Cell(f" {system}", "name"), _GAP, Cell("… asking the supervisor", "busy")]
    cells = [Cell(f" {ps.system}", "name"), _GAP, state_cell(ps.state)]
    if not seen.attached:
        return [*cells, _GAP, Cell("✖ the supervisor does not answer; asking again", "worst")]
    if paused:
        cells += [_GAP, Cell("‖ paused", "warn")]
    wrong = wrong_count(seen, now)
    cells += [_GAP, Cell(counted(len(ps.spaces), "space"))]
    cells += [_GAP, Cell(f"! {wrong} wrong", "bad")] if wrong else [_GAP, Cell("nothing wrong", "good")]
    cells += [_GAP, Cell("bus ", "dim"), state_cell(ps.bus.state)]
    if ps.gateway is not None:
        cells += [_GAP, Cell("gateway ", "dim"), state_cell(ps.gateway.state), Cell(f" {ps.gateway.url or ''}", "dim")]
    if seen.flow is not None:
        totals = seen.totals
        cells += [_GAP, Cell(f"{rate(totals.events_rate)} events/s  {rate(totals.calls_rate)} calls/s", "busy")]
    return [*cells, _GAP, Cell(f"up {age(since(ps.since, now))}", "dim")]


def wrong_count(seen: Seen, now: datetime) -> int:
    """How many spaces and edges a person should look at."""
    lines = (SpaceLine(each, None, seen.traffic.get(each.name, NO_TRAFFIC), (), now) for each in seen.spaces)
    return sum(map(top_spaces.is_wrong, lines)) + seen.totals.wrong_edges


def narrowed(query: Query) -> list[Cell]:
    """What of a screen's rows is left out, in words."""
    cells = []
    if query.only_wrong:
        cells += [Cell("only what is wrong", "warn"), _GAP]
    if query.filter.startswith("!"):
        cells += [Cell(f"without “{query.filter[1:]}”", "warn"), _GAP]
    elif query.filter:
        cells += [Cell(f"with “{query.filter}”", "warn"), _GAP]
    return cells


def key_line(pairs: Sequence[tuple[str, str]], width: int) -> list[Cell]:
    """The keys and what they do, as many as fit."""
    cells: list[Cell] = []
    used = 1
    for key, does in pairs:
        used += len(key) + len(does) + 3
        if used > width:
            break
        cells += [Cell(f" {key}", "title"), Cell(f" {does} ", "dim")]
    return cells
