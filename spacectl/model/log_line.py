"""What programs wrote, as it is read back: lines with their times, and which of them are wanted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal, NamedTuple

SUPERVISOR = "spacectl"
"""The source of what the supervisor itself notes; its file is `supervisor.log`."""

LevelWord = Literal["debug", "info", "warning", "error"]


class Level(IntEnum):
    """How grave a line is; finer shades count as the nearest of these."""

    DEBUG = 10
    INFO = 20
    WARNING = 30
    ERROR = 40

    @property
    def word(self) -> LevelWord:
        """The level as it is written in options and in JSON."""
        return _WORDS[self]


_WORDS: dict[Level, LevelWord] = {
    Level.DEBUG: "debug",
    Level.INFO: "info",
    Level.WARNING: "warning",
    Level.ERROR: "error",
}


class TimeRecord(NamedTuple):
    """One entry of a log's time index.

    Attributes:
        time_ns: when the log had grown to this size, in nanoseconds since 1970.
        size: offset up to which the log was written by then; counted from the log's very first byte.
        approximate: nobody watched while it grew to this size: what was added may be older.
    """

    time_ns: int
    size: int
    approximate: bool = False


@dataclass(frozen=True, slots=True)
class Chunk:
    """Lines of one log that share a time, as they stand in its file.

    Attributes:
        source: the name of the log: a replica (`orders.1`), a build (`orders.build`), `bus` or `spacectl`.
        time_ns: when they were written, in nanoseconds since 1970.
        approximate: the time is a guess.
        text: the lines with their ends; never empty.
        begins: false where the first line goes on from the source's chunk before.
        ends: false where the last line goes on in the source's next chunk, or its end is not written yet.
        levels: of each line, where they were asked for.
    """

    source: str
    time_ns: int
    approximate: bool
    text: bytes
    begins: bool = True
    ends: bool = True
    levels: tuple[Level | None, ...] = ()


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line, or a piece of a very long one.

    Attributes:
        line: its bytes without the newline.
        truncated: it is only a piece; the next follows, or is not written yet.
    """

    source: str
    time_ns: int
    approximate: bool
    line: bytes
    level: Level | None
    truncated: bool


@dataclass(frozen=True, slots=True)
class Selection:
    """Which lines of which logs are wanted.

    Attributes:
        names: replicas, spaces (all their logs), builds, `bus`, `spacectl`; empty for all but the last.
        since_ns: only lines written at this time or later, in nanoseconds since 1970.
        until_ns: only lines written at this time or before.
        tail: only the last so many lines of each log, of those that are wanted otherwise.
        grep: only lines in which this is found.
        level: only lines at least as grave; a line without a level counts as the line before it, or as INFO.
        previous: the logs of the run before this one.
        levels: tell the level of each line.
        quiet: sources of which only errors are wanted.
    """

    names: frozenset[str] = frozenset()
    since_ns: int | None = None
    until_ns: int | None = None
    tail: int | None = None
    grep: re.Pattern[bytes] | None = None
    level: Level | None = None
    previous: bool = False
    levels: bool = False
    quiet: frozenset[str] = frozenset()

    def least(self, source: str) -> Level | None:
        """The level that a line of this source needs."""
        return Level.ERROR if source in self.quiet else self.level


def owner(source: str) -> tuple[str | None, str | None]:
    """The space and the replica that a source belongs to: (`orders`, `orders.1`); of a build only the space."""
    space, _, rest = source.rpartition(".")
    if not space:
        return None, None
    return space, source if rest.isdecimal() else None
