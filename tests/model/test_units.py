from __future__ import annotations

import re
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from spacectl.model.units import (
    WRITTEN,
    Between,
    Duration,
    GiveUp,
    GiveUpRule,
    Size,
    format_duration,
    format_give_up,
    format_size,
    parse_duration,
    parse_give_up,
    parse_size,
)

NUMBERS = st.from_regex(r"[0-9]{1,9}(\.[0-9]{1,6})?", fullmatch=True)
DURATIONS = st.builds(lambda number, unit: number + unit, NUMBERS, st.sampled_from(["ms", "s", "m", "h", "d"]))
SIZES = st.builds(
    lambda number, unit: number + unit,
    NUMBERS,
    st.sampled_from(["KB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB"]),
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("250ms", 0.25), ("2s", 2.0), ("1.5s", 1.5), ("1m", 60.0), ("3h", 10800.0), ("7d", 604800.0), ("0s", 0.0)],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds
    assert parse_duration(format_duration(seconds)) == seconds


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.0001, "0.1ms"),
        (0.25, "250ms"),
        (0.5, "500ms"),
        (1.5, "1.5s"),
        (60, "1m"),
        (90, "90s"),
        (5400, "90m"),
        (86400, "1d"),
        (1234567.5, "1234567.5s"),
        (1 / 3, "333.333333ms"),
    ],
)
def test_durations_are_written_short(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@pytest.mark.parametrize(
    "text",
    ["", "5", "s", "5 s", "5sec", "-1s", "+1s", "1e3s", ".5s", "5.s", "\uff15s", "1s\n", "1S", "1m30s", True, None],
)
def test_what_is_no_duration(text: Any) -> None:
    with pytest.raises(ValueError, match="a duration is written like"):
        parse_duration(text)


@given(DURATIONS)
def test_a_duration_survives_being_written(text: str) -> None:
    seconds = parse_duration(text)
    assert parse_duration(format_duration(seconds)) == seconds


@pytest.mark.parametrize(
    ("text", "size"),
    [("0B", 0), ("64KB", 64_000), ("256MB", 256_000_000), ("1GB", 10**9), ("1GiB", 2**30), ("0.5KB", 500)],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size
    assert parse_size(format_size(size)) == size


@pytest.mark.parametrize(("size", "text"), [(0, "0B"), (1000, "1KB"), (1024, "1KiB"), (1001, "1001B"), (10**12, "1TB")])
def test_sizes_are_written_short(size: int, text: str) -> None:
    assert format_size(size) == text


@pytest.mark.parametrize("text", ["", "5", "KB", "1 KB", "1kb", "1.5B", "-1B", "1PB", "1KB\n", True, 1.5])
def test_what_is_no_size(text: Any) -> None:
    with pytest.raises(ValueError, match="a size is written like"):
        parse_size(text)


@given(SIZES.filter(lambda text: parse_size(text) < 10**15))
def test_a_size_survives_being_written(text: str) -> None:
    size = parse_size(text)
    assert parse_size(format_size(size)) == size


def test_give_up_rules() -> None:
    assert parse_give_up("5 in 60s") == GiveUp(count=5, window_s=60.0)
    assert format_give_up(GiveUp(count=5, window_s=60.0)) == "5 in 1m"


@pytest.mark.parametrize("text", ["", "5", "0 in 60s", "5 in 0s", "5 in", "5 in 60", "05 in 60s", "-5 in 60s", 5])
def test_what_is_no_give_up_rule(text: Any) -> None:
    with pytest.raises(ValueError, match="is written like"):
        parse_give_up(text)


ADAPTERS: dict[str, TypeAdapter[Any]] = {
    "duration": TypeAdapter(Annotated[Duration, Between(0.001, 1e15)]),
    "size": TypeAdapter(Annotated[Size, Between(1, 10**30)]),
    "give up": TypeAdapter(GiveUpRule),
}
NEARLY = st.one_of(
    DURATIONS,
    SIZES,
    st.builds(lambda count, text: f"{count} in {text}", st.integers(-1, 10**7), DURATIONS),
    st.from_regex(r"[0-9 .]{1,6}(ms|s|B|KB|kb|GiB)?\s?", fullmatch=True),
    st.text(max_size=6),
)


@pytest.mark.parametrize("kind", ADAPTERS)
@given(text=NEARLY)
def test_the_pattern_for_editors_allows_what_is_read(kind: str, text: str) -> None:
    adapter = ADAPTERS[kind]
    pattern = adapter.json_schema()["pattern"]
    try:
        adapter.validate_python(text, context=WRITTEN)
        read = True
    except ValidationError:
        read = False
    if kind == "size" and read != bool(re.fullmatch(pattern, text)):
        assert parse_size(text) == 0  # less than a byte: a pattern cannot tell
        return
    if kind == "duration" and not read and re.fullmatch(pattern, text):
        assert parse_duration(text) < 0.001
        return
    assert read == bool(re.fullmatch(pattern, text))


@pytest.mark.parametrize(
    ("kind", "value"), [("duration", 2), ("duration", 2.0), ("size", 5), ("give up", GiveUp(1, 1.0))]
)
def test_a_manifest_writes_units_and_code_need_not(kind: str, value: Any) -> None:
    assert ADAPTERS[kind].validate_python(value) == value
    with pytest.raises(ValidationError):
        ADAPTERS[kind].validate_python(value, context=WRITTEN)
