"""To whom the data of a space is given, where root runs spacectl."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from spacectl.adapters.containers.engine import RefusedError
from spacectl.adapters.containers.giving import give

USERS = "root:x:0:0:root:/root:/bin/sh\napp:x:1234:2345::/:/bin/sh\n\nodd\n"

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")


def owners(folder: Path) -> set[tuple[int, int]]:
    return {(each.lstat().st_uid, each.lstat().st_gid) for each in (folder, *folder.rglob("*"))}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data" / "deep").mkdir(parents=True, mode=0o755)
    (tmp_path / "data" / "deep" / "file").touch()
    (tmp_path / "outside").touch()
    (tmp_path / "data" / "link").symlink_to(tmp_path / "outside")
    return tmp_path / "data"


@pytest.mark.parametrize(
    ("user", "numbers"),
    [
        ("65532:65532", (65532, 65532)),
        ("1000", (1000, 0)),
        ("app", (1234, 2345)),
        ("app:9", (1234, 9)),
        ("app:staff", (1234, 0)),
        ("nobody", (0, 0)),
    ],
)
def test_all_of_it_goes_to_the_user(data: Path, user: str, numbers: tuple[int, int]) -> None:
    give(data, user, lambda: USERS)
    assert owners(data) == {numbers}
    assert (data.parent / "outside").stat().st_uid == 0
    if numbers[0]:
        assert data.stat().st_mode & 0o777 == 0o700


def test_it_comes_back(data: Path) -> None:
    give(data, "1000:1000", str)
    give(data, "0:0", str)
    assert owners(data) == {(0, 0)}


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="cannot give"):
        give(tmp_path / "none", "1000", str)
