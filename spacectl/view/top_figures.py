"""Numbers as the cockpit shows them: short, aligned, and a dash for what is not known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

NOTHING = "-"
_BARS = "▁▂▃▄▅▆▇█"
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86400
_THOUSAND = 1000
_EXACT_BELOW = 10


def rate(per_s: float | None) -> str:
    """A rate per second: `0`, `1.2`, `340`, `12k`."""
    if per_s is None:
        return NOTHING
    return f"{per_s:.1f}" if 0 < per_s < _EXACT_BELOW else count(round(per_s))


def count(number: int | None) -> str:
    """A number in at most five characters: `12`, `3400`, `12k`, `3.4M`."""
    if number is None:
        return NOTHING
    if number < 10 * _THOUSAND:
        return str(number)
    value, unit = _scaled(number, ("", "k", "M", "G", "T"))
    return f"{value:.1f}{unit}" if value < _EXACT_BELOW else f"{value:.0f}{unit}"


def size(number: int | None) -> str:
    """Bytes: `61MB`."""
    if number is None:
        return NOTHING
    value, unit = _scaled(number, ("B", "KB", "MB", "GB", "TB"))
    return f"{value:.1f}{unit}" if value < _EXACT_BELOW and unit != "B" else f"{value:.0f}{unit}"


def _scaled(number: float, units: Sequence[str]) -> tuple[float, str]:
    value = number
    for unit in units[:-1]:
        if value < _THOUSAND:
            return value, unit
        value /= _THOUSAND
    return value, units[-1]


def milliseconds(value: float | None) -> str:
    """A latency: `8ms`, `1.2s`."""
    if value is None:
        return NOTHING
    if value < _EXACT_BELOW:
        return f"{value:.1f}ms"
    return f"{value:.0f}ms" if value < _THOUSAND else age(value / _THOUSAND)


def age(seconds: float | None) -> str:
    """How long ago: `0.4s`, `12s`, `3m`, `5h`, `2d`."""
    if seconds is None:
        return NOTHING
    if seconds < _EXACT_BELOW:
        return f"{max(0.0, seconds):.1f}s"
    for unit, length in (("s", 1), ("m", _MINUTE_S), ("h", _HOUR_S)):
        if seconds < length * {"s": 60, "m": 60, "h": 48}[unit]:
            return f"{seconds / length:.0f}{unit}"
    return f"{seconds / _DAY_S:.0f}d"


def since(time: str | None, now: datetime) -> float | None:
    """Seconds since a time that is written as RFC 3339; None where it is not known."""
    return None if not time else (now - datetime.fromisoformat(time)).total_seconds()


def clock(time: str) -> str:
    """The time of day here of a time that is written as RFC 3339."""
    return f"{datetime.fromisoformat(time).astimezone():%H:%M:%S}"


def sparkline(values: Sequence[float], width: int) -> str:
    """The last values as bars, the highest of them as the highest bar; nothing moved is a row of lowest bars."""
    last = values[-width:]
    top = max(last, default=0.0)
    bars = "".join(_BARS[round(value / top * (len(_BARS) - 1))] if top > 0 else _BARS[0] for value in last)
    return bars.rjust(width)
