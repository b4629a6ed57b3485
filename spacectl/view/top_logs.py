"""Lines of logs as rows of the cockpit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from zlib import crc32

from spacectl.core.log_notes import note_text
from spacectl.model.log_line import SUPERVISOR, Level, LogLine, owner
from spacectl.view.lines import printable
from spacectl.view.top_table import Cell, Column, Kind, Listing, Query, arranged

HUES = 6
"""Tones that tell the names of logs apart: `hue0`, `hue1`, …"""

LEVELS: tuple[Level | None, ...] = (None, Level.INFO, Level.WARNING, Level.ERROR)
STREAMS = ("all", "spaces", "builds", "engines")
"""What kind of log a line is from; none of them keeps stdout and stderr apart, because their files do not."""

_TONES = {Level.DEBUG: "dim", Level.WARNING: "warn", Level.ERROR: "bad"}


@dataclass(frozen=True)
class Line:
    """One line, numbered in the order in which it was read."""

    number: int
    log: LogLine

    @cached_property
    def text(self) -> str:
        line = self.log.line
        return printable(note_text(line) if self.log.source == SUPERVISOR else line)

    @property
    def time(self) -> float:
        """Seconds since 1970."""
        return self.log.time_ns / 1e9


@dataclass(frozen=True, slots=True)
class LogView:
    """Which lines are wanted.

    Attributes:
        names: spaces and replicas; empty for all.
        level: only lines at least so grave.
        stream: one of STREAMS.
    """

    names: frozenset[str] = frozenset()
    level: Level | None = None
    stream: str = "all"

    def wants(self, line: Line) -> bool:
        """Whether a line is wanted."""
        source = line.log.source
        if self.level is not None and (line.log.level or Level.INFO) < self.level:
            return False
        if self.stream != "all" and stream_of(source) != self.stream:
            return False
        return not self.names or source in self.names or owner(source)[0] in self.names


def stream_of(source: str) -> str:
    """What kind of log it is."""
    space, replica = owner(source)
    if space is None:
        return "engines"
    return "builds" if replica is None else "spaces"


def listing(lines: Iterable[Line], view: LogView, query: Query) -> Listing[Line]:
    """The lines that are wanted, in the order of time."""
    return Listing(LINES, arranged(LINES, (line for line in lines if view.wants(line)), query))


def at(lines: Iterable[Line], time_s: float) -> str | None:
    """The key of the first line written at this time or later; of the last one where there is none."""
    key = None
    for line in lines:
        key = LINES.key(line)
        if line.time >= time_s:
            break
    return key


def unfolded(line: Line) -> list[list[Cell]]:
    """A line whole: where and when it was written, then itself."""
    about = "about " if line.log.approximate else ""
    return [[_source(line), Cell(f"  {about}{_clock(line.time)}  ", "dim"), _level(line)], [], [_text(line)]]


def _source(line: Line) -> Cell:
    source = line.log.source
    name = owner(source)[0] or source
    return Cell(source, f"hue{crc32(name.encode()) % HUES}")


def _level(line: Line) -> Cell:
    level = line.log.level
    if level is None:
        return Cell("")
    return Cell("warn" if level is Level.WARNING else level.word, _TONES.get(level, ""))


def _text(line: Line) -> Cell:
    return Cell(line.text, "" if line.log.level is None else _TONES.get(line.log.level, ""))


LINES: Kind[Line] = Kind(
    (
        Column("time", "TIME", 12, lambda line: Cell(_clock(line.time), "dim"), rank=3),
        Column("source", "LOG", 14, _source, rank=1, widest=26),
        Column("level", "LEVEL", 5, _level, rank=2),
        Column("line", "LINE", 30, _text, widest=4000),
    ),
    lambda line: str(line.number),
    lambda line: f"{line.log.source} {line.text}",
    lambda line: (line.log.level or Level.INFO) >= Level.WARNING,
    "nothing has been written yet, or a filter lets nothing through",
)


def _clock(time_s: float) -> str:
    return f"{datetime.fromtimestamp(time_s).astimezone():%H:%M:%S.%f}"[:-3]
