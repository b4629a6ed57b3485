from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from spacectl.core.log_cutting import Sieve, lines_of, log_lines, whole_lines, without_first
from spacectl.core.log_levels import level_of
from spacectl.model.log_line import Chunk, Level

texts = st.text(alphabet="ab\n", max_size=40).map(str.encode)
lines = st.lists(st.sampled_from([b"INFO: a", b"ERROR: b", b"  plain", b"DEBUG: c", b"", b"other"]), max_size=12)


def chunk(text: bytes, *, begins: bool = True, ends: bool = True) -> Chunk:
    return Chunk("orders.1", 7, approximate=False, text=text, begins=begins, ends=ends)


@given(texts, st.integers(0, 45), st.integers(0, 45))
def test_whole_lines(text: bytes, start: int, length: int) -> None:
    start = 0 if start == 0 else text.rfind(b"\n", 0, start) + 1
    stop = start + max(1, length)
    end = whole_lines(text, start, stop)
    assert end >= start
    assert end == start or text[end - 1 : end] == b"\n"
    begun = [start + at for at in range(min(stop, len(text)) - start) if at == 0 or text[start + at - 1] == 10]
    whole = [at for at in begun if text.find(b"\n", at) >= 0]
    assert end == (text.find(b"\n", whole[-1]) + 1 if whole else start)


@given(st.lists(lines, max_size=6), st.sampled_from([None, *Level]), st.sampled_from([None, "a", "R: b|o", "^$"]))
def test_a_sieve_keeps_the_same_lines_however_they_are_cut(
    parts: list[list[bytes]], least: Level | None, pattern: str | None
) -> None:
    grep = None if pattern is None else re.compile(pattern.encode())
    sieve = Sieve(grep, least, levels=True)
    cut = [chunk(b"".join(line + b"\n" for line in part)) for part in parts if part]
    kept = [each for part in cut if (each := sieve.keep(part)) is not None]
    found = [(each.line, each.level) for each in log_lines(kept)]

    expected, level = [], None
    for line in (line for part in parts for line in part):
        level = level_of(line) or level
        if (least is None or (level or Level.INFO) >= least) and (grep is None or grep.search(line)):
            expected.append((line, level))
    assert found == expected


def test_a_stack_trace_has_the_level_of_the_line_before_it() -> None:
    text = b"INFO: a\nERROR: failed\n  File x\n    y = 1\nINFO: b\n"
    kept = Sieve(None, Level.WARNING).keep(chunk(text))
    assert kept is not None
    assert kept.text == b"ERROR: failed\n  File x\n    y = 1\n"


def test_a_line_in_pieces_keeps_the_level_of_its_beginning() -> None:
    sieve = Sieve(None, Level.ERROR)
    begin, middle = chunk(b"ERROR: long", ends=False), chunk(b" INFO: is only text", begins=False, ends=False)
    assert sieve.keep(begin) is begin
    assert sieve.keep(middle) is middle
    last = sieve.keep(chunk(b" end\nINFO: next\n", begins=False))
    assert last is not None
    assert (last.text, last.begins, last.ends) == (b" end\n", False, True)


def test_where_pieces_begin_and_end_after_lines_were_left_out() -> None:
    sieve = Sieve(re.compile(b"x"), None)
    first = sieve.keep(chunk(b"x\nbegun", ends=False))
    assert first is not None
    assert (first.text, first.ends) == (b"x\n", True)
    then = sieve.keep(chunk(b"ended\nx", begins=False, ends=False))
    assert then is not None
    assert (then.text, then.begins, then.ends) == (b"x", True, False)
    assert [(each.line, each.truncated) for each in log_lines([then])] == [(b"x", True)]


def test_a_sieve_that_keeps_all_leaves_chunks_alone() -> None:
    whole = chunk(b"a\nb")
    assert Sieve(None, None).keep(whole) is whole
    assert lines_of(whole) == [b"a", b"b"]


def test_without_the_first_lines() -> None:
    whole = chunk(b"a\nb\nc", ends=False)
    left = without_first(whole, 2)
    assert left is not None
    assert (left.text, left.begins, left.ends) == (b"c", True, False)
    assert without_first(whole, 3) is None
    assert without_first(whole, 0) is whole
