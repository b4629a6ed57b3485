"""Lines of logs as text for people, as bytes for pipes, and as published records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from zlib import crc32

from spacectl.core.log_cutting import lines_of, log_lines
from spacectl.core.log_notes import note_text
from spacectl.model.log_line import SUPERVISOR, Chunk, owner
from spacectl.model.report_log import LogLineReport
from spacectl.view.lines import printable

COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "bright_cyan", "bright_magenta", "bright_green")

WIDEST_NAME = 24

_GOES_ON = "…"


def colour_of(source: str) -> str:
    """The colour of a log's name: the same for all replicas of a space, in every run."""
    space = owner(source)[0] or source
    return COLOURS[crc32(space.encode()) % len(COLOURS)]


def local_time(time_ns: int) -> str:
    """A time in this machine's zone, as `--since` takes it: `2026-11-22T10:00:00.123`."""
    at = datetime.fromtimestamp(time_ns // 10**9).astimezone()
    return f"{at:%Y-%m-%dT%H:%M:%S}.{time_ns // 10**6 % 1000:03}"


def utc_time(time_ns: int) -> str:
    """A time as RFC 3339 in UTC, with milliseconds."""
    at = datetime.fromtimestamp(time_ns // 10**9, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{time_ns // 10**6 % 1000:03}Z"


def reports(chunk: Chunk) -> Iterator[LogLineReport]:
    """The published records of a chunk's lines."""
    space, replica = owner(chunk.source)
    at = utc_time(chunk.time_ns)
    is_note = chunk.source == SUPERVISOR
    for each in log_lines((chunk,)):
        line = note_text(each.line) if is_note else each.line.removesuffix(b"\r")
        # Not validated: every value is of its type already, and there may be millions.
        yield LogLineReport.model_construct(
            time=at,
            source=each.source,
            space=space,
            replica=replica,
            level=None if each.level is None else each.level.word,
            line=line.decode(errors="replace"),
            truncated=each.truncated,
            approximate=each.approximate,
        )


class TerminalLines:
    """Chunks as text that a terminal may be given: nothing in it moves the cursor or does other things.

    Args:
        width: columns of the names; 0 for no names.
        timed: begin each line with its time.
        paint: puts a text into a colour.
    """

    def __init__(self, width: int, *, timed: bool, paint: Callable[[str, str], str]) -> None:
        self._width = width
        self._timed = timed
        self._paint = paint

    def text(self, chunk: Chunk) -> str:
        """The lines of a chunk, each with its newline. A line in pieces takes a line for each."""
        lines = [_printable(chunk, line) for line in lines_of(chunk)]
        if not chunk.ends:
            lines[-1] += _GOES_ON
        prefix = self._prefix(chunk)
        return "".join([f"{prefix}{line}\n" for line in lines])

    def _prefix(self, chunk: Chunk) -> str:
        at = self._paint(local_time(chunk.time_ns), "dim") + " " if self._timed else ""
        if not self._width:
            return at
        return at + self._paint(f"{chunk.source:<{self._width}} |", colour_of(chunk.source)) + " "


class PipedLines:
    """Chunks as bytes for files and pipes: what programs wrote, unchanged, each line after its prefix.

    Args:
        width: columns of the names; 0 for no names.
        timed: begin each line with its time.
    """

    def __init__(self, width: int, *, timed: bool) -> None:
        self._width = width
        self._timed = timed
        self._open: str | None = None
        """The source whose line is not ended yet."""

    def text(self, chunk: Chunk) -> bytes:
        """The bytes of a chunk; a line in pieces comes out whole, unless another log has written in between."""
        body = _notes(chunk) if chunk.source == SUPERVISOR else chunk.text
        goes_on = self._open == chunk.source and not chunk.begins
        before = b"\n" if self._open is not None and not goes_on else b""
        self._open = None if body.endswith(b"\n") else chunk.source
        prefix = self._prefix(chunk)
        if prefix:
            body = body[:-1].replace(b"\n", b"\n" + prefix) + body[-1:]
        return before + (b"" if goes_on else prefix) + body

    def end(self) -> bytes:
        """What ends the output: a newline where prefixes made lines of it and the last has none."""
        return b"\n" if self._open is not None and (self._width or self._timed) else b""

    def _prefix(self, chunk: Chunk) -> bytes:
        at = f"{utc_time(chunk.time_ns)} " if self._timed else ""
        name = f"{chunk.source:<{self._width}} | " if self._width else ""
        return f"{at}{name}".encode()


def _printable(chunk: Chunk, line: bytes) -> str:
    return printable(note_text(line) if chunk.source == SUPERVISOR else line)


def _notes(chunk: Chunk) -> bytes:
    text = b"\n".join([note_text(line) for line in lines_of(chunk)])
    return text + b"\n" if chunk.text.endswith(b"\n") else text
