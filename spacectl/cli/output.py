"""The only place that prints: data to stdout, talk to stderr."""

from __future__ import annotations

import codecs
import os
import select
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import Console, RenderableType
    from rich.style import StyleType


class ReaderGoneError(Exception):
    """Nobody reads stdout any more. It is no OSError, for click takes those of a pipe into its own hands."""


_NO_EDGE = 200
"""Columns of a table that goes to no terminal: wide enough that a file holds every column."""


def open_streams() -> None:
    """Make sure that stdin, stdout and stderr are open, and can take every character.

    Where the shell closed one (`>&-`), the next file to be opened would get its number, and be written into.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number: this one
    sys.stdin = sys.stdin or _nowhere("r")
    sys.stdout = sys.stdout or _nowhere("w")
    sys.stderr = sys.stderr or _nowhere("w")
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def _nowhere(mode: str) -> TextIO:
    return open(os.devnull, mode, encoding="utf-8")  # type: ignore[return-value]  # noqa: PTH123


@cache
def console(*, stderr: bool = False) -> Console:
    """The rich console of stdout or stderr; it obeys NO_COLOR, FORCE_COLOR and whether it is a terminal."""
    from rich.console import Console

    class Plain(Console):
        def on_broken_pipe(self) -> None:
            raise  # noqa: PLE0704  (called where it is handled; who prints knows what to do)

    made = Plain(stderr=stderr, highlight=False, emoji=False, markup=False)
    stream = sys.stderr if stderr else sys.stdout
    if not stream.isatty() and "COLUMNS" not in os.environ:
        made.width = _NO_EDGE
    return made


def out(text: str) -> None:
    """Write one line of data to stdout."""
    out_lines((text,))


def out_lines(lines: Iterable[str]) -> None:
    """Write many lines of data to stdout at once."""
    with to_reader():
        sys.stdout.writelines(f"{line}\n" for line in lines)
        sys.stdout.flush()


def out_json(value: BaseModel) -> None:
    """Write a published model as one JSON line to stdout."""
    out_jsons((value,))


def out_jsons(values: Iterable[BaseModel]) -> None:
    """Write published models to stdout, one JSON line each; as ASCII where stdout cannot take UTF-8."""
    ascii_only = codecs.lookup(sys.stdout.encoding).name != "utf-8"
    out_lines(value.model_dump_json(by_alias=True, ensure_ascii=ascii_only) for value in values)


def out_text(text: str) -> None:
    """Write text that ends its own lines to stdout; it may wait for `flush_out`."""
    with to_reader():
        sys.stdout.write(text)


def out_bytes(data: bytes) -> None:
    """Write bytes to stdout as they are; they may wait for `flush_out`."""
    with to_reader():
        sys.stdout.buffer.write(data)


def flush_out() -> None:
    """Hand on what was written to stdout, so that its reader has all of it."""
    with to_reader():
        sys.stdout.flush()


def show(renderable: RenderableType) -> None:
    """Draw a table or styled text on stdout."""
    with to_reader():
        console().print(renderable)


@contextmanager
def to_reader() -> Iterator[None]:
    """What is written to stdout here tells when nobody reads it any more.

    Raises:
        ReaderGoneError: nobody does.
    """
    try:
        yield
    except BrokenPipeError as error:
        raise ReaderGoneError from error


def say(text: str) -> None:
    """Write one line of talk to stderr. Where nobody reads it any more, the command goes on without."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        _close(sys.stderr)


def tell(renderable: RenderableType) -> None:
    """Draw styled talk on stderr, as far as somebody reads it."""
    try:
        console(stderr=True).print(renderable)
    except OSError:
        _close(sys.stderr)


@cache
def styled(text: str, style: StyleType) -> str:
    """A text with the codes that colour it on stdout; as it is where stdout takes no colour."""
    made = console()
    with made.capture() as captured:
        made.print(text, style=style, end="", soft_wrap=True, markup=False)
    return captured.get()


def close_out() -> None:
    """Write nothing to stdout any more, not even while Python ends: its reader has gone."""
    _close(sys.stdout)


def _close(stream: TextIO) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def out_has_reader() -> bool:
    """Whether anybody can still read stdout: false when it is a pipe whose reader has gone."""
    asked = select.poll()
    asked.register(sys.stdout.fileno(), 0)
    return not any(event & (select.POLLERR | select.POLLHUP) for _, event in asked.poll(0))
