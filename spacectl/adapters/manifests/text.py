"""Reads one manifest file as text and as TOML; whatever is wrong with it becomes a problem."""

from __future__ import annotations

import re
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacectl.adapters.manifests.positions import KeyLines, longest_key
from spacectl.core.pointing import problem_on
from spacectl.model.problem import Problem
from spacectl.model.system import Source

MOST_BYTES = 1024 * 1024
_MOST_DOTS = 64
"""In a key. tomllib takes the square of them, and no manifest has more than three."""

_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_PART = r"'([^']*)'"
_TUPLE = re.compile(rf"\({_PART}(?:, {_PART})*,?\)")
_UNITS = ("bytes", "KB", "MB", "GB", "TB")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A manifest as TOML.

    Attributes:
        source: its lines, for messages.
        table: what tomllib read, or None where it is no TOML.
        problems: why there is no table.
    """

    source: Source
    table: dict[str, Any] | None
    problems: tuple[Problem, ...] = ()


def decode(path: Path, file: str) -> Decoded:
    """Read a manifest; `file` is what messages call it."""
    try:
        text = _text(_bytes(path))
    except _UnreadableError as error:
        source = Source(file, error.lines, KeyLines(""))
        return Decoded(source, None, (problem_on(source, error.line, str(error), error.hint),))
    source = Source(file, tuple(line.removesuffix("\r") for line in text.split("\n")), KeyLines(text))
    try:
        return Decoded(source, _table(text))
    except _UnreadableError as error:
        return Decoded(source, None, (problem_on(source, error.line, str(error), error.hint),))


class _UnreadableError(Exception):
    """Why a file is no manifest; `line` is 1-based, 0 where it belongs to none."""

    def __init__(self, message: str, *, line: int = 0, lines: tuple[str, ...] = (), hint: str | None = None) -> None:
        super().__init__(message)
        self.line = line
        self.lines = lines
        self.hint = hint


def _bytes(path: Path) -> bytes:
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise _UnreadableError("is a folder, not a file")
        if not stat.S_ISREG(status.st_mode):  # reading a pipe would wait for its writer
            raise _UnreadableError("is not a regular file")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise _UnreadableError(_reason(error)) from error
    if len(content) > MOST_BYTES:
        size = _rounded(max(status.st_size, len(content)))
        raise _UnreadableError(f"is {size}; a manifest has at most 1 MiB")
    return content


def _reason(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    return f"cannot be read: {(error.strerror or str(error)).lower()}"


def _rounded(size: int) -> str:
    count = float(size)
    for unit in _UNITS[:-1]:
        if count < 1000:  # noqa: PLR2004 - the step from one unit to the next
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} {_UNITS[-1]}"


def _text(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")  # editors on Windows begin a file with a mark
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        lines = tuple(content.decode("latin-1").split("\n"))
        message = f"is not UTF-8: byte 0x{content[error.start]:02x} at offset {error.start}"
        raise _UnreadableError(message, line=line, lines=lines, hint="save it as UTF-8") from error
    if not text.strip():
        raise _UnreadableError("is empty")
    return text


def _table(text: str) -> dict[str, Any]:
    if any(line.count(".") > _MOST_DOTS for line in text.split("\n")) and longest_key(text) > _MOST_DOTS:
        raise _UnreadableError(f"is no manifest: a key has more than {_MOST_DOTS} dots")
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise _UnreadableError("is no manifest: its values are nested too deep") from error
    except ValueError as error:  # TOMLDecodeError, and what int() says of 5,000 digits
        raise _syntax_error(str(error), text) from error


def _syntax_error(message: str, text: str) -> _UnreadableError:
    place = _TOML_PLACE.search(message)
    if place is None:
        return _UnreadableError(f"is not TOML: {_lower(message.partition(';')[0])}")
    line, where = (int(place[1]), f"column {place[2]}") if place[1] else (_last_line(text), "at the end of the file")
    return _UnreadableError(f"is not TOML: {_lower(message[: place.start()])} ({where})", line=line)


def _last_line(text: str) -> int:
    return text.rstrip().count("\n") + 1


def _lower(sentence: str) -> str:
    """A message of tomllib within a sentence of ours; it writes the key a.b as ('a', 'b')."""
    sentence = _TUPLE.sub(lambda found: f"[{'.'.join(re.findall(_PART, found[0]))}]", sentence)
    return sentence[:1].lower() + sentence[1:]
