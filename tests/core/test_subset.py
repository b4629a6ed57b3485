from __future__ import annotations

from typing import Any

import pytest

from spacectl.core.subset import differences


@pytest.mark.parametrize(
    ("expected", "seen"),
    [
        ({}, {"a": 1}),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}, "d": 3}),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1, "c": 2}]}),
        (1, 1.0),
        (None, None),
        ("x", "x"),
    ],
)
def test_more_keys_do_not_matter(expected: Any, seen: Any) -> None:
    assert differences(expected, seen) == []


@pytest.mark.parametrize(
    ("expected", "seen", "told"),
    [
        ({"a": 1}, {}, ["/a: is missing"]),
        ({"a": 1, "b": 2}, {"a": 2, "b": 3}, ["/a: expected 1, not 2", "/b: expected 2, not 3"]),
        ({"a/b": {"c~d": 1}}, {"a/b": {"c~d": 2}}, ["/a~1b/c~0d: expected 1, not 2"]),
        ({"a": [1]}, {"a": [1, 2]}, ["/a: expected [1], not [1, 2]"]),
        ([{"a": 1}], [{"a": 2}], ["/0/a: expected 1, not 2"]),
        ({"a": 1}, None, ["/: expected an object, not null"]),
        (1, True, ["/: expected 1, not true"]),
        ([1], "1", ['/: expected [1], not "1"']),
    ],
)
def test_each_difference_is_told_where_it_is(expected: Any, seen: Any, told: list[str]) -> None:
    assert differences(expected, seen) == told
