from pathlib import Path

import pytest

from spacectl.adapters.folders import find_system
from spacectl.errors import NotRunningError
from spacectl.model.layout import Layout


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    shop = tmp_path / "shop"
    (shop / "spaces" / "orders").mkdir(parents=True)
    (shop / "system.toml").touch()
    return shop


def test_the_nearest_folder_upwards(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in (shop, shop / "spaces", shop / "spaces" / "orders"):
        monkeypatch.chdir(folder)
        assert find_system(None).root == shop


def test_the_same_system_however_it_is_named(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "link").symlink_to(shop)
    monkeypatch.chdir(tmp_path)
    for named in (shop, Path("shop"), Path("shop/../shop"), Path("link")):
        assert find_system(named).root == shop
    monkeypatch.chdir(tmp_path / "link")
    assert find_system(None).root == shop


def test_a_named_folder_must_hold_it_itself(shop: Path) -> None:
    with pytest.raises(NotRunningError, match=r"it has no system\.toml"):
        find_system(shop / "spaces")
    with pytest.raises(NotRunningError, match=r"it has no system\.toml"):
        find_system(shop / "away")
    (shop / "loop").symlink_to(shop / "loop")
    with pytest.raises(NotRunningError, match="no system in"):
        find_system(shop / "loop")


def test_a_folder_called_system_toml_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "system.toml").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotRunningError, match=r"no system\.toml in"):
        find_system(None)


def test_a_folder_that_was_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    away = tmp_path / "away"
    away.mkdir()
    monkeypatch.chdir(away)
    away.rmdir()
    with pytest.raises(NotRunningError, match="this folder has been removed"):
        find_system(None)


def test_an_isolated_copy_is_named_by_its_folder_and_found_upwards(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = shop / ".spacectl" / "isolated" / "1"
    with pytest.raises(NotRunningError, match="there is no such isolated copy"):
        find_system(copy)
    (copy / "data" / "orders").mkdir(parents=True)
    assert find_system(copy) == Layout(shop, "1")
    for folder in (copy, copy / "data" / "orders"):
        monkeypatch.chdir(folder)
        assert find_system(None) == Layout(shop, "1")
    monkeypatch.chdir(copy.parent)
    assert find_system(None) == Layout(shop)


def test_a_folder_that_only_looks_like_a_copy(tmp_path: Path) -> None:
    folder = tmp_path / "isolated" / "1"
    folder.mkdir(parents=True)
    (folder / "system.toml").touch()
    assert find_system(folder) == Layout(folder)
