from array import array
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacectl.core.log_times import first_after, offset_after, offset_since, parse_when, thinned
from spacectl.model.log_line import TimeRecord

EAST = timezone(timedelta(hours=2))
NOW = datetime(2026, 11, 22, 10, 0, 0, tzinfo=EAST)


def ns(*parts: int, zone: timezone = EAST) -> int:
    return round(datetime(*parts, tzinfo=zone).timestamp()) * 10**9  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("5m", ns(2026, 11, 22, 9, 55)),
        ("1.5h", ns(2026, 11, 22, 8, 30)),
        ("0s", ns(2026, 11, 22, 10)),
        (" 7d ", ns(2026, 11, 15, 10)),
        ("09:30", ns(2026, 11, 22, 9, 30)),
        ("9:30:15", ns(2026, 11, 22, 9, 30, 15)),
        ("9:30:15.25", ns(2026, 11, 22, 9, 30, 15) + 250_000_000),
        ("10:00", ns(2026, 11, 22, 10)),
        ("10:30", ns(2026, 11, 21, 10, 30)),  # not yet today: it was yesterday
        ("2026-11-22", ns(2026, 11, 22)),
        ("2026-11-22 09:59:58", ns(2026, 11, 22, 9, 59, 58)),
        ("2026-11-22T10:00:00Z", ns(2026, 11, 22, 10, zone=UTC)),
        ("2026-11-22T10:00:00.123+02:00", ns(2026, 11, 22, 10) + 123_000_000),
        ("1795334400", 1795334400 * 10**9),
        ("1795334400.5", 1795334400 * 10**9 + 500_000_000),
    ],
)
def test_times_that_people_write(text: str, when: int) -> None:
    assert parse_when(text, NOW) == when


@pytest.mark.parametrize("text", ["", "yesterday", "5", "25:00", "10:60", "2026-13-01", "-5m", "5 minutes", "9" * 400])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="a time is written like"):
        parse_when(text, NOW)


def records(steps: list[tuple[int, int]]) -> list[TimeRecord]:
    made, time_ns, size = [], 0, 0
    for later, more in steps:
        time_ns, size = time_ns + later, size + more
        made.append(TimeRecord(time_ns, size))
    return made


indexes = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4)), max_size=30).map(records)


def time_at(index: list[TimeRecord], offset: int) -> int | None:
    """The same by looking at every record."""
    return next((record.time_ns for record in index if record.size > offset), None)


@given(indexes, st.integers(0, 130))
def test_the_record_of_an_offset(index: list[TimeRecord], offset: int) -> None:
    position = first_after(index, offset)
    assert time_at(index, offset) == (index[position].time_ns if position < len(index) else None)


@given(indexes, st.integers(-1, 95))
def test_the_offsets_of_a_time(index: list[TimeRecord], time_ns: int) -> None:
    end = index[-1].size if index else 0
    since, after = offset_since(index, time_ns), offset_after(index, time_ns)
    for offset in range(end):
        at = time_at(index, offset)
        assert at is not None
        assert (offset >= since) == (at >= time_ns)
        assert (offset >= after) == (at > time_ns)


@given(indexes)
def test_a_thinned_index_is_coarser_only_in_its_older_half(index: list[TimeRecord]) -> None:
    numbers = array("Q", [number for record in index for number in record[:2]])
    kept = thinned(numbers)
    left = [TimeRecord(*kept[i : i + 2]) for i in range(0, len(kept), 2)]
    newer = len(index) // 2
    assert left[len(left) - newer :] == index[len(index) - newer :]
    assert set(left) <= set(index)
    assert len(left) <= len(index) - len(index) // 4
    assert left[-1:] == index[-1:]
    for offset in range(index[-1].size if index else 0):
        before, after = time_at(index, offset), time_at(left, offset)
        assert before is not None
        assert after is not None
        assert after >= before
