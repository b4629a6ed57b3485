"""Looks times up: those that people write, and those in the index of a log."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from datetime import datetime, timedelta
from typing import Protocol

from spacectl.model.log_line import TimeRecord
from spacectl.model.units import parse_duration

_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(\.[0-9]{1,6})?)?")
_SECONDS = re.compile(r"[0-9]{9,11}(?:\.[0-9]{1,9})?")
_SECOND = timedelta(seconds=1)
_FORMS = 'a time is written like "5m" (ago), "10:30", "2026-11-22T10:00:00" or "2026-11-22T10:00:00Z"'


def parse_when(text: str, now: datetime) -> int:
    """The time that somebody means, in nanoseconds since 1970.

    Args:
        text: a duration before now, a time of day (the last such one), a date, a date with a time, or seconds since
            1970. Without a zone it is in the zone of `now`.
        now: with its zone.

    Raises:
        ValueError: it is none of these.
    """
    text = text.strip()
    if clock := _CLOCK.fullmatch(text):
        return _ns(_last_time_of_day(clock, now))
    if _SECONDS.fullmatch(text):
        whole, _, part = text.partition(".")
        return int(whole) * 10**9 + int(part.ljust(9, "0"))
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return _ago(text, now)
    return _ns(at if at.tzinfo is not None else at.replace(tzinfo=now.tzinfo))


def _ago(text: str, now: datetime) -> int:
    try:
        return _ns(now) - round(parse_duration(text) * 10**9)
    except ValueError as error:
        raise ValueError(_FORMS) from error


def _last_time_of_day(clock: re.Match[str], now: datetime) -> datetime:
    micros = int(float(clock[4] or 0) * 10**6)
    at = now.replace(hour=int(clock[1]), minute=int(clock[2]), second=int(clock[3] or 0), microsecond=micros)
    return at if at <= now else at - timedelta(days=1)


def _ns(at: datetime) -> int:
    epoch = datetime.fromtimestamp(0, at.tzinfo)
    return (at - epoch) // timedelta(microseconds=1) * 1000


class Records(Protocol):
    """A time index: times never fall and sizes always grow."""

    def __len__(self) -> int: ...
    def __getitem__(self, position: int, /) -> TimeRecord: ...


def first_after(index: Records, offset: int) -> int:
    """The position of the record that gives the line beginning at this offset its time; the length where none does."""
    return bisect_right(index, offset, key=lambda record: record.size)


def offset_since(index: Records, time_ns: int) -> int:
    """Where lines of this time or later begin; the offset may lie within a line, which then is older."""
    position = bisect_left(index, time_ns, key=lambda record: record.time_ns)
    return index[position - 1].size if position else 0


def offset_after(index: Records, time_ns: int) -> int:
    """Where lines later than this begin."""
    position = bisect_right(index, time_ns, key=lambda record: record.time_ns)
    return index[position - 1].size if position else 0


def thinned(numbers: array[int]) -> array[int]:
    """An index with every other record of its older half left out: coarser there, as fine as it was in the newer.

    Args:
        numbers: two for each record, the second of which is a size.

    Every line keeps a time at or after the one it had: a record that goes leaves its lines to the next.
    """
    records = len(numbers) // 2
    older = records // 4 * 2  # an even number of records, so that the last of them stays
    kept = array(numbers.typecode, bytes(numbers.itemsize * older))
    kept[0::2] = numbers[2 : 2 * older : 4]
    kept[1::2] = numbers[3 : 2 * older : 4]
    return kept + numbers[2 * older :]
