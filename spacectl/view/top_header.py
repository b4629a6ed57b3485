"""The lines of the cockpit around its screens: the system in one line, the screens, and the keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.cells import cell_len

from spacectl.model.report import PsReport
from spacectl.model.wording import counted
from spacectl.view import top_spaces
from spacectl.view.top_figures import age, rate, since
from spacectl.view.top_seen import NO_TRAFFIC, Seen
from spacectl.view.top_spaces import SpaceLine, state_cell
from spacectl.view.top_table import Cell, Query

_GAP = Cell("  ")


@dataclass(frozen=True, slots=True)
class _Part:
    """Something to say of the system, and how soon it is left out where there is no room; 0: never."""

    rank: int
    cells: tuple[Cell, ...]


def headline(system: str, seen: Seen, now: datetime, width: int, *, paused: bool = False) -> list[Cell]:
    """The system in one line of so many columns: what matters least is left out first."""
    ps = seen.ps
    if ps is None:
        return _joined([_Part(0, (Cell(f" {system}", "name"),)), _Part(0, (Cell("… asking the supervisor", "busy"),))])
    parts = [_Part(0, (Cell(f" {ps.system}", "name"),)), _Part(0, (state_cell(ps.state),))]
    if not seen.attached:
        return _joined([*parts, _Part(0, (Cell("✖ the supervisor does not answer; asking again", "worst"),))])
    if paused:
        parts.append(_Part(0, (Cell("‖ paused", "warn"),)))
    wrong = wrong_count(seen, now)
    parts.append(_Part(2, (Cell(counted(len(ps.spaces), "space")),)))
    parts.append(_Part(0, (Cell(f"! {wrong} wrong", "bad") if wrong else Cell("nothing wrong", "good"),)))
    parts += _engines(ps)
    if seen.flow is not None:
        totals = seen.totals
        parts.append(
            _Part(1, (Cell(f"{rate(totals.events_rate)} events/s  {rate(totals.calls_rate)} calls/s", "busy"),))
        )
    parts.append(_Part(4, (Cell(f"up {age(since(ps.since, now))}", "dim"),)))
    while _width(parts) > width and (last := max(parts, key=lambda part: part.rank)).rank > 0:
        parts.remove(last)
    return _joined(parts)


def _engines(ps: PsReport) -> Iterator[_Part]:
    """An engine that is well is left out soon; one that is not, never."""
    for name, engine in (("bus", ps.bus), ("gateway", ps.gateway)):
        if engine is not None:
            yield _Part(3 if engine.state == "ready" else 0, (Cell(f"{name} ", "dim"), state_cell(engine.state)))
    if ps.gateway is not None and ps.gateway.url is not None:
        yield _Part(5, (Cell(ps.gateway.url, "dim"),))


def _joined(parts: Sequence[_Part]) -> list[Cell]:
    cells = [cell for part in parts for cell in (_GAP, *part.cells)]
    return cells[1:]


def _width(parts: Sequence[_Part]) -> int:
    return sum(cell_len(cell.text) for cell in _joined(parts))


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
