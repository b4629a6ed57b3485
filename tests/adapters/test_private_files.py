from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from spacectl.adapters.private_files import (
    load_passwords,
    make_folder,
    read_access,
    read_json,
    write_access,
    write_private,
)
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


def test_a_file_is_private_and_whole_at_every_moment(tmp_path: Path) -> None:
    path = tmp_path / "file"
    texts = {letter * 100_000 for letter in "ab"}
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            for text in texts:
                write_private(path, text)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        seen = set()
        while seen != texts:
            if path.exists():
                assert path.stat().st_mode & 0o777 == 0o600
                seen.add(path.read_text())
    finally:
        stop.set()
        writer.join()
    assert seen == texts


def test_bytes_of_folder_names_survive(tmp_path: Path) -> None:
    write_private(tmp_path / "file", f"store: {os.fsdecode(bytes([0xE9]))}\r\n")
    assert (tmp_path / "file").read_bytes() == b"store: \xe9\r\n"


def test_a_full_disk_is_said_and_leaves_the_old_file(tmp_path: Path) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4, 4)); import signal;"
    code = (
        f"{limit} signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "from pathlib import Path; from spacectl.adapters.private_files import *\n"
        "try: write_private(Path('file'), 'too much')\n"
        "except MachineError as error: print(error.message)"
    )
    write_private(tmp_path / "file", "old")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "cannot write file: File too large\n"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "old"


def test_folders_are_private(tmp_path: Path) -> None:
    make_folder(tmp_path / "state" / "run")
    make_folder(tmp_path / "state" / "run")
    assert (tmp_path / "state" / "run").stat().st_mode & 0o777 == 0o700
    (tmp_path / "file").touch()
    with pytest.raises(MachineError, match=r"cannot write .*: Not a directory"):
        make_folder(tmp_path / "file" / "folder")


@pytest.mark.parametrize("content", [None, b"", b"[1]", b"\xff", b"{", b"7"])
def test_what_is_no_json_object_is_an_empty_one(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "file").write_bytes(content)
    assert read_json(tmp_path / "file") == {}
    (tmp_path / "file").write_text('{"bus": 4222}')
    assert read_json(tmp_path / "file") == {"bus": 4222}
