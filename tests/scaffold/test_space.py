from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from spacectl.adapters.manifests import load
from spacectl.errors import MachineError, ManifestError, UsageError
from spacectl.model.layout import Layout
from spacectl.scaffold.space import NewSpace, add_space
from spacectl.scaffold.system import NewSystem, make_system
from spacectl.scaffold.templates import find_template

Write = Callable[[Path, Mapping[str, str]], Path]
Tree = Callable[[Path], dict[str, str]]


@pytest.fixture
def shop(work: Path, home: Path) -> Path:
    """A system with the space `order-book`, which publishes `order-book.placed`, and `payments`."""
    return make_system(NewSystem(work / "shop", find_template("system", "duo", folder=home), languages=home))


@pytest.fixture
def ask(shop: Path, home: Path) -> NewSpace:
    return NewSpace(Layout(shop), "shipping", languages=home)


def visible(shop: Path, tree: Tree) -> dict[str, str]:
    return {name: text for name, text in tree(shop).items() if not name.startswith(".spacectl/")}


def test_a_space_is_added_and_the_system_reads_back(shop: Path, ask: NewSpace) -> None:
    folder = add_space(
        replace(
            ask,
            summary="Sends things",
            publishes=("shipping.sent",),
            subscribes=("order-book.placed", "shipping.sent"),
            calls=("order-book", "payments"),
        )
    )
    assert folder == shop / "spaces/shipping"
    added = load(shop).space("shipping")
    assert added is not None
    assert added.manifest.space.summary == "Sends things"
    assert added.manifest.events.publishes == ("shipping.sent",)
    assert added.manifest.events.subscribes == ("order-book.placed", "shipping.sent")
    assert added.manifest.api.calls == ("order-book", "payments")
    assert (folder / "shipping/__init__.py").is_file()
    assert os.access(folder / "run.sh", os.X_OK)
    assert not list((shop / ".spacectl").iterdir())
    assert (shop / ".spacectl").stat().st_mode & 0o777 == 0o700


def test_a_first_space_in_an_empty_system(work: Path, home: Path, write: Write) -> None:
    system = write(work / "one", {"system.toml": '[system]\nname = "one"\n', "spaces/.gitkeep": ""})
    assert add_space(NewSpace(Layout(system), "orders", languages=home)) == system / "spaces/orders"


@pytest.mark.parametrize(
    ("change", "message", "hint"),
    [
        ({"name": "Ship Ping"}, "cannot be the name", 'did you mean "ship-ping"?'),
        ({"name": "gateway"}, "cannot be called", "gateway-api"),
        ({"name": "json"}, "standard library", "json-space"),
        ({"name": "tests"}, "would hide", "tests-space"),
        ({"name": "payments"}, 'a space "payments" already, in spaces/payments', "--force"),
        ({"language": "pyton"}, 'no language "pyton"', 'did you mean "python"?'),
        ({"publishes": ("sent",)}, '"sent" is not a subject', 'write "shipping.sent"'),
        ({"publishes": ("order-book.sent",)}, "its subjects start with", 'write "shipping.order-book.sent"'),
        ({"subscribes": ("placed",)}, '"placed" is not a subject', 'did you mean "order-book.placed"?'),
        ({"subscribes": ("order-bok.placed",)}, "nobody publishes", 'did you mean "order-book.placed"?'),
        ({"subscribes": ("zzz.yyy",)}, "nobody publishes zzz.yyy", "order-book.placed"),
        ({"calls": ("paiments",)}, 'no space "paiments" to call', 'did you mean "payments"?'),
        ({"calls": ("shipping",)}, "cannot call itself", None),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    change: dict[str, object], message: str, hint: str | None, *, shop: Path, ask: NewSpace, tree: Tree
) -> None:
    before = tree(shop)
    with pytest.raises(UsageError) as caught:
        add_space(replace(ask, **change))  # type: ignore[arg-type]
    assert message in caught.value.message
    assert (hint or "None") in str(caught.value.hint)
    assert tree(shop) == before


def test_what_only_the_whole_system_can_tell_is_taken_back(shop: Path, ask: NewSpace, write: Write, tree: Tree) -> None:
    silent = '[space]\nname = "silent"\n[run]\ncommand = "true"\n[api]\nserves = false\n'
    write(shop, {"spaces/silent/space.toml": silent})
    before = tree(shop)
    with pytest.raises(UsageError, match="with shipping the system would be wrong"):
        add_space(replace(ask, calls=("silent",)))
    assert visible(shop, tree) == before


def test_a_folder_in_the_way(shop: Path, ask: NewSpace, write: Write, tree: Tree) -> None:
    write(shop / "spaces/shipping", {"notes.txt": "mine", "README.md": "mine"})
    with pytest.raises(UsageError, match=r"not empty: it has README.md, notes.txt"):
        add_space(ask)
    folder = add_space(replace(ask, force=True))
    files = tree(folder)
    assert files["notes.txt"] == "mine"
    assert files["README.md"] == "generic shipping\n"


def test_force_over_a_space_takes_it_back_when_the_system_would_be_wrong(shop: Path, ask: NewSpace, tree: Tree) -> None:
    add_space(replace(ask, subscribes=("order-book.placed",)))
    before = visible(shop, tree)
    # Without order-book.placed the others have nothing to subscribe to.
    with pytest.raises(UsageError, match="would be wrong"):
        add_space(replace(ask, name="order-book", force=True))
    assert visible(shop, tree) == before
    add_space(replace(ask, name="order-book", publishes=("order-book.placed",), summary="again", force=True))
    assert 'summary = "again"' in (shop / "spaces/order-book/space.toml").read_text()


def test_force_does_not_make_a_second_space_of_one_name(shop: Path, ask: NewSpace) -> None:
    (shop / "spaces/payments").rename(shop / "spaces/money")
    with pytest.raises(UsageError, match="already, in spaces/money"):
        add_space(replace(ask, name="payments", force=True))


def test_a_system_that_is_wrong_already(shop: Path, ask: NewSpace, tree: Tree) -> None:
    (shop / "spaces/payments/space.toml").write_text("[space]\n")
    before = tree(shop)
    with pytest.raises(ManifestError):
        add_space(ask)
    assert tree(shop) == before


@pytest.mark.parametrize(
    ("globs", "folder"),
    [
        (["services/*"], "services/shipping"),
        (["services/*", "spaces/*"], "spaces/shipping"),
        (["services/**"], "services/shipping"),
        (["spaces/**"], "spaces/shipping"),
    ],
)
def test_the_folder_is_one_that_a_glob_of_the_system_matches(
    globs: list[str], folder: str, work: Path, home: Path, write: Write
) -> None:
    system = write(work / "one", {"system.toml": f'[system]\nname = "one"\nspaces = {globs}\n'})
    (system / "services").mkdir()
    (system / "spaces").mkdir()
    assert add_space(NewSpace(Layout(system), "shipping", languages=home)) == system / folder


def test_no_glob_matches(work: Path, home: Path, write: Write) -> None:
    other = '[space]\nname = "svc-a"\n[run]\ncommand = "true"\n'
    text = '[system]\nname = "one"\nspaces = ["services/svc-*"]\n'
    system = write(work / "one", {"system.toml": text, "services/svc-a/space.toml": other})
    with pytest.raises(UsageError, match="no glob") as caught:
        add_space(NewSpace(Layout(system), "shipping", languages=home))
    assert caught.value.hint == 'add "spaces/*" to it, and make the folder spaces'
    assert add_space(NewSpace(Layout(system), "svc-b", languages=home)) == system / "services/svc-b"


def test_two_at_once(shop: Path, home: Path) -> None:
    program = """
import sys
from pathlib import Path
from spacectl.errors import UsageError
from spacectl.model.layout import Layout
from spacectl.scaffold.space import NewSpace, add_space
try:
    add_space(NewSpace(Layout(Path(sys.argv[1])), sys.argv[2], languages=Path(sys.argv[3])))
except UsageError as error:
    raise SystemExit(2)
"""
    names = ["one", "two", "two"]
    running = [subprocess.Popen([sys.executable, "-c", program, shop, name, home]) for name in names]
    assert sorted(process.wait(60) for process in running) == [0, 0, 2]
    assert [space.name for space in load(shop).spaces] == ["one", "order-book", "payments", "two"]
    assert not list((shop / ".spacectl").iterdir())


def test_a_disk_that_refuses_leaves_the_system(shop: Path, ask: NewSpace, tree: Tree) -> None:
    (shop / ".spacectl").symlink_to("/proc")  # where nobody can make a folder
    before = tree(shop / "spaces")
    with pytest.raises(MachineError, match=r"cannot write .*/shop/\.spacectl: "):
        add_space(ask)
    assert tree(shop / "spaces") == before
