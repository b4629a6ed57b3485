"""One thing that is wrong with a manifest, told so that it can be found and mended."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and where.

    Attributes:
        file: path as the person would write it, relative to the system's folder where it can be.
        line: 1-based; 0 where the problem belongs to no line (a missing file, a glob without a match).
        key: dotted path such as `events.publishes`; empty for the file as a whole.
        message: what is wrong.
        source: the offending line as written, without its newline; empty when there is none.
        hint: what to write instead, when that is known.
    """

    file: str
    line: int
    key: str
    message: str
    source: str = ""
    hint: str | None = None
