from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from spacectl.errors import MachineError, SpacectlError, UsageError
from spacectl.scaffold.system import NewSystem, make_system
from spacectl.scaffold.templates import Foreign, Template, find_template, resolve_template

Write = Callable[[Path, Mapping[str, str]], Path]
Tree = Callable[[Path], dict[str, str]]
Repository = Callable[[Path, Mapping[str, str], str | None], Path]


@pytest.fixture
def duo(home: Path) -> Template:
    return find_template("system", "duo", folder=home)


@pytest.fixture
def blank(home: Path) -> Template:
    return find_template("system", "blank", folder=home)


def foreign(folder: Path) -> Foreign:
    return Foreign(str(folder), remote=False)


# What is made


def test_a_system_is_its_spaces_with_its_own_files_over_them(work: Path, home: Path, duo: Template, tree: Tree) -> None:
    made = make_system(NewSystem(Path("shop"), duo, languages=home))
    assert made == work / "shop"
    files = tree(made)
    assert set(files) == {
        *(".gitignore", "README.md", "system.toml"),
        *(f"spaces/order-book/{name}" for name in ("README.md", "run.sh", "space.toml", "tests/notes.txt")),
        "spaces/order-book/order_book/__init__.py",
        *(f"spaces/payments/{name}" for name in ("README.md", "run.sh", "space.toml", "extra.txt")),
        *(f"spaces/payments/tests/{name}" for name in ("test_generic.py", "notes.txt")),
        "spaces/payments/payments/__init__.py",
    }
    assert files["system.toml"] == '[system]\nname = "shop"\n'
    assert files["spaces/order-book/README.md"] == "generic order-book\n"
    assert files["spaces/payments/README.md"] == "payments of shop\n"
    assert 'publishes = ["order-book.placed"]' in files["spaces/order-book/space.toml"]
    assert 'summary = "Takes orders"' in files["spaces/order-book/space.toml"]
    assert 'calls = ["order-book"]' in files["spaces/payments/space.toml"]
    assert os.access(made / "spaces/payments/run.sh", os.X_OK)
    assert not os.access(made / "spaces/payments/space.toml", os.X_OK)
    assert list(work.iterdir()) == [made]


def test_the_folder_has_the_mode_of_any_new_folder(work: Path, blank: Template) -> None:
    (work / "usual").mkdir()
    made = make_system(NewSystem(Path("shop"), blank))
    assert made.stat().st_mode == (work / "usual").stat().st_mode


def test_a_path_ends_with_the_name_and_its_folders_are_made(work: Path, blank: Template) -> None:
    made = make_system(NewSystem(Path("a/b/../c/shop/"), blank))
    assert made == work / "a/c/shop"
    assert 'name = "shop"' in (made / "system.toml").read_text()


def test_an_empty_folder_is_filled_even_the_one_we_are_in(
    work: Path, blank: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    (work / "shop").mkdir()
    monkeypatch.chdir(work / "shop")
    make_system(NewSystem(Path(), blank))
    assert Path("system.toml").is_file()  # relative: the folder we are in is still the same
    assert sorted(path.name for path in work.rglob("*")) == [".gitignore", "README.md", "shop", "system.toml"]


def test_a_checkout_is_rendered_as_it_is_now(
    work: Path, home: Path, duo: Template, repository: Repository, tree: Tree
) -> None:
    repository(home, {}, "v1.0")
    (home / "systems/duo/README.md.jinja").write_text("not committed\n")
    (home / "systems/duo/untracked.txt").write_text("new\n")
    leftovers = ["spaces/python/__pycache__/x.pyc", "systems/duo/.venv/pyvenv.cfg", "spaces/python/.pytest_cache/x"]
    for leftover in leftovers:
        (home / leftover).parent.mkdir()
        (home / leftover).write_text("")
    files = tree(make_system(NewSystem(Path("shop"), duo, languages=home)))
    assert files["README.md"] == "not committed\n"
    assert files["untracked.txt"] == "new\n"
    assert not [name for name in files if any(part in name for part in (".venv", "cache", "copier", "template"))]
    assert list(work.iterdir()) == [work / "shop"]


def test_no_git_is_needed_for_what_is_bundled(
    work: Path, home: Path, duo: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert make_system(NewSystem(Path("shop"), duo, languages=home)) == work / "shop"


def test_what_a_person_set_for_copier_changes_nothing_that_is_bundled(
    work: Path, home: Path, duo: Template, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(work, {"settings.yml": "defaults: {summary: theirs}\n"})
    monkeypatch.setenv("COPIER_SETTINGS_PATH", str(work / "settings.yml"))
    made = make_system(NewSystem(Path("shop"), duo, languages=home))
    assert 'summary = ""' in (made / "spaces/payments/space.toml").read_text()


# Templates of others


def test_any_copier_template_in_a_folder(work: Path, tmp_path: Path, write: Write, tree: Tree) -> None:
    theirs = write(
        tmp_path / "theirs",
        {
            "copier.yml": "colour: {type: str, default: red}\n",
            "a.txt.jinja": "{{ system }} {{ colour }} {{ _folder_name }}",
            "{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}",
        },
    )
    made = make_system(NewSystem(Path("shop"), foreign(theirs), {"colour": "blue"}))
    files = tree(made)
    assert files["a.txt"] == "shop blue shop"
    assert "colour: blue" in files[".copier-answers.yml"]
    assert list(work.iterdir()) == [made]


def test_a_folder_with_a_template_toml_is_understood_as_the_bundled_are(
    work: Path, home: Path, duo: Template, tree: Tree
) -> None:
    source = resolve_template(str(home / "systems/duo"))
    assert isinstance(source, Template)
    own = tree(make_system(NewSystem(Path("own/shop"), duo, languages=home)))
    assert tree(make_system(NewSystem(Path("other/shop"), source, languages=home))) == own
    assert work.is_dir()


def test_a_git_repository_gives_its_latest_tag(work: Path, tmp_path: Path, repository: Repository, tree: Tree) -> None:
    theirs = repository(tmp_path / "theirs", {"a.txt": "tagged\n"}, "v1.2")
    repository(theirs, {"a.txt": "later\n"}, None)
    for source in (foreign(theirs), resolve_template(f"git+file://{theirs}")):
        assert tree(make_system(NewSystem(Path("shop"), source, force=True)))["a.txt"] == "tagged\n"
    assert list(work.iterdir()) == [work / "shop"]


def test_a_repository_without_a_tag_says_nothing_on_either_stream(
    work: Path, tmp_path: Path, repository: Repository, capfd: pytest.CaptureFixture[str]
) -> None:
    theirs = repository(tmp_path / "theirs", {"a.txt": "head\n"}, None)
    assert (make_system(NewSystem(work / "shop", foreign(theirs))) / "a.txt").read_text() == "head\n"
    assert capfd.readouterr() == ("", "")


def test_tasks_run_only_when_trusted_and_keep_off_stdout(
    work: Path, tmp_path: Path, write: Write, capfd: pytest.CaptureFixture[str]
) -> None:
    theirs = write(tmp_path / "theirs", {"copier.yml": '_tasks: ["echo from the task; touch made"]\n'})
    with pytest.raises(UsageError, match="tasks") as caught:
        make_system(NewSystem(Path("shop"), foreign(theirs)))
    assert "--trust" in str(caught.value.hint)
    assert not list(work.iterdir())
    made = make_system(NewSystem(Path("shop"), foreign(theirs), trust=True))
    assert (made / "made").is_file()
    assert capfd.readouterr() == ("", "from the task\n")


# What is refused before anything is written


@pytest.mark.parametrize("name", ["My Shop", "shop_1", "..", "/", "x" * 33])
def test_a_bad_name(name: str, work: Path, blank: Template) -> None:
    with pytest.raises(UsageError, match="cannot be the name"):
        make_system(NewSystem(Path(name), blank))
    assert not list(work.iterdir())


def test_a_path_that_cannot_be(blank: Template) -> None:
    with pytest.raises(UsageError, match="NUL"):
        make_system(NewSystem(Path("a\0b/shop"), blank))


def test_a_folder_that_is_not_empty_names_what_is_in_the_way(work: Path, blank: Template, write: Write) -> None:
    write(work / "shop", {f"file{number}": "" for number in range(7)})
    with pytest.raises(UsageError, match=r"file0, file1, file2, file3, file4 and 2 more"):
        make_system(NewSystem(Path("shop"), blank))
    assert len(list((work / "shop").iterdir())) == 7


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("target", ["shop", "shop/inner/deeper", "dangling"])
def test_a_file_or_dead_link_in_the_way(target: str, force: bool, work: Path, blank: Template) -> None:
    (work / "shop").write_text("mine")
    (work / "dangling").symlink_to("nowhere")
    with pytest.raises(UsageError, match="in the way"):
        make_system(NewSystem(Path(target), blank, force=force))
    assert (work / "shop").read_text() == "mine"
    assert len(list(work.iterdir())) == 2


@pytest.mark.parametrize("answers", [{"colour": "red"}, {"system": "other"}])
def test_answers_nobody_asked_for(answers: dict[str, str], work: Path, blank: Template) -> None:
    with pytest.raises(UsageError):
        make_system(NewSystem(Path("shop"), blank, answers))
    assert not list(work.iterdir())


def test_a_target_inside_the_template(tmp_path: Path, write: Write) -> None:
    theirs = write(tmp_path / "theirs", {"a.txt": ""})
    with pytest.raises(UsageError, match="inside the template"):
        make_system(NewSystem(theirs / "shop", foreign(theirs)))
    assert [path.name for path in theirs.iterdir()] == ["a.txt"]


# What fails on the way leaves nothing


QUESTIONS = """
size: {type: int}
town: {type: str}
when_needed: {type: str, when: "{{ size > 1 }}"}
kind: {type: str, choices: [a, b], default: a}
even: {type: int, default: 2, validator: "{% if even % 2 %}must be even{% endif %}"}
"""


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({}, "needs an answer to size, town"),
        ({"size": "1"}, "needs an answer to town"),
        ({"size": "2", "town": "x"}, "needs an answer to when_needed"),
        ({"size": "1", "town": "x", "kind": "c"}, "Invalid choice for 'kind'"),
        ({"size": "1", "town": "x", "even": "3"}, "must be even"),
    ],
)
def test_answers_that_are_missing_or_wrong(
    answers: dict[str, str], said: str, work: Path, tmp_path: Path, write: Write
) -> None:
    theirs = write(tmp_path / "theirs", {"copier.yml": QUESTIONS, "a.txt": ""})
    with pytest.raises(UsageError) as caught:
        make_system(NewSystem(Path("shop"), foreign(theirs), answers))
    assert said in caught.value.message
    assert "--data" in str(caught.value.hint)
    assert not list(work.iterdir())


def test_a_missing_answer_of_a_repository_is_named(work: Path, tmp_path: Path, repository: Repository) -> None:
    theirs = repository(tmp_path / "theirs", {"copier.yml": "size: {type: int}\n"}, "v1")
    with pytest.raises(UsageError) as caught:
        make_system(NewSystem(Path("shop"), foreign(theirs)))
    assert "--data size=…" in str(caught.value.hint)
    assert not list(work.iterdir())


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a.txt.jinja": "fine\n{% if %}"}, "a.txt.jinja:2"),
        ({"a.txt.jinja": "{{ missing.attribute }}"}, "'missing' is undefined"),
        ({"a.txt.jinja": "{{ 1 // 0 }}"}, "ZeroDivisionError"),
        ({"{{ 1 +": "x"}, "{{ 1 +"),
        ({"copier.yml": "a: [\n"}, "copier.yml"),
        ({"copier.yml": "", "copier.yaml": ""}, "copier.yaml"),
        ({"copier.yml": "_min_copier_version: '999'\n"}, "999"),
        ({"copier.yml": "a: {type: nonsense, default: 1}\n"}, "nonsense"),
        ({"copier.yml": "- a list\n"}, "is broken"),
    ],
)
def test_a_broken_template(
    files: dict[str, str], said: str, *, work: Path, tmp_path: Path, write: Write, capfd: pytest.CaptureFixture[str]
) -> None:
    theirs = write(tmp_path / "theirs", {"before.txt": "", **files})
    with pytest.raises(SpacectlError) as caught:
        make_system(NewSystem(Path("shop"), foreign(theirs)))
    assert said in caught.value.message
    assert str(theirs) in caught.value.message
    assert not list(work.iterdir())
    assert capfd.readouterr() == ("", "")


def test_a_task_that_fails(work: Path, tmp_path: Path, write: Write) -> None:
    theirs = write(tmp_path / "theirs", {"copier.yml": '_tasks: ["exit 3"]\n', "a.txt": ""})
    with pytest.raises(SpacectlError, match="exit status 3"):
        make_system(NewSystem(Path("shop"), foreign(theirs), trust=True))
    assert not list(work.iterdir())


def test_an_address_that_does_not_answer(work: Path, tmp_path: Path) -> None:
    with pytest.raises(SpacectlError, match=r"cannot fetch the template git\+file:.*nowhere"):
        make_system(NewSystem(Path("shop"), resolve_template(f"file://{tmp_path}/nowhere")))
    assert not list(work.iterdir())


def test_git_that_is_not_installed(work: Path) -> None:
    program = """
from pathlib import Path
from spacectl.errors import MachineError
from spacectl.scaffold.system import NewSystem, make_system
from spacectl.scaffold.templates import resolve_template
try:
    make_system(NewSystem(Path("shop"), resolve_template("gh:someone/thing")))
except MachineError as error:
    print(error)
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], env={"PATH": "/nowhere"}, capture_output=True, text=True, check=True
    )
    assert "needs git, which is not installed" in ran.stdout
    assert not list(work.iterdir())


def test_a_place_nothing_can_be_written_to(blank: Template) -> None:
    with pytest.raises(MachineError, match="/proc"):
        make_system(NewSystem(Path("/proc/shop"), blank))


def test_a_disk_that_is_full(work: Path, home: Path) -> None:
    # The limit on a file's size refuses a write half-way, as a full disk does, and needs no disk of its own.
    program = f"""
import resource, signal
from pathlib import Path
from spacectl.errors import MachineError
from spacectl.scaffold.system import NewSystem, make_system
from spacectl.scaffold.templates import find_template
import copier, yaml
duo = find_template("system", "duo", folder=Path({str(home)!r}))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))
try:
    make_system(NewSystem(Path("a/shop"), duo, languages=Path({str(home)!r})))
except MachineError as error:
    raise SystemExit(int(error.exit_code))
"""
    ran = subprocess.run([sys.executable, "-B", "-c", program], check=False)
    assert ran.returncode == 6
    assert not list(work.iterdir())
