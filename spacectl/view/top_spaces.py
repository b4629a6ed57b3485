"""The spaces as rows of the cockpit, each with its replicas below it when it is unfolded."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from spacectl.model.phase import WORST_FIRST
from spacectl.model.report import ReplicaReport, SpaceReport
from spacectl.view.ps import GLYPHS, STYLES
from spacectl.view.top_figures import age, count, milliseconds, rate, since, size, sparkline
from spacectl.view.top_seen import NO_TRAFFIC, UNKNOWN, Seen, Traffic
from spacectl.view.top_table import Cell, Column, Kind, Listing, Query, arranged

_TONES = {"green": "good", "cyan": "busy", "yellow": "warn", "red": "bad", "bold red": "worst", "dim": "dim"}
_TROUBLE = frozenset({"failed", "unhealthy", "backoff", UNKNOWN})
_WORST = {str(phase): number for number, phase in enumerate(WORST_FIRST)} | {UNKNOWN: -1}
_SPARK = 10
_OFTEN = 3
"""Restarts that deserve a look."""


@dataclass(frozen=True, slots=True)
class SpaceLine:
    """One row: a space, or one of its replicas."""

    space: SpaceReport
    replica: ReplicaReport | None
    traffic: Traffic
    history: tuple[float, ...]
    now: datetime
    unfolded: bool = False

    @property
    def key(self) -> str:
        return self.space.name if self.replica is None else self.replica.name

    @property
    def state(self) -> str:
        return self.space.state if self.replica is None else self.replica.state

    @property
    def replicas(self) -> tuple[ReplicaReport, ...]:
        return self.space.replicas if self.replica is None else (self.replica,)

    @property
    def cpu(self) -> float | None:
        known = [each.cpu_percent for each in self.replicas if each.cpu_percent is not None]
        return sum(known) if known else None

    @property
    def memory(self) -> int | None:
        known = [each.memory_bytes for each in self.replicas if each.memory_bytes is not None]
        return sum(known) if known else None

    @property
    def restarts(self) -> int:
        return sum(each.restarts for each in self.replicas)

    @property
    def up_s(self) -> float | None:
        known = [each.started for each in self.replicas if each.started]
        return since(min(known), self.now) if known else None

    @property
    def reason(self) -> str:
        told = [each.reason for each in self.replicas if each.reason]
        if self.replica is None:
            told += [f"may not {each.kind} {each.subject}" for each in self.space.violations]
            told += self.traffic.notes
        return "; ".join(told)


def state_cell(state: str) -> Cell:
    """A state as glyph and word; the tone only repeats what they say."""
    if state == UNKNOWN:
        return Cell(f"? {state}", "warn")
    return Cell(f"{GLYPHS.get(state, '·')} {state}", _TONES.get(STYLES.get(state, ""), ""))


def badness(line: SpaceLine) -> tuple[int, int, int, int]:
    """Sorts the worst first: by state, then by what was refused, errors and lag."""
    traffic = line.traffic
    return (_WORST.get(line.state, 0), -len(line.space.violations), -(traffic.errors or 0), -(traffic.lag or 0))


def is_wrong(line: SpaceLine) -> bool:
    """Whether a person should look at it."""
    space = line.space
    return line.state in _TROUBLE or bool(space.violations) or bool(line.traffic.notes) or bool(line.traffic.errors)


def listing(seen: Seen, query: Query, unfolded: Collection[str], now: datetime) -> Listing[SpaceLine]:
    """The spaces that are wanted, and the replicas of those that are unfolded."""
    lines = [_line(seen, space, now, unfolded) for space in seen.spaces]
    rows: list[SpaceLine] = []
    for line in arranged(SPACES, lines, query):
        rows.append(line)
        if line.unfolded:
            rows += [SpaceLine(line.space, each, NO_TRAFFIC, (), now) for each in line.space.replicas]
    return Listing(SPACES, rows)


def _line(seen: Seen, space: SpaceReport, now: datetime, unfolded: Collection[str]) -> SpaceLine:
    traffic = seen.traffic.get(space.name, NO_TRAFFIC)
    return SpaceLine(space, None, traffic, seen.history.get(space.name, ()), now, space.name in unfolded)


def _name(line: SpaceLine) -> Cell:
    if line.replica is not None:
        return Cell(f"    {line.replica.name}", "dim")
    return Cell(f"{'▾' if line.unfolded else '▸'} {line.space.name}", "name")


def _ready(line: SpaceLine) -> Cell:
    if line.replica is not None:
        return Cell("")
    space = line.space
    if space.kind == "job":
        return Cell("job", "dim")
    return Cell(f"{space.ready}/{space.desired}", "" if space.ready == space.desired else "warn")


def _flow(line: SpaceLine) -> Cell:
    return Cell(sparkline(line.history, _SPARK) if line.history else "", "busy")


def _restarts(line: SpaceLine) -> Cell:
    return Cell(count(line.restarts), "warn" if line.restarts >= _OFTEN else "")


def _errors(line: SpaceLine) -> Cell:
    return Cell(count(line.traffic.errors), "bad" if line.traffic.errors else "")


def _text(line: SpaceLine) -> str:
    return f"{line.space.name} {line.state} {line.reason}"


def _port(line: SpaceLine) -> Cell:
    ports = [str(each.port) for each in line.replicas if each.port is not None and each.place is not None]
    return Cell(ports[0] if len(ports) == 1 else "-" if not ports else f"{len(ports)} ports")


_COLUMNS: tuple[Column[SpaceLine], ...] = (
    Column("name", "SPACE", 14, _name, lambda line: line.space.name, "N", widest=34),
    Column("state", "STATE", 11, lambda line: state_cell(line.state), badness, "W"),
    Column("ready", "READY", 5, _ready, lambda line: line.space.ready - line.space.desired, rank=2, right=True),
    Column("requests", "REQ/S", 5, lambda line: Cell(rate(line.traffic.requests_rate)),
           lambda line: line.traffic.requests_rate or 0.0, "Q", rank=4, right=True, largest_first=True),
    Column("p95", "P95", 6, lambda line: Cell(milliseconds(line.traffic.p95_ms)),
           lambda line: line.traffic.p95_ms or 0.0, "P", rank=6, right=True, largest_first=True),
    Column("errors", "ERR", 5, _errors, lambda line: line.traffic.errors or 0, "E", rank=3, right=True,
           largest_first=True),
    Column("in", "IN/S", 5, lambda line: Cell(rate(line.traffic.in_rate)), lambda line: line.traffic.in_rate or 0.0,
           "I", rank=9, right=True, largest_first=True),
    Column("out", "OUT/S", 5, lambda line: Cell(rate(line.traffic.out_rate)), lambda line: line.traffic.out_rate or 0.0,
           "O", rank=10, right=True, largest_first=True),
    Column("flow", "MESSAGES", _SPARK, _flow, rank=7),
    Column("lag", "LAG", 5, lambda line: Cell(count(line.traffic.lag), "warn" if line.traffic.lag else ""),
           lambda line: line.traffic.lag or 0, "L", rank=5, right=True, largest_first=True),
    Column("oldest", "OLDEST", 6, lambda line: Cell(age(line.traffic.oldest_s)),
           lambda line: line.traffic.oldest_s or 0.0, "A", rank=13, right=True, largest_first=True),
    Column("cpu", "CPU", 6, lambda line: Cell("-" if line.cpu is None else f"{line.cpu:.1f}%"),
           lambda line: line.cpu or 0.0, "C", rank=8, right=True, largest_first=True),
    Column("memory", "MEM", 6, lambda line: Cell(size(line.memory)), lambda line: line.memory or 0, "M", rank=8,
           right=True, largest_first=True),
    Column("restarts", "RST", 4, _restarts, lambda line: line.restarts, "T", rank=7, right=True, largest_first=True),
    Column("uptime", "UP", 5, lambda line: Cell(age(line.up_s)), lambda line: line.up_s or 0.0, "U", rank=11,
           right=True),
    Column("port", "PORT", 7, _port, rank=14, right=True),
    Column("reason", "REASON", 14, lambda line: Cell(line.reason, "warn"), lambda line: not line.reason, rank=6,
           widest=400),
)  # fmt: skip

SPACES: Kind[SpaceLine] = Kind(
    _COLUMNS, lambda line: line.key, _text, is_wrong, "no space yet: `spacectl add NAME` makes one"
)
