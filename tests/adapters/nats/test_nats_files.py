from __future__ import annotations

import json
from pathlib import Path

import pytest

from spacectl.adapters.nats_files import load_passwords, read_access, write_access, write_private
from spacectl.errors import MachineError, NotRunningError
from spacectl.model.bus import BusAccess

ACCESS = BusAccess(system="shop", url="nats://127.0.0.1:1", admin_url="nats://spacectl:x@127.0.0.1:1")


def test_passwords_are_made_once_and_added_to(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    first = load_passwords(path, ["spacectl", "orders"])
    assert first.keys() == {"spacectl", "orders"}
    assert len(set(first.values())) == 2
    assert all(len(password) >= 32 for password in first.values())
    assert path.stat().st_mode & 0o777 == 0o600

    second = load_passwords(path, ["payments", "orders"])
    assert second["orders"] == first["orders"]
    assert second.keys() == {"spacectl", "orders", "payments"}, "who is gone may come back"
    assert json.loads(path.read_text()) == second
    assert [each.name for each in tmp_path.iterdir()] == ["secrets.json"]


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    load_passwords(path, ["orders"])
    path.chmod(0o644)
    load_passwords(path, ["orders"])
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"orders": 1}', b"\xff"])
def test_a_broken_file_of_passwords_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "secrets.json"
    path.write_bytes(content)
    with pytest.raises(MachineError, match="does not hold the passwords") as caught:
        load_passwords(path, ["orders"])
    assert "remove it" in str(caught.value.hint)
    assert path.read_bytes() == content


def test_access_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "bus.json"
    write_access(path, ACCESS)
    assert read_access(path) == ACCESS
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [None, b"", b"{}", b"\xff"])
def test_no_access_means_nothing_runs(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "bus.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(NotRunningError, match="no system is running here"):
        read_access(path)


def test_what_cannot_be_written_leaves_the_old_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "bus.json"
    write_private(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_private(path, "new \ud800")
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["bus.json"]
    with pytest.raises(MachineError, match=r"cannot write .*: No such file or directory"):
        write_private(tmp_path / "missing" / "bus.json", "x")
