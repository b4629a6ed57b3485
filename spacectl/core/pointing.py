"""Points into a manifest: a key path becomes a problem with its line."""

from __future__ import annotations

from collections.abc import Sequence

from spacectl.model.problem import Problem
from spacectl.model.system import Source
from spacectl.model.wording import dotted

KeyPath = Sequence[str | int]


def line_of(source: Source, path: KeyPath) -> int:
    """The 1-based line of a key, or of the nearest table that would hold it; 0 where there is none."""
    where = source.where
    for length in range(len(path), 0, -1):
        line = where.get(tuple(path[:length]))
        if line is not None:
            return line
    return 0


def problem_at(source: Source, path: KeyPath, message: str, hint: str | None = None) -> Problem:
    """The problem of a key in a file."""
    line = line_of(source, path)
    return Problem(source.file, line, dotted(path), message, _text_of(source, line), hint)


def problem_on(source: Source, line: int, message: str, hint: str | None = None) -> Problem:
    """The problem of a line (1-based; 0 for none) that belongs to no key."""
    return Problem(source.file, line, "", message, _text_of(source, line), hint)


def _text_of(source: Source, line: int) -> str:
    return source.lines[line - 1] if 0 < line <= len(source.lines) else ""
