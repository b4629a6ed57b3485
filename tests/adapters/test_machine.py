from pathlib import Path

import pytest

from spacectl.adapters.machine import findings


def test_this_machine_has_what_is_needed() -> None:
    found = {each.name: each for each in findings()}
    assert list(found) == ["system", "python", "/proc", "uv", "git", "disk"]
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
