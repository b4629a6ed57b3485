"""What of a container's output is carried into its log: each piece once, whoever was killed in between."""

from __future__ import annotations

from pathlib import Path

import pytest

from spacectl.adapters.containers.output import Carrier
from spacectl.model.launch import SpawnError

TIMES = [f"2026-11-25T09:00:0{second}.000000000Z" for second in range(5)]


def pieces(*texts: str) -> list[bytes]:
    return [f"{at} {text}".encode() for at, text in zip(TIMES, texts, strict=False)]


def carrier(folder: Path, *, goes_on: bool = False) -> Carrier:
    return Carrier(folder / "log", folder / "records" / "web.1", goes_on=goes_on)


def test_pieces_come_without_their_times(tmp_path: Path) -> None:
    one = carrier(tmp_path)
    assert (one.log_start, one.since_s) == (0, 0)
    one.carry(pieces("a\n", "no end", " of line\n", "\x00\n"))
    one.say("spacectl: said")
    one.close()
    assert (tmp_path / "log").read_bytes() == b"a\nno end of line\n\x00\nspacectl: said\n"


def test_the_next_one_goes_on_where_the_last_was_killed(tmp_path: Path) -> None:
    first = carrier(tmp_path)
    first.carry(pieces("1\n", "2\n"))
    with (tmp_path / "log").open("ab") as log:
        log.write(b"3, not on rec")  # killed between writing it and recording it
    second = carrier(tmp_path, goes_on=True)
    assert second.since_s == 1_795_597_200
    second.carry(pieces("1\n", "2\n", "3\n"))
    assert (tmp_path / "log").read_text() == "1\n2\n3\n"
    second.carry(pieces("1\n", "2\n", "3\n", "4\n"))
    assert (tmp_path / "log").read_text() == "1\n2\n3\n4\n"


def test_pieces_of_one_time_and_of_two_streams_are_all_there(tmp_path: Path) -> None:
    told = [f"{TIMES[at]} {text}\n".encode() for at, text in ((1, "a"), (1, "b"), (0, "late"), (1, "c"))]
    for cut in range(len(told) + 1):
        folder = tmp_path / str(cut)
        folder.mkdir()
        first = carrier(folder)
        first.carry(told[:cut])
        first.close()
        carrier(folder, goes_on=True).carry(told)
        assert (folder / "log").read_text() == "a\nb\nlate\nc\n"


def test_another_container_begins_anew(tmp_path: Path) -> None:
    carrier(tmp_path).carry(pieces("old\n", "old\n"))
    new = carrier(tmp_path)
    assert new.log_start == 8
    new.close()  # killed before it wrote anything
    carrier(tmp_path, goes_on=True).carry(pieces("new\n"))
    assert (tmp_path / "log").read_text() == "old\nold\nnew\n"


def test_without_a_record_it_begins_with_everything(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "web.1").write_text("damaged")
    one = carrier(tmp_path, goes_on=True)
    one.carry(pieces("1\n"))
    assert (tmp_path / "log").read_text() == "1\n"


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    with pytest.raises(SpawnError, match="cannot write"):
        carrier(tmp_path)
