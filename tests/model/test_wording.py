from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacectl.model.wording import counted, dotted, escaped, one_of, quoted, shown


@given(st.text())
def test_what_is_quoted_is_short_and_harmless(text: str) -> None:
    told = quoted(text)
    assert told.isprintable()
    assert len(told) <= 80 * 10 + 3


def test_long_text_is_cut() -> None:
    assert quoted("a" * 10_000) == f'"{"a" * 80}…"'
    assert escaped("a" * 10_000, at_most=5) == "aaaaa…"


@pytest.mark.parametrize(
    ("text", "told"),
    [("a\nb\t", "a\\nb\\t"), ("\x1b[31m", "\\x1b[31m"), ("\u202e", "\\u202e"), ("\udcff", "\\udcff"), ("é", "é")],
)
def test_escapes(text: str, told: str) -> None:
    assert escaped(text) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("three", '"three"'),
        (True, "true"),
        (3, "3"),
        (10**50, "a number that large"),
        (1.0, "1.0"),
        ([], "an empty list"),
        ([1], "a list"),
        ({}, "an empty table"),
        ({"a": 1}, "a table"),
        (dt.date(2026, 11, 22), "a date or time"),
    ],
)
def test_values(value: Any, told: str) -> None:
    assert shown(value) == told


def test_lists_and_numbers() -> None:
    assert one_of(["a"]) == '"a"'
    assert one_of(["a", "b", "c"]) == '"a", "b" or "c"'
    assert counted(1, "problem") == "1 problem"
    assert counted(1234, "problem") == "1,234 problems"


def test_paths() -> None:
    assert dotted(()) == ""
    assert dotted(("events", "publishes", 0)) == "events.publishes[0]"
    assert dotted(("run", "env", "MY VAR")) == 'run.env."MY VAR"'
