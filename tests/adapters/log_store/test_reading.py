from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spacectl.adapters.log_store import chunks, method, read
from spacectl.adapters.log_store.files import index_of
from spacectl.adapters.log_store.index_file import IndexWriter
from spacectl.adapters.log_store.trimming import punch
from spacectl.errors import MachineError
from spacectl.model.log_line import Level, LogLine, Selection

Write = Callable[..., Path]
S = 10**9
BLOCK = 64 * 1024


def lines(folder: Path, **selection: object) -> list[bytes]:
    return [each.line for each in read(folder, Selection(**selection))]  # type: ignore[arg-type]


def text(folder: Path, **selection: object) -> bytes:
    return b"".join(each.text for each in chunks(folder, Selection(**selection)))  # type: ignore[arg-type]


def test_logs_are_merged_in_the_order_of_time(folder: Path, write: Write) -> None:
    write("cart.1", (1 * S, b"c1\nc2\n"), (4 * S, b"c3\n"), (9 * S, b"c4\n"))
    write("orders.1", (2 * S, b"o1\n"), (4 * S, b"o2\no3\n"), (5 * S, b"o4\n"))
    assert lines(folder) == [b"c1", b"c2", b"o1", b"c3", b"o2", b"o3", b"o4", b"c4"]
    assert lines(folder, names=frozenset({"orders"})) == [b"o1", b"o2", b"o3", b"o4"]


def test_from_some_time_to_another(folder: Path, write: Write) -> None:
    write("cart.1", (1 * S, b"c1\nc2\n"), (4 * S, b"c3\n"), (9 * S, b"c4\n"))
    write("orders.1", (2 * S, b"o1\n"), (4 * S, b"o2\n"))
    assert lines(folder, since_ns=2 * S) == [b"o1", b"c3", b"o2", b"c4"]
    assert lines(folder, until_ns=4 * S - 1) == [b"c1", b"c2", b"o1"]
    assert lines(folder, since_ns=4 * S, until_ns=4 * S) == [b"c3", b"o2"]
    assert lines(folder, since_ns=10 * S) == []
    assert lines(folder, until_ns=0) == []


def test_a_line_has_the_time_of_its_beginning(folder: Path, write: Write) -> None:
    write("cart.1", (1 * S, b"one\nbeg"), (5 * S, b"un\ntwo\n"))
    assert [(each.line, each.time_ns // S) for each in read(folder, Selection())] == [
        (b"one", 1),
        (b"begun", 1),
        (b"two", 5),
    ]
    assert lines(folder, since_ns=2 * S) == [b"two"]
    assert lines(folder, until_ns=2 * S) == [b"one", b"begun"]


def test_the_last_lines_of_each_log(folder: Path, write: Write) -> None:
    write("cart.1", (1 * S, b"c1\nc2\nc3\n"))
    write("orders.1", (2 * S, b"o1\no2\nhalf"))
    assert lines(folder, tail=2) == [b"c2", b"c3", b"o2", b"half"]
    assert lines(folder, tail=0) == []
    assert len(lines(folder, tail=100)) == 6
    assert lines(folder, tail=1, grep=re.compile(b"[12]")) == [b"c2", b"o2"]
    assert lines(folder, tail=1, until_ns=1 * S) == [b"c3"]
    assert lines(folder, tail=2, since_ns=2 * S) == [b"o2", b"half"]


def test_levels(folder: Path, write: Write) -> None:
    write("cart.1", (1 * S, b"before\nDEBUG: a\n"), (2 * S, b"ERROR: b\n  at line 3\n"), (3 * S, b"INFO: c\n"))
    write("bus", (1 * S, b"[INF] up\n[ERR] refused\n"))
    assert lines(folder, level=Level.WARNING) == [b"[ERR] refused", b"ERROR: b", b"  at line 3"]
    assert lines(folder, quiet=frozenset({"bus"}), level=Level.INFO)[0] == b"[ERR] refused"
    assert lines(folder, level=Level.ERROR, tail=1) == [b"[ERR] refused", b"  at line 3"]
    found = [(each.line, each.level) for each in read(folder, Selection(names=frozenset({"cart"}), levels=True))]
    assert found == [
        (b"before", None),
        (b"DEBUG: a", Level.DEBUG),
        (b"ERROR: b", Level.ERROR),
        (b"  at line 3", Level.ERROR),
        (b"INFO: c", Level.INFO),
    ]


def test_the_supervisor_s_notes(folder: Path, write: Write) -> None:
    write("supervisor", (1 * S, b'{"subject":"cart.1","kind":"failed","text":"gave up"}\n'))
    assert lines(folder) == []
    [note] = read(folder, Selection(names=frozenset({"spacectl"}), level=Level.ERROR, levels=True))
    assert (note.source, note.level) == ("spacectl", Level.ERROR)


def test_the_run_before(folder: Path, write: Write) -> None:
    write("cart.1.previous", (1 * S, b"old\n"))
    write("cart.1", (2 * S, b"new\n"))
    assert [(each.source, each.line) for each in read(folder, Selection(previous=True))] == [("cart.1", b"old")]
    assert lines(folder) == [b"new"]


def test_what_no_index_tells_of_has_the_time_of_the_last_write(folder: Path, write: Write) -> None:
    write("cart.1", (1 * S, b"a\n"), more=b"b\n", more_at=60 * S)
    write("orders.1", more=b"c\n", more_at=30 * S)
    found = [(each.line, each.time_ns // S, each.approximate) for each in read(folder, Selection())]
    assert found == [(b"a", 1, False), (b"c", 30, True), (b"b", 60, True)]
    assert lines(folder, since_ns=31 * S) == [b"b"]
    assert lines(folder, until_ns=31 * S) == [b"a", b"c"]


def test_what_was_written_just_now_is_not_approximate(folder: Path, write: Write) -> None:
    write("cart.1", (1 * S, b"a\n"), more=b"b\n", more_at=1 * S + 40_000_000)
    assert [each.approximate for each in read(folder, Selection())] == [False, False]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"no newline",
        b"\n\n\nx",
        b"windows\r\nlines\r\n",
        b"\x00\x00\n\x00",
        b"\xff\xfe\xc3(\n\x80",
        b"\x1b[31mred\x1b[0m\n",
        b"x" * BLOCK + b"\n",
        b"x" * (BLOCK - 1) + b"\n" + b"y" * 3 * BLOCK,
        b"a\n" + b"z" * (2 * BLOCK) + b"\nb\n",
    ],
)  # fmt: skip
def test_any_bytes_pass_through(folder: Path, write: Write, content: bytes) -> None:
    write("cart.1", (1 * S, content[:5]), (2 * S, content[5:]))
    assert text(folder) == content
    assert text(folder, grep=re.compile(b"")) == content
    whole = b"".join(each.line + (b"" if each.truncated else b"\n") for each in read(folder, Selection()))
    assert whole == content + (b"" if content.endswith(b"\n") or not content else b"\n")


def test_a_long_line_comes_in_pieces_that_no_other_log_comes_between(folder: Path, write: Write) -> None:
    long = b"x" * (3 * BLOCK + 10)
    for name in ("a", "b", "c"):
        write(name, (1 * S, b"1\n" + long + b"\n2\n"), (3 * S, b"3\n"))
    found = [*chunks(folder, Selection())]
    for before, after in itertools.pairwise(found):
        assert before.ends == after.begins
        assert before.ends or before.source == after.source
    assert {len(each.text) for each in found if not each.ends} == {BLOCK}


MEMORY = """
import re, resource, sys
from pathlib import Path
from spacectl.adapters.log_store import chunks
from spacectl.model.log_line import Selection
folder = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_DATA, (40 << 20, 40 << 20))
for selection in (Selection(), Selection(tail=1), Selection(grep=re.compile(b"x"), tail=1)):
    print(sum(len(chunk.text) for chunk in chunks(folder, selection)))
"""


def test_a_line_of_a_hundred_megabytes_takes_little_memory(folder: Path) -> None:
    size = 100_000_000
    log = folder / "cart.1.log"
    with log.open("wb") as file:
        file.write(b"first\n")
        for _ in range(size // 10**6):
            file.write(b"x" * 10**6)
        file.write(b"\n")
    done = subprocess.run([sys.executable, "-c", MEMORY, folder], capture_output=True, text=True, check=False)
    everything, last, piece = map(int, done.stdout.split())
    assert (everything, last) == (size + 7, size + 1), done.stderr
    assert 0 < piece <= BLOCK


def test_what_was_punched_away_is_skipped(folder: Path, write: Write) -> None:
    if method(folder) != "punch":
        pytest.skip("this file system has no holes")
    log = write("cart.1", *((n * S, b"".join(b"%09d\n" % (n * 10_000 + i) for i in range(10_000))) for n in range(9)))
    descriptor = os.open(log, os.O_RDWR)
    at = punch(descriptor, 0, 400_000)
    first = -(-at // 10)  # the first line that is whole
    assert [int(line) for line in lines(folder)] == [*range(first, 90_000)]
    assert [int(line) for line in lines(folder, until_ns=3 * S)] == [*range(first, 40_000)]
    assert lines(folder, until_ns=2 * S) == []
    assert [int(line) for line in lines(folder, tail=60_000)] == [*range(first, 90_000)]
    reading = chunks(folder, Selection())
    begun = next(reading).text
    gone = punch(descriptor, 0, 800_000)
    os.close(descriptor)
    rest = [int(line) for line in (begun + b"".join(each.text for each in reading)).split()]
    assert rest == [*range(first, rest[-1] + 1)][: len(begun) // 10] + rest[len(begun) // 10 :]
    assert rest[len(begun) // 10 :][-10_000:] == [*range(80_000, 90_000)]
    assert set(rest) >= set(range(-(-gone // 10), 90_000))
    assert rest == sorted(set(rest))


def test_what_is_left_of_a_line_whose_beginning_is_gone(folder: Path, write: Write) -> None:
    """Longer than all that is kept of a log: what there is of it is given, in pieces."""
    if method(folder) != "punch":
        pytest.skip("this file system has no holes")
    log = write("cart.1", (S, b"first\n"), (2 * S, b"x" * 1_000_000 + b" needle\n"), (3 * S, b"after\n"))
    descriptor = os.open(log, os.O_RDWR)
    gone = punch(descriptor, 0, 500_000)
    os.close(descriptor)
    found = list(chunks(folder, Selection()))
    assert b"".join(each.text for each in found) == b"x" * (1_000_006 - gone) + b" needle\nafter\n"
    assert [each.begins for each in found] == [False] * (len(found) - 1) + [True]
    assert {each.time_ns for each in found[:-1]} == {2 * S}
    grepped = chunks(folder, Selection(grep=re.compile(b"needle"), tail=1))
    assert [each.text[-8:] for each in grepped] == [b" needle\n"]
    assert lines(folder, since_ns=3 * S) == [b"after"]
    assert lines(folder, tail=1) == [b"after"]


def test_no_folder_and_no_logs(folder: Path) -> None:
    assert lines(folder) == []
    assert lines(folder / "missing") == []


def test_a_log_that_may_not_be_read(folder: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    (folder / "cart.1.log").touch(mode=0)
    with pytest.raises(MachineError, match="cannot read"):
        lines(folder)


parts = st.lists(
    st.tuples(
        st.integers(0, 3),  # seconds later
        st.lists(st.sampled_from([b"INFO: a\n", b"ERROR: b\n", b"  c\n", b"\n", b"d"]), min_size=1, max_size=4),
    ),
    max_size=6,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.lists(parts, min_size=1, max_size=3),
    st.none() | st.integers(0, 12),
    st.none() | st.integers(0, 12),
    st.none() | st.integers(0, 4),
    st.sampled_from([None, re.compile(b"[ab]"), re.compile(b"^$")]),
)
def test_any_selection_of_any_logs(
    logs: list[list[tuple[int, list[bytes]]]],
    since: int | None,
    until: int | None,
    tail: int | None,
    grep: re.Pattern[bytes] | None,
) -> None:
    """The same as by sorting every line."""
    expected: list[tuple[int, int, str, bytes]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, added in enumerate(logs):
            source = f"s.{number}"
            expected += _written(folder, source, added, since=since, until=until, tail=tail, grep=grep)
        selection = Selection(
            since_ns=None if since is None else since * S,
            until_ns=None if until is None else until * S,
            tail=tail,
            grep=grep,
        )
        found = [*read(folder, selection)]
    assert sorted(map(_key, found)) == sorted((at, source, line) for at, _, source, line in expected)
    assert [each.time_ns for each in found] == sorted(each.time_ns for each in found)
    for number in range(len(logs)):
        source = f"s.{number}"
        assert [e.line for e in found if e.source == source] == [line for _, _, s, line in expected if s == source]


def _key(line: LogLine) -> tuple[int, str, bytes]:
    return line.time_ns // S, line.source, line.line


def _written(
    folder: Path,
    source: str,
    added: list[tuple[int, list[bytes]]],
    *,
    since: int | None,
    until: int | None,
    tail: int | None,
    grep: re.Pattern[bytes] | None,
) -> list[tuple[int, int, str, bytes]]:
    """Write a log and its index; the selected lines of it as (time in s, offset, source, line)."""
    log = folder / f"{source}.log"
    log.touch()
    index = IndexWriter(index_of(log), log.stat().st_ino, 0)
    content, at, stamps = b"", 0, []
    for later, pieces in added:
        at += later
        stamps += [at] * len(b"".join(pieces))
        content += b"".join(pieces)
        index.append(at * S, len(content))
    index.close()
    log.write_bytes(content)
    os.utime(log, ns=(at * S, at * S))
    found, offset = [], 0
    for line in content.split(b"\n")[: None if content and not content.endswith(b"\n") else -1]:
        time_s = stamps[offset]
        is_in_time = (since is None or time_s >= since) and (until is None or time_s <= until)
        if is_in_time and (grep is None or grep.search(line)):
            found.append((time_s, offset, source, line))
        offset += len(line) + 1
    return found if tail is None else found[len(found) - min(tail, len(found)) :]
