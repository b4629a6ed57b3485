from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from spacectl.adapters.log_store import LogReader, keep_previous
from spacectl.adapters.log_store.files import index_of
from spacectl.adapters.log_store.index_file import IndexWriter
from spacectl.adapters.log_store.trimming import copy_tail, method, punch
from spacectl.model.log_line import Selection

DEADLINE_S = 20.0


@pytest.fixture
def reader(folder: Path) -> Iterator[LogReader]:
    with LogReader(folder, Selection()) as made:
        yield made


@pytest.fixture
def pipe() -> Iterator[list[int]]:
    """The descriptors of a pipe, reader first; those still in the list are closed at the end."""
    ends = [*os.pipe()]
    yield ends
    for each in ends:
        os.close(each)


def append(log: Path, text: bytes) -> None:
    with log.open("ab") as file:
        file.write(text)


def new(reader: LogReader) -> bytes:
    return b"".join(each.text for each in reader.new())


def test_each_line_is_given_once(folder: Path, reader: LogReader) -> None:
    log = folder / "cart.1.log"
    append(log, b"one\n")
    assert new(reader) == b"one\n"
    assert new(reader) == b""
    append(log, b"two\nthree\n")
    assert new(reader) == b"two\nthree\n"


@pytest.mark.parametrize("begun", [b"one\n", b""])
def test_what_was_gone_before_it_was_read_is_counted(folder: Path, reader: LogReader, begun: bytes) -> None:
    if method(folder) != "punch":
        pytest.skip("this file system has no holes")
    log = folder / "cart.1.log"
    if begun:
        append(log, begun)
    assert new(reader) == begun
    append(log, b"%099d\n" % 7 * 10_000)
    with log.open("r+b") as file:
        gone = punch(file.fileno(), 0, 500_000)
    rest = new(reader)
    assert rest == b"%099d\n" % 7 * (len(rest) // 100)
    assert reader.missed() == {"cart.1": gone - len(begun)}
    assert reader.missed() == {}
    assert gone + len(rest) <= log.stat().st_size < gone + len(rest) + 100


def test_a_line_is_held_back_until_it_is_whole(folder: Path, reader: LogReader) -> None:
    log = folder / "cart.1.log"
    append(log, b"one\ntw")
    assert new(reader) == b"one\n"
    append(log, b"o\n")
    assert new(reader) == b"two\n"


def test_the_beginning_of_a_line_is_given_when_the_rest_stays_away(folder: Path, reader: LogReader) -> None:
    log = folder / "cart.1.log"
    append(log, b"name? ")
    end = time.monotonic() + DEADLINE_S
    while not (found := [*reader.new()]):
        assert time.monotonic() < end
        reader.wait(1)
    assert [(each.text, each.begins, each.ends) for each in found] == [(b"name? ", True, False)]
    append(log, b"Ada\nhello\n")
    assert [(each.text, each.begins, each.ends) for each in reader.new()] == [
        (b"Ada\n", False, True),
        (b"hello\n", True, True),
    ]


def test_at_the_end_all_is_given(folder: Path, reader: LogReader) -> None:
    append(folder / "cart.1.log", b"last words")
    assert new(reader) == b""
    assert [(each.text, each.ends) for each in reader.new(final=True)] == [(b"last words", True)]


def test_what_is_selected_at_first_does_not_hold_for_what_comes(folder: Path) -> None:
    append(folder / "cart.1.log", b"one\ntwo\n")
    with LogReader(folder, Selection(tail=1)) as reader:
        assert new(reader) == b"two\n"
        append(folder / "cart.1.log", b"three\nfour\n")
        append(folder / "orders.1.log", b"a\nb\n")
        assert sorted(new(reader).split()) == [b"a", b"b", b"four", b"three"]


def test_a_log_that_is_put_aside_is_read_to_its_end(folder: Path, reader: LogReader) -> None:
    log = folder / "cart.1.log"
    append(log, b"one\n")
    assert new(reader) == b"one\n"
    append(log, b"two\nunfinished")
    keep_previous(folder)
    append(folder / "cart.1.previous.log", b" end")
    assert new(reader) == b"two\n"
    append(log, b"fresh\n")
    assert new(reader) == b"unfinished endfresh\n"
    append(log, b"more\n")
    assert new(reader) == b"more\n"


def test_a_log_that_is_emptied_is_read_from_its_start(folder: Path, reader: LogReader) -> None:
    log = folder / "cart.1.log"
    append(log, b"one\ntwo\n")
    new(reader)
    os.truncate(log, 0)
    append(log, b"x\n")
    assert new(reader) == b"x\n"


def test_bytes_that_are_moved_are_given_once(folder: Path, reader: LogReader) -> None:
    log = folder / "cart.1.log"
    for number in range(1000):
        append(log, b"%07d\n" % number)
    index = IndexWriter(index_of(log), log.stat().st_ino, 0)
    index.append(1, log.stat().st_size)
    assert len(new(reader)) == 8000
    append(log, b"new\n")
    descriptor = os.open(log, os.O_RDWR)
    index.moving()
    cut = copy_tail(descriptor, 1000)
    index.moved(cut)
    os.close(descriptor)
    assert cut > 6000
    assert new(reader) == b"new\n"
    append(log, b"newer\n")
    assert new(reader) == b"newer\n"
    index.close()


def test_bytes_that_are_being_moved_are_waited_for(folder: Path, reader: LogReader) -> None:
    log = folder / "cart.1.log"
    append(log, b"one\n")
    index = IndexWriter(index_of(log), log.stat().st_ino, 4)
    assert new(reader) == b"one\n"
    append(log, b"two\n")
    index.moving()
    found: list[bytes] = []
    reading = threading.Thread(target=lambda: found.append(new(reader)))
    reading.start()
    assert found == []
    index.moved(0)
    reading.join(DEADLINE_S)
    assert found == [b"two\n"]
    index.close()


def wait_for_text(reader: LogReader, out: int) -> bytes:
    end = time.monotonic() + DEADLINE_S
    while not (text := new(reader)):
        assert time.monotonic() < end
        assert reader.wait(out)
    return text


def test_a_change_ends_the_wait(folder: Path, reader: LogReader, pipe: list[int]) -> None:
    log = folder / "cart.1.log"
    append(log, b"one\n")
    assert new(reader) == b"one\n"
    for text in (b"two\n", b"three\n"):
        writing = threading.Thread(target=append, args=(log, text))
        writing.start()
        assert wait_for_text(reader, pipe[1]) == text
        writing.join(DEADLINE_S)


def test_a_folder_that_comes_later(tmp_path: Path, pipe: list[int]) -> None:
    folder = tmp_path / "later"
    with LogReader(folder, Selection()) as reader:
        assert new(reader) == b""
        assert reader.wait(pipe[1])
        folder.mkdir()
        append(folder / "cart.1.log", b"one\n")
        assert wait_for_text(reader, pipe[1]) == b"one\n"


def test_the_wait_ends_when_nobody_reads_any_more(reader: LogReader, pipe: list[int]) -> None:
    new(reader)
    assert reader.wait(pipe[1])
    leaving = threading.Thread(target=lambda: os.close(pipe.pop(0)))
    leaving.start()
    assert not reader.wait(pipe[-1])
    leaving.join(DEADLINE_S)


def test_nothing_stays_open(folder: Path, open_descriptors: Callable[[], int], pipe: list[int]) -> None:
    before = open_descriptors()
    append(folder / "cart.1.log", b"one\n")
    with LogReader(folder, Selection()) as reader:
        new(reader)
        reader.wait(pipe[1])
        keep_previous(folder)
        append(folder / "cart.1.log", b"two\n")
        new(reader)
    assert open_descriptors() == before
