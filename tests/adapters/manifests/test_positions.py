from __future__ import annotations

import tomllib
from typing import Any

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from spacectl.adapters.manifests.positions import KeyLines, longest_key

TEXT = """\
# a remark
top = 1
[a.b]
"x y".z = [
  1, # one
  "two",
  {q = 1, r.s = 2},
]
[[p]]
k = '''
several
lines'''
[[p]]
k = "é"
[p.sub]
z = 1
[a]
d = 1979-05-27T07:32:00Z
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 2),
        (("a",), 17),
        (("a", "b"), 3),
        (("a", "b", "x y"), 4),
        (("a", "b", "x y", "z"), 4),
        (("a", "b", "x y", "z", 0), 5),
        (("a", "b", "x y", "z", 1), 6),
        (("a", "b", "x y", "z", 2, "r", "s"), 7),
        (("p",), 9),
        (("p", 0), 9),
        (("p", 0, "k"), 10),
        (("p", 1), 13),
        (("p", 1, "k"), 14),
        (("p", 1, "sub", "z"), 16),
        (("a", "d"), 18),
    ],
)
def test_lines(path: tuple[str | int, ...], line: int) -> None:
    assert KeyLines(TEXT)[path] == line


def test_what_is_not_there_has_no_line() -> None:
    assert ("nothing",) not in KeyLines(TEXT)
    assert len(KeyLines("")) == 0


def test_texts_that_are_equal_have_equal_lines() -> None:
    assert KeyLines(TEXT) == KeyLines(TEXT)
    assert KeyLines(TEXT) != KeyLines("a = 1")
    assert hash(KeyLines(TEXT)) == hash(KeyLines(TEXT))


def test_broken_text_gives_what_can_be_made_out() -> None:
    assert KeyLines("[a]\nb = 1\n[c\nd = = 2\n")["a", "b"] == 2


def test_dots_of_keys_are_counted_and_those_of_values_are_not() -> None:
    assert longest_key('a.b.c = "x.y.z.x.y.z"\n[d.e]\nf = { g.h.i.j = 1 }\n') == 3
    assert longest_key("a" + ".a" * 5000 + " = 1") == 5000


KEYS = st.text(min_size=1, max_size=5) | st.sampled_from(["a", "b", "a.b", 'q"q'])
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.integers(-9, 9) | st.text(max_size=5) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


def paths_of(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, child in inner for found in paths_of(child, (*path, key)))]


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_every_key_that_tomllib_reads_has_a_line_in_the_text(table: dict[str, Any]) -> None:
    text = tomlkit.dumps(table)
    read = tomllib.loads(text)
    lines = KeyLines(text)
    for path in paths_of(read):
        if 0 < len(path) <= 8:
            assert 1 <= lines[path] <= text.count("\n") + 1
