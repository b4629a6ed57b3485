from pathlib import Path

import pytest

from spacectl.adapters.log_store.index_file import Header, IndexReader, IndexWriter
from spacectl.model.log_line import TimeRecord

INODE = 77


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "orders.1.times"


def read(path: Path, inode: int = INODE) -> list[TimeRecord]:
    reader = IndexReader(path, inode)
    reader.look()
    records = [*reader.walk(0)]
    assert records == [reader[position] for position in range(len(reader))]
    reader.close()
    return records


def test_what_was_recorded_is_read_back(path: Path) -> None:
    writer = IndexWriter(path, INODE, 0)
    for number in range(1, 1000):
        writer.append(number * 10, number * 100, approximate=number == 1)
    writer.close()
    assert read(path) == [TimeRecord(n * 10, n * 100, n == 1) for n in range(1, 1000)]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_reader_sees_what_is_added_only_at_its_next_look(path: Path) -> None:
    writer, reader = IndexWriter(path, INODE, 0), IndexReader(path, INODE)
    reader.look()
    writer.append(1, 10)
    assert len(reader) == 0
    reader.look()
    assert [*reader.walk(0)] == [TimeRecord(1, 10)]
    with pytest.raises(IndexError):
        reader[1]
    writer.close()
    reader.close()


def test_times_never_fall(path: Path) -> None:
    writer = IndexWriter(path, INODE, 0)
    for time_ns, size in ((50, 1), (40, 2), (60, 3)):
        writer.append(time_ns, size)
    writer.close()
    assert [record.time_ns for record in read(path)] == [50, 50, 60]


def test_the_next_writer_goes_on(path: Path) -> None:
    for time_ns in (10, 20):
        writer = IndexWriter(path, INODE, 100)
        writer.append(time_ns, time_ns)
        writer.close()
    assert [record.time_ns for record in read(path)] == [10, 20]


@pytest.mark.parametrize(("inode", "size"), [(INODE + 1, 100), (INODE, 5)])
def test_the_index_of_another_log_is_begun_anew(path: Path, inode: int, size: int) -> None:
    writer = IndexWriter(path, INODE, 0)
    writer.append(1, 10)
    writer.close()
    writer = IndexWriter(path, inode, size)
    writer.append(2, 3)
    writer.close()
    assert read(path, inode) == [TimeRecord(2, 3)]


def test_a_record_that_is_not_whole_is_written_over(path: Path) -> None:
    writer = IndexWriter(path, INODE, 0)
    writer.append(1, 10)
    writer.close()
    with path.open("ab") as file:
        file.write(b"half a")
    assert read(path) == [TimeRecord(1, 10)]
    writer = IndexWriter(path, INODE, 100)
    writer.append(2, 20)
    writer.close()
    assert read(path) == [TimeRecord(1, 10), TimeRecord(2, 20)]


@pytest.mark.parametrize("content", [None, b"", b"short", b"x" * 200])
def test_no_index_or_something_else_has_no_records(path: Path, content: bytes | None) -> None:
    if content is not None:
        path.write_bytes(content)
    assert read(path) == []
    writer = IndexWriter(path, INODE, 100)
    writer.append(1, 10)
    writer.close()
    assert read(path) == [TimeRecord(1, 10)]


def test_the_index_of_another_log_is_not_read(path: Path) -> None:
    writer = IndexWriter(path, INODE, 0)
    writer.append(1, 10)
    writer.close()
    assert read(path, INODE + 1) == []


def test_the_index_is_bounded_and_its_newer_part_exact(path: Path) -> None:
    writer, reader = IndexWriter(path, INODE, 0, limit=4096), IndexReader(path, INODE)
    for number in range(1, 5000):
        writer.append(number, number)
        if number == 200:
            reader.look()
    assert path.stat().st_size <= 4096
    assert [each.time_ns for each in reader.walk(0)] == [*range(1, 201)]  # who reads the old one can go on
    reader.look()
    records = [*reader.walk(0)]
    writer.append(5000, 5000)
    writer.close()
    reader.close()
    assert records[-90:] == [TimeRecord(n, n) for n in range(4910, 5000)]
    assert [*sorted(records)] == records
    assert read(path)[-1] == TimeRecord(5000, 5000)
    assert not [*path.parent.glob("*new*")]


def test_bytes_that_were_cut_off_count_on(path: Path) -> None:
    writer, reader = IndexWriter(path, INODE, 0), IndexReader(path, INODE)
    writer.append(1, 100)
    writer.moving()
    reader.look()
    assert reader.header == Header(0, 1)
    writer.moved(60)
    assert reader.now() == Header(60, 2)
    writer.append(2, 50)
    writer.close()
    reader.look()
    assert [*reader.walk(0)] == [TimeRecord(1, 100), TimeRecord(2, 110)]
    reader.close()
    writer = IndexWriter(path, INODE, 50)
    assert (writer.header, writer.last) == (Header(60, 2), TimeRecord(2, 110))
    writer.moving()
    writer.close()
    writer = IndexWriter(path, INODE, 50)  # whoever moved bytes was killed: no offset can be trusted
    assert (writer.header, writer.last) == (Header(), None)
    writer.close()
