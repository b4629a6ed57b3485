import os
from pathlib import Path

import pytest

from spacectl.adapters.log_lines import Follower, last_lines


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "orders.1.log"


def append(log: Path, data: bytes) -> None:
    with log.open("ab") as file:
        file.write(data)


def test_lines_are_told_once_they_are_complete(log: Path) -> None:
    follower = Follower(log)
    assert follower.read() == []
    append(log, b"one\ntw")
    assert follower.read() == [b"one"]
    assert follower.read() == []
    append(log, b"o\n\nthree")
    assert follower.read() == [b"two", b""]
    assert follower.rest() == b"three"
    assert follower.rest() == b""


def test_it_begins_where_it_is_told_to(log: Path) -> None:
    append(log, b"before\n")
    follower = Follower(log, log.stat().st_size)
    append(log, b"after\n")
    assert follower.read() == [b"after"]


def test_any_bytes_pass_through(log: Path) -> None:
    append(log, b"\xff\x00\r\n\x1b[31m\n")
    assert Follower(log).read() == [b"\xff\x00\r", b"\x1b[31m"]


def test_a_little_is_held_at_a_time_and_nothing_is_lost(log: Path) -> None:
    whole = b"".join(b"%d\n" % number for number in range(100_000)) + b"x" * 1_000_000 + b"\nend\n"
    append(log, whole)
    follower = Follower(log)
    told: list[bytes] = []
    for _ in range(len(whole) // (256 * 1024) + 1):
        lines = follower.read()
        assert sum(map(len, lines)) <= 512 * 1024
        told += lines
    assert told[:100_000] == [b"%d" % number for number in range(100_000)]
    assert told[-1] == b"end"
    assert b"".join(told[100_000:-1]) == b"x" * 1_000_000


def test_a_file_that_was_emptied_is_read_from_its_start(log: Path) -> None:
    append(log, b"a long line\nand half a")
    follower = Follower(log)
    follower.read()
    os.truncate(log, 0)
    append(log, b"new\n")
    assert follower.read() == [b"and half a", b"new"]


def test_a_file_that_took_the_place_of_another_is_read_from_its_start(log: Path) -> None:
    append(log, b"one\n")
    follower = Follower(log)
    follower.read()
    log.rename(log.with_suffix(".previous"))
    assert follower.read() == []
    append(log, b"the first line of the next run\n")  # longer than what was read of the last
    assert follower.read() == [b"the first line of the next run"]


def test_a_reader_that_is_far_behind_can_catch_up(log: Path) -> None:
    follower = Follower(log)
    assert follower.catch_up(100) == 0
    append(log, b"first line\nhalf")
    assert follower.catch_up(100) == 0
    assert follower.read() == [b"first line"]
    append(log, b"x" * 1000 + b"\nlast\n")
    assert follower.catch_up(10) == len(b"half") + 1000 - 4
    assert follower.read() == [b"xxxx", b"last"]
    assert follower.catch_up(0) == 0


@pytest.mark.parametrize(
    ("content", "count", "lines"),
    [
        (b"", 5, []),
        (b"one", 5, [b"one"]),
        (b"one\ntwo\n", 5, [b"one", b"two"]),
        (b"one\ntwo\nthree", 2, [b"two", b"three"]),
        (b"one\n\n\n", 2, [b"", b""]),
        (b"one\ntwo\n", 0, []),
    ],
)
def test_the_last_lines(log: Path, content: bytes, count: int, lines: list[bytes]) -> None:
    append(log, content)
    assert last_lines(log, count) == (lines, len(content))


def test_the_last_lines_of_what_is_not_there(log: Path) -> None:
    assert last_lines(log, 5) == ([], 0)


def test_the_last_lines_across_blocks(log: Path) -> None:
    append(log, b"".join(b"%06d\n" % number for number in range(100_000)))
    assert last_lines(log, 50_000)[0] == [b"%06d" % number for number in range(50_000, 100_000)]


def test_a_file_of_one_endless_line_is_not_read_whole(log: Path) -> None:
    with log.open("wb") as file:
        file.truncate(100 * 1024**2)
    (line,), end = last_lines(log, 10)
    assert len(line) == 16 * 1024**2
    assert end == 100 * 1024**2
