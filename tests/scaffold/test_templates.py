from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import spacectl
from spacectl.errors import MachineError, ManifestError, UsageError
from spacectl.scaffold.templates import (
    Foreign,
    Template,
    bundled,
    find_template,
    resolve_template,
    templates_folder,
)

Write = Callable[[Path, Mapping[str, str]], Path]
HEADER = '[template]\nsummary = "s"\n'


def test_templates_are_beside_the_package_in_a_checkout(tmp_path: Path) -> None:
    (tmp_path / "templates/systems").mkdir(parents=True)
    assert templates_folder(tmp_path / "spacectl") == tmp_path / "templates"


def test_templates_are_inside_an_installed_package(tmp_path: Path) -> None:
    (tmp_path / "templates/systems").mkdir(parents=True)  # of some other distribution
    (tmp_path / "spacectl/_templates/systems").mkdir(parents=True)
    assert templates_folder(tmp_path / "spacectl") == tmp_path / "spacectl/_templates"


def test_an_installation_without_templates_says_so(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="no templates"):
        templates_folder(tmp_path / "spacectl")


def test_an_installed_package_finds_its_own_templates(tmp_path: Path, home: Path) -> None:
    package = Path(spacectl.__file__).parent
    shutil.copytree(package, tmp_path / "site/spacectl", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(home, tmp_path / "site/spacectl/_templates")
    code = "from spacectl.scaffold.templates import bundled; print(*(t.folder for t in bundled()), sep='\\n')"
    # -P and -S would hide the dependencies; a path in front of the others wins over the installed package.
    program = f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r}); {code}"
    ran = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    found = [Path(line) for line in ran.stdout.splitlines()]
    assert found == [tmp_path / "site/spacectl/_templates/systems" / name for name in ("blank", "duo")]


def test_the_bundled_templates_by_name_with_their_spaces(home: Path) -> None:
    blank, duo = bundled(folder=home)
    assert (blank.name, blank.summary, blank.spaces) == ("blank", "Empty", ())
    assert [space.name for space in duo.spaces] == ["order-book", "payments"]
    assert duo.spaces[1].calls == ("order-book",)
    assert [language.name for language in bundled("space", folder=home)] == ["python"]


def test_an_unknown_template_gets_the_nearest_and_the_list(home: Path) -> None:
    with pytest.raises(UsageError) as caught:
        find_template("system", "blnk", folder=home)
    assert 'did you mean "blank"?' in str(caught.value.hint)
    assert "there is blank, duo" in str(caught.value.hint)
    with pytest.raises(UsageError, match='no language "rust"') as caught:
        find_template("space", "rust", folder=home)
    assert caught.value.hint == "there is python"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("gh:someone/thing", "gh:someone/thing"),
        ("git@github.com:someone/thing", "git@github.com:someone/thing"),
        ("https://github.com/someone/thing", "https://github.com/someone/thing"),
        ("https://example.org/thing.git", "https://example.org/thing.git"),
        ("https://example.org/thing", "git+https://example.org/thing"),
        ("ssh://example.org/thing", "git+ssh://example.org/thing"),
        ("file:///no/such/thing", "git+file:///no/such/thing"),
        ("git+https://example.org/thing", "git+https://example.org/thing"),
    ],
)
def test_git_addresses_are_given_to_copier_as_git_addresses(text: str, address: str) -> None:
    assert resolve_template(text) == Foreign(address, remote=True)


def test_a_folder_is_a_template_of_ours_only_with_a_template_toml(work: Path, write: Write) -> None:
    write(work / "ours", {"template.toml": HEADER})
    write(work / "theirs", {"copier.yml": ""})
    ours = resolve_template("./ours")
    assert isinstance(ours, Template)
    assert (ours.folder, ours.bundled) == (work / "ours", False)
    assert resolve_template("theirs") == Foreign(str(work / "theirs"), remote=False)


@pytest.mark.parametrize("text", ["./nowhere", "a/b", "~/no/such/folder", "", "nothing-like-it"])
@pytest.mark.usefixtures("work")
def test_what_is_no_template_at_all(text: str) -> None:
    with pytest.raises(UsageError):
        resolve_template(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[template]\nsummary = \n", "line 2"),
        ("[template]\n", "template.summary: Field required"),
        (HEADER + "[[spaces]]\nname = '../up'\n", "spaces.0.name"),
        (HEADER + "[[spaces]]\nname = 'a'\ncals = ['b']\n", "spaces.0.cals"),
        (HEADER + "other = 1\n", "template.other"),
    ],
)
def test_a_wrong_template_toml_names_file_and_key(text: str, said: str, work: Path, write: Write) -> None:
    write(work / "mine", {"template.toml": text})
    with pytest.raises(ManifestError) as caught:
        resolve_template("./mine")
    assert str(work / "mine/template.toml") in caught.value.message
    assert said in caught.value.message
