from pathlib import Path

import pytest

from spacectl.adapters import machine
from spacectl.adapters.machine import findings


def test_this_machine_has_what_is_needed() -> None:
    found = {each.name: each for each in findings()}
    assert list(found) == ["system", "python", "/proc", "uv", "git", "disk", "inotify"]
    assert all(each.ok for each in found.values() if each.needed)
    assert all((each.fix is None) == each.ok for each in found.values())


def test_a_program_that_is_missing_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    git = next(each for each in findings() if each.name == "git")
    assert not git.ok
    assert git.fix == "install git"


def test_a_folder_that_was_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    away = tmp_path / "away"
    away.mkdir()
    monkeypatch.chdir(away)
    away.rmdir()
    assert "free here" in next(each for each in findings() if each.name == "disk").found


@pytest.mark.parametrize(
    ("watches", "instances", "fix"),
    [
        ("8192\n", "128\n", "raise it, and keep that in /etc/sysctl.d: sysctl fs.inotify.max_user_watches=262144"),
        ("65536\n", "100\n", "raise it, and keep that in /etc/sysctl.d: sysctl fs.inotify.max_user_instances=512"),
        ("65536\n", "128\n", None),
        (None, None, None),
    ],
)
def test_too_few_files_may_be_watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, watches: str | None, instances: str | None, fix: str | None
) -> None:
    for name, value in (("max_user_watches", watches), ("max_user_instances", instances)):
        if value is not None:
            (tmp_path / name).write_text(value)
    monkeypatch.setattr(machine, "_INOTIFY", tmp_path)
    inotify = next(each for each in findings() if each.name == "inotify")
    assert (inotify.ok, inotify.fix) == (fix is None, fix)
