"""All or nothing: what is at the target after a failure, an interruption, or a kill at any moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from spacectl.errors import MachineError, UsageError
from spacectl.scaffold.staging import PREFIX, clear_stale, placed, refuse_occupied, sole_writer, staging
from spacectl.scaffold.system import NewSystem, make_system
from spacectl.scaffold.templates import Foreign, find_template

Write = Callable[[Path, Mapping[str, str]], Path]
Tree = Callable[[Path], dict[str, str]]
PATIENCE_S = 30

MAKE = """
import sys
from pathlib import Path
from spacectl.scaffold.system import NewSystem, make_system
from spacectl.scaffold.templates import Foreign
try:
    make_system(NewSystem(Path(sys.argv[2]), Foreign(sys.argv[1], remote=False), trust=True, force=True))
except KeyboardInterrupt:
    raise SystemExit(130)
"""


@contextmanager
def stopped_half_way(template: Path, target: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A run that has rendered its files and waits in a task of the template until somebody ends it."""
    meeting = template.parent / "meeting"
    os.mkfifo(meeting)
    (template / "copier.yml").write_text(f'_tasks: ["echo here > {meeting}; exec cat {meeting}"]\n')
    with subprocess.Popen([sys.executable, "-c", MAKE, template, target], start_new_session=True) as process:
        try:
            reached = threading.Event()

            def wait_there() -> None:
                meeting.read_text()
                reached.set()

            threading.Thread(target=wait_there, daemon=True).start()
            assert reached.wait(PATIENCE_S)
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture
def theirs(tmp_path: Path, write: Write) -> Path:
    return write(tmp_path / "theirs", {"a.txt": "new\n", "b/c.txt": "new\n"})


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_leaves_nothing(number: signal.Signals, work: Path, theirs: Path) -> None:
    with stopped_half_way(theirs, work / "deep/shop") as process:
        assert [path.name.startswith(PREFIX) for path in work.iterdir()] == [True]
        os.killpg(process.pid, number)
        assert process.wait(PATIENCE_S) == 130
        assert not list(work.iterdir())


def test_an_interrupted_run_over_files_leaves_them(work: Path, theirs: Path, write: Write, tree: Tree) -> None:
    before = {"a.txt": "mine\n", "d.txt": "mine\n"}
    write(work / "shop", before)
    with stopped_half_way(theirs, work / "shop") as process:
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(PATIENCE_S) == 130
        assert tree(work / "shop") == before


def test_a_killed_run_leaves_no_target_and_the_next_one_clears_up(work: Path, theirs: Path, home: Path) -> None:
    with stopped_half_way(theirs, work / "shop") as process:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE_S)
        [left] = work.iterdir()
        assert left.name.startswith(PREFIX)
    make_system(NewSystem(Path("shop"), find_template("system", "blank", folder=home)))
    assert [path.name for path in work.iterdir()] == ["shop"]


def test_what_a_killed_run_left_does_not_occupy_an_empty_folder(work: Path, home: Path) -> None:
    (work / "shop" / f"{PREFIX}killed").mkdir(parents=True)
    made = make_system(NewSystem(Path("shop"), find_template("system", "blank", folder=home)))
    assert sorted(path.name for path in made.iterdir()) == [".gitignore", "README.md", "system.toml"]


def test_a_run_that_is_still_going_keeps_its_folder(work: Path, theirs: Path, home: Path) -> None:
    with stopped_half_way(theirs, work / "one"):
        make_system(NewSystem(Path("two"), find_template("system", "blank", folder=home)))
        names = sorted(path.name for path in work.iterdir())
        assert names[0].startswith(PREFIX)
        assert names[1:] == ["two"]


def test_two_runs_for_one_name_give_one_system(work: Path, theirs: Path, home: Path) -> None:
    blank = find_template("system", "blank", folder=home)

    def make_the_same(_text: str) -> None:
        make_system(NewSystem(Path("shop"), blank))

    # The other run ends between our look at the target and our move to it.
    with pytest.raises(UsageError, match="not empty"):
        make_system(NewSystem(Path("shop"), Foreign(str(theirs), remote=False)), make_the_same)
    assert sorted(path.name for path in (work / "shop").iterdir()) == [".gitignore", "README.md", "system.toml"]
    assert [path.name for path in work.iterdir()] == ["shop"]


# Writing over files


def test_force_replaces_the_files_of_the_template_and_no_other(
    work: Path, theirs: Path, write: Write, tree: Tree
) -> None:
    write(work / "shop", {"a.txt": "old\n", "b/d.txt": "mine\n", "e/f.txt": "mine\n"})
    (work / "elsewhere").write_text("mine\n")
    (work / "shop/b/c.txt").symlink_to(work / "elsewhere")
    make_system(NewSystem(Path("shop"), Foreign(str(theirs), remote=False), force=True))
    assert tree(work / "shop") == {"a.txt": "new\n", "b/c.txt": "new\n", "b/d.txt": "mine\n", "e/f.txt": "mine\n"}
    assert (work / "elsewhere").read_text() == "mine\n"
    assert sorted(path.name for path in work.iterdir()) == ["elsewhere", "shop"]


@pytest.mark.parametrize(
    ("present", "said"), [({"a.txt/x": "mine"}, "a file has to be there"), ({"b": "mine"}, "a folder has to be there")]
)
def test_force_does_not_replace_a_folder_by_a_file_or_the_reverse(
    present: dict[str, str], said: str, *, work: Path, theirs: Path, write: Write, tree: Tree
) -> None:
    write(work / "shop", present)
    with pytest.raises(UsageError, match=said):
        make_system(NewSystem(Path("shop"), Foreign(str(theirs), remote=False), force=True))
    assert tree(work / "shop") == present


def test_force_does_not_write_through_a_link_to_a_folder(work: Path, theirs: Path) -> None:
    (work / "shop").mkdir()
    (work / "elsewhere").mkdir()
    (work / "shop/b").symlink_to(work / "elsewhere")
    with pytest.raises(UsageError, match="a folder has to be there"):
        make_system(NewSystem(Path("shop"), Foreign(str(theirs), remote=False), force=True))
    assert not list((work / "elsewhere").iterdir())
    assert [path.name for path in (work / "shop").iterdir()] == ["b"]


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_after_the_move_takes_everything_back(
    failure: BaseException, work: Path, write: Write, tree: Tree
) -> None:
    new = {"a.txt": "new", "b/c.txt": "new", "n/o/p.txt": "new"}
    old = {"a.txt": "old", "b/d.txt": "old"}
    for before in (old, {}):
        target = write(work / "shop", before) if before else work / "parent/shop"

        def place_and_fail(target: Path = target, before: dict[str, str] = before) -> None:
            with staging(work) as stage, placed(write(stage / "shop", new), target, force=True):
                assert tree(target) == {**before, **new}
                raise failure

        with pytest.raises((MachineError, KeyboardInterrupt)):
            place_and_fail()
        assert tree(target) == before
    assert sorted(path.name for path in work.rglob("*")) == ["a.txt", "b", "d.txt", "shop"]


def test_a_folder_without_permission_is_found_before_anything_moves(
    work: Path, theirs: Path, write: Write, tree: Tree
) -> None:
    write(work / "shop", {"a.txt": "old", "b/c.txt": "old"})
    (work / "shop/b").chmod(0o500)
    if os.access(work / "shop/b", os.W_OK):
        pytest.skip("root may write anywhere")
    with pytest.raises(MachineError, match="no permission"):
        make_system(NewSystem(Path("shop"), Foreign(str(theirs), remote=False), force=True))
    assert tree(work / "shop") == {"a.txt": "old", "b/c.txt": "old"}


def test_an_interruption_waits_until_the_move_is_over(work: Path, write: Write, tree: Tree) -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        staging(work) as stage,
        placed(write(stage / "shop", {"a.txt": "new"}), work / "shop"),
    ):
        os.kill(os.getpid(), signal.SIGINT)
    assert tree(work) == {"shop/a.txt": "new"}


def test_signal_handlers_are_as_before(work: Path) -> None:
    def state() -> tuple[object, ...]:
        return tuple(signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))

    before = state()
    with staging(work):
        pass
    assert state() == before


def test_only_what_nobody_holds_is_stale(work: Path) -> None:
    (work / f"{PREFIX}old").mkdir()
    (work / f"{PREFIX}file").write_text("mine")
    (work / "elsewhere").mkdir()
    (work / f"{PREFIX}link").symlink_to(work / "elsewhere")
    with staging(work) as stage:
        clear_stale(work)
        assert sorted(work.iterdir()) == sorted(
            [stage, work / f"{PREFIX}file", work / "elsewhere", work / f"{PREFIX}link"]
        )
    assert not stage.exists()


def test_one_writer_after_the_other(work: Path) -> None:
    order: list[str] = []

    def second() -> None:
        with sole_writer(work):
            order.append("second")

    other = threading.Thread(target=second)
    with sole_writer(work):
        other.start()
        other.join(0.2)  # it cannot end: the lock is ours
        order.append("first")
    other.join(PATIENCE_S)
    assert order == ["first", "second"]


def test_the_target_of_a_writer_may_be_a_link_to_an_empty_folder(work: Path, home: Path) -> None:
    (work / "real").mkdir()
    (work / "shop").symlink_to(work / "real")
    refuse_occupied(work / "shop", force=False)
    make_system(NewSystem(Path("shop"), find_template("system", "blank", folder=home)))
    assert (work / "shop").is_symlink()
    assert (work / "real/system.toml").is_file()
