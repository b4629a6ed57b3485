"""How values that people wrote are shown in a message: short, escaped, in TOML's own terms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

MOST_QUOTED = 80
"""Characters of a value that a message shows; a manifest may hold a megabyte."""

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]{1,80}")
_MOST_DIGITS = 30


def escaped(text: str, *, at_most: int = MOST_QUOTED) -> str:
    """The text with control and other invisible characters as escapes, cut after `at_most` characters of it."""
    shown = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text[:at_most])
    return f"{shown}…" if len(text) > at_most else shown


def quoted(text: str) -> str:
    """The text in double quotes, escaped and cut."""
    return f'"{escaped(text)}"'


def shown(value: Any) -> str:
    """A decoded TOML value as a message names it: `"three"`, `3`, `true`, `an empty list`."""
    match value:
        case str():
            return quoted(value)
        case bool():
            return str(value).lower()
        case int():
            return str(value) if abs(value) < 10**_MOST_DIGITS else "a number that large"
        case float():
            return repr(value)
        case list() | tuple():
            return "a list" if value else "an empty list"
        case dict():
            return "a table" if value else "an empty table"
    return "a date or time"  # the only other kind of value that TOML has


def one_of(words: Iterable[str], *, joint: str = "or") -> str:
    """Words as a list to choose from: `"a", "b" or "c"`."""
    *most, last = [quoted(word) for word in words]
    return f"{', '.join(most)} {joint} {last}" if most else last


def counted(count: int, noun: str) -> str:
    """A number with its noun: `1 problem`, `3 problems`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def dotted(path: Sequence[str | int]) -> str:
    """A key path as it would be written: `events.publishes[0]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + (part if _BARE_KEY.fullmatch(part) else quoted(part))
    return text
