"""Writes chunks of logs to stdout: as text to a terminal, as bytes to a file or a pipe, or as JSON."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Protocol

from spacectl.cli import output
from spacectl.view.log_line import PipedLines, TerminalLines, reports

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spacectl.adapters.log_store import LogReader
    from spacectl.model.log_line import Chunk


class Printer(Protocol):
    """Writes chunks to stdout."""

    def show(self, chunk: Chunk) -> None: ...
    def end(self) -> None: ...


def printer(width: int, *, timed: bool, as_json: bool) -> Printer:
    """The printer for what stdout is.

    Args:
        width: columns of the names; 0 for no names.
        timed: begin each line with its time.
        as_json: one published record a line.
    """
    if as_json:
        return _Json()
    if output.console().is_terminal:
        return _Terminal(TerminalLines(width, timed=timed, paint=_paint))
    return _Pipe(PipedLines(width, timed=timed))


def show_all(chunks: Iterable[Chunk], to: Printer) -> None:
    """Write these chunks, so that whoever reads stdout has all of them."""
    for chunk in chunks:
        to.show(chunk)
    output.flush_out()


def tell_missed(reader: LogReader) -> None:
    """Say which logs were made smaller before all of them could be shown."""
    for source, count in reader.missed().items():
        output.say(f"… {count:,} bytes of {source} were gone before they could be shown: it writes faster than this")


class _Json:
    def show(self, chunk: Chunk) -> None:
        output.out_jsons(reports(chunk))

    def end(self) -> None:
        """Every record ends itself."""


class _Terminal:
    def __init__(self, lines: TerminalLines) -> None:
        self._lines = lines

    def show(self, chunk: Chunk) -> None:
        output.out_text(self._lines.text(chunk))

    def end(self) -> None:
        """Every line ends itself."""


class _Pipe:
    def __init__(self, lines: PipedLines) -> None:
        self._lines = lines

    def show(self, chunk: Chunk) -> None:
        output.out_bytes(self._lines.text(chunk))

    def end(self) -> None:
        output.out_bytes(self._lines.end())
        output.flush_out()


def _paint(text: str, style: str) -> str:
    before, after = _codes(style)
    return f"{before}{text}{after}"


@cache
def _codes(style: str) -> tuple[str, str]:
    before, _, after = output.styled("|", style).partition("|")
    return before, after
