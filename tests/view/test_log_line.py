from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacectl.model.log_line import Chunk, Level
from spacectl.view.log_line import PipedLines, TerminalLines, colour_of, local_time, reports, utc_time

AT = 1795341600_123_000_000


@pytest.fixture
def far_east() -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "XXX-9"
    time.tzset()
    yield
    os.environ.pop("TZ")
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


def chunk(text: bytes, source: str = "orders.1", *, begins: bool = True, ends: bool = True) -> Chunk:
    return Chunk(source, AT, approximate=False, text=text, begins=begins, ends=ends)


def piped(*chunks: Chunk, width: int = 8, timed: bool = False) -> bytes:
    lines = PipedLines(width, timed=timed)
    return b"".join([*map(lines.text, chunks), lines.end()])


@pytest.mark.usefixtures("far_east")
def test_times() -> None:
    assert utc_time(AT) == "2026-11-22T10:00:00.123Z"
    assert local_time(AT) == "2026-11-22T19:00:00.123"


@given(st.binary(min_size=1, max_size=60), st.lists(st.integers(1, 59), max_size=5))
def test_without_prefix_the_bytes_come_out_as_they_went_in(text: bytes, cuts: list[int]) -> None:
    edges = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    parts = [text[a:b] for a, b in itertools.pairwise(edges)]
    chunks = [
        chunk(part, begins=position == 0 or parts[position - 1].endswith(b"\n"), ends=part.endswith(b"\n"))
        for position, part in enumerate(parts)
    ]
    assert piped(*chunks, width=0) == text
    if not text.endswith(b"\n"):
        text += b"\n"
    whole = text.removesuffix(b"\n").split(b"\n")
    assert piped(*chunks) == b"".join(b"orders.1 | " + line + b"\n" for line in whole)


def test_a_line_in_pieces_is_broken_only_where_another_log_comes_in_between() -> None:
    pieces = chunk(b"one ", ends=False), chunk(b"two\n", begins=False)
    assert piped(*pieces) == b"orders.1 | one two\n"
    between = chunk(b"x\r\n", source="bus")
    assert piped(pieces[0], between, pieces[1]) == b"orders.1 | one \nbus      | x\r\norders.1 | two\n"
    assert piped(chunk(b"last"), between, width=0) == b"last\nx\r\n"


def test_piped_times() -> None:
    assert piped(chunk(b"a\nb\n"), width=0, timed=True) == b"2026-11-22T10:00:00.123Z a\n2026-11-22T10:00:00.123Z b\n"


def test_a_terminal_is_given_nothing_that_acts_on_it() -> None:
    lines = TerminalLines(8, timed=False, paint=lambda text, style: f"<{style}>{text}</>")
    shown = lines.text(chunk(b"\x1b[2Jwiped\x00\xff\r\nnext", ends=False))
    colour = colour_of("orders.1")
    assert shown == f"<{colour}>orders.1 |</> \\x1b[2Jwiped\\x00\ufffd\n<{colour}>orders.1 |</> next…\n"
    bare = TerminalLines(0, timed=True, paint=lambda text, _: text)
    assert bare.text(chunk(b"a\n")) == f"{local_time(AT)} a\n"


def test_all_logs_of_a_space_have_one_colour() -> None:
    assert colour_of("orders.1") == colour_of("orders.22") == colour_of("orders.build")
    assert len({colour_of(name) for name in ("bus", "cart", "orders", "payments", "catalog", "shopper")}) > 2


def test_records() -> None:
    levelled = Chunk("orders.1", AT, approximate=True, text=b"a\r\n\xff", ends=False, levels=(Level.INFO, None))
    first, second = reports(levelled)
    assert first.model_dump() == {
        "time": "2026-11-22T10:00:00.123Z",
        "source": "orders.1",
        "space": "orders",
        "replica": "orders.1",
        "level": "info",
        "line": "a",
        "truncated": False,
        "approximate": True,
    }
    assert (second.line, second.level, second.truncated) == ("\ufffd", None, True)
    assert type(first).model_validate(first.model_dump()) == first


def test_the_supervisor_s_notes_are_told_as_text() -> None:
    notes = b'{"subject":"cart.1","kind":"ready","text":"after 2s"}\nTraceback: x\n'
    assert piped(chunk(notes, source="spacectl"), width=0) == b"cart.1 ready: after 2s\nTraceback: x\n"
    assert [each.line for each in reports(chunk(notes, source="spacectl"))] == [
        "cart.1 ready: after 2s",
        "Traceback: x",
    ]
