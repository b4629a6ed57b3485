from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from spacectl.adapters.envoy.files import ConfigFolder
from spacectl.errors import MachineError


def test_files_are_private_and_replaced_whole(tmp_path: Path) -> None:
    folder = ConfigFolder(tmp_path / "gateway")
    folder.write({"routes/cart.json": {"a": 1}})
    path = tmp_path / "gateway" / "routes" / "cart.json"
    before = path.stat()
    folder.write({"routes/cart.json": {"a": 2}})
    assert json.loads(path.read_text()) == {"a": 2}
    assert path.stat().st_ino != before.st_ino
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [each.name for each in path.parent.iterdir()] == ["cart.json"]


def test_what_is_as_it_should_be_is_left_alone_by_the_next_run_too(tmp_path: Path) -> None:
    ConfigFolder(tmp_path).write({"a.json": {"a": 1}})
    before = (tmp_path / "a.json").stat()
    ConfigFolder(tmp_path).write({"a.json": {"a": 1}})
    assert (tmp_path / "a.json").stat().st_ino == before.st_ino


def test_only_what_is_missing(tmp_path: Path) -> None:
    ConfigFolder(tmp_path).write({"a.json": {"a": 1}})
    ConfigFolder(tmp_path).write_missing({"a.json": {"a": 2}, "b.json": {}})
    assert (tmp_path / "a.json").read_text() == '{"a": 1}'
    assert (tmp_path / "b.json").read_text() == "{}"


def test_what_cannot_be_written_is_told_and_written_the_next_time(tmp_path: Path) -> None:
    folder = ConfigFolder(tmp_path)
    blocked = tmp_path / ".a.json"
    blocked.mkdir()
    with pytest.raises(MachineError, match=r"cannot write .*a\.json: "):
        folder.write({"a.json": {}})
    blocked.rmdir()
    folder.write({"a.json": {}})
    assert (tmp_path / "a.json").read_text() == "{}"
