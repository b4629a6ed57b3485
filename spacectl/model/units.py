"""Durations, sizes and give-up rules as people write them in manifests."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_DURATION_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZE_UNITS = {"B": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h|d)")
_SIZE = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)(B|KB|MB|GB|KiB|MiB|GiB)")
_GIVE_UP = re.compile(r"(\d{1,6}) in (\S+)")


def parse_duration(text: Any) -> float:
    """Turn `250ms`, `2s`, `1m`, `3h` or `7d` into seconds.

    Raises:
        ValueError: the text is not a duration.
    """
    if isinstance(text, float):  # already decoded: a default, or a value built in code
        return text
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError('a duration is written like "250ms", "2s", "1m", "3h" or "7d"')
    return float(match[1]) * _DURATION_UNITS_S[match[2]]


def format_duration(seconds: float) -> str:
    """Write seconds as the shortest duration that parses back to the same value."""
    if seconds == 0:
        return "0s"
    for unit in ("d", "h", "m", "s"):
        count = seconds / _DURATION_UNITS_S[unit]
        if count >= 1 and count == int(count):
            return f"{int(count)}{unit}"
    return f"{seconds * 1000:g}ms" if seconds < 1 else f"{seconds:g}s"


def parse_size(text: Any) -> int:
    """Turn `64KB`, `256MB`, `1GB` (decimal) or `1GiB` (binary) into bytes.

    Raises:
        ValueError: the text is not a size.
    """
    if isinstance(text, int) and not isinstance(text, bool):
        return text
    match = _SIZE.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError('a size is written like "64KB", "256MB" or "1GB"')
    return int(float(match[1]) * _SIZE_UNITS[match[2]])


def format_size(size: int) -> str:
    """Write bytes as the shortest size that parses back to the same value."""
    for unit in ("GB", "MB", "KB"):
        if size and size % _SIZE_UNITS[unit] == 0:
            return f"{size // _SIZE_UNITS[unit]}{unit}"
    return f"{size}B"


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Stop restarting after `count` crashes within a sliding window of `window_s` seconds."""

    count: int
    window_s: float


def parse_give_up(text: Any) -> GiveUp:
    """Turn `5 in 60s` into a rule.

    Raises:
        ValueError: the text is not such a rule.
    """
    if isinstance(text, GiveUp):
        return text
    match = _GIVE_UP.fullmatch(text) if isinstance(text, str) else None
    if match is None or int(match[1]) == 0:
        raise ValueError('a give-up rule is written like "5 in 60s"')
    return GiveUp(count=int(match[1]), window_s=parse_duration(match[2]))


def format_give_up(rule: GiveUp) -> str:
    """Write a give-up rule the way it is read."""
    return f"{rule.count} in {format_duration(rule.window_s)}"


Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^{_DURATION.pattern}$", "examples": ["250ms", "2s", "1m", "7d"]}),
]
"""Seconds; written as a duration such as `250ms`."""

Size = Annotated[
    int,
    BeforeValidator(parse_size),
    PlainSerializer(format_size, return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^{_SIZE.pattern}$", "examples": ["64KB", "256MB", "1GB"]}),
]
"""Bytes; written as a size such as `256MB`."""

GiveUpRule = Annotated[
    GiveUp,
    BeforeValidator(parse_give_up),
    PlainSerializer(format_give_up, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^\\d+ in \\S+$", "examples": ["5 in 60s"]}),
]
