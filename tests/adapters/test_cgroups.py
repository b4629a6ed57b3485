"""Where control groups may be made, in folders that look like the kernel's; and real ones, where there are."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from spacectl.adapters.cgroups import CONTROLLERS, Groups, Place, find, search

SHELL, OURS = 10, frozenset({20, 21})

may_not_write_everything = pytest.mark.skipif(os.getuid() == 0, reason="root may write everything")


class Hierarchy:
    """Folders with the files of a cgroup v2 hierarchy, as this process would see it mounted."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.group("", is_root=True)

    def group(
        self,
        name: str,
        *,
        has: str = "cpu memory",
        hands: str = "cpu memory",
        holds: tuple[int, ...] = (),
        is_root: bool = False,
    ) -> Path:
        """Make or change a group.

        Args:
            name: its path from the top.
            has: the controllers it was handed.
            hands: those that it hands on.
            holds: the processes in it.
            is_root: it is the machine's first group, not one that a container takes for it.
        """
        folder = self.top / name
        folder.mkdir(exist_ok=True)
        (folder / "cgroup.controllers").write_text(has)
        (folder / "cgroup.subtree_control").write_text(hands)
        (folder / "cgroup.procs").write_text("".join(f"{pid}\n" for pid in holds))
        if not is_root:
            (folder / "cgroup.type").write_text("domain\n")
        return folder

    def seen_from(self, own: str) -> Place:
        return search(f"30 24 0:26 / {self.top} rw - cgroup2 cgroup2 rw\n", f"0::{own}\n", OURS)


@pytest.fixture
def hierarchy(tmp_path: Path) -> Hierarchy:
    return Hierarchy(tmp_path)


def test_a_group_in_which_spacectl_is_alone_is_left_and_used(hierarchy: Hierarchy) -> None:
    own = hierarchy.group("run.scope", hands="", holds=(20, 21))
    assert hierarchy.seen_from("/run.scope") == Place(own, CONTROLLERS, crowd=OURS)


def test_beside_a_group_that_holds_others(hierarchy: Hierarchy) -> None:
    above = hierarchy.group("app.slice")
    hierarchy.group("app.slice/terminal.scope", hands="", holds=(SHELL, 20, 21))
    assert hierarchy.seen_from("/app.slice/terminal.scope") == Place(above, CONTROLLERS)


def test_at_the_root_which_may_hold_processes_and_groups(hierarchy: Hierarchy) -> None:
    hierarchy.group("", hands="", holds=(1, SHELL, 20), is_root=True)
    assert hierarchy.seen_from("/") == Place(hierarchy.top, CONTROLLERS)


def test_a_container_whose_own_group_holds_others(hierarchy: Hierarchy) -> None:
    hierarchy.group("", hands="", holds=(1, 20))
    found = hierarchy.seen_from("/")
    assert (found.folder, found.controllers) == (None, frozenset())
    assert found.why == "no group that this user may write has the controllers cpu, memory"
    assert "Delegate=yes" in (found.fix or "")


def test_what_is_handed_on_to_a_user_may_be_less(hierarchy: Hierarchy) -> None:
    hierarchy.group("", hands="memory", holds=(1,))
    user = hierarchy.group("user", has="memory", hands="memory")
    hierarchy.group("user/shell", has="memory", hands="", holds=(SHELL, 20))
    found = hierarchy.seen_from("/user/shell")
    assert (found.folder, found.controllers) == (user, {"memory"})
    assert found.why == "no group that this user may write has the controllers cpu"


@may_not_write_everything
def test_what_this_user_may_not_write(hierarchy: Hierarchy) -> None:
    hierarchy.group("session", hands="", holds=(SHELL, 20))
    for folder in (hierarchy.top / "session", hierarchy.top):
        folder.chmod(0o500)
    assert hierarchy.seen_from("/session").folder is None
    hierarchy.top.chmod(0o700)
    (hierarchy.top / "session").chmod(0o700)


@pytest.mark.parametrize(
    ("controllers", "cgroup", "why"),
    [
        ("hugetlb", "4:memory:/\n1:cpu:/\n0::/\n", "has memory and cpu in cgroup v1"),
        ("pids", "0::/\n", "cgroup v2 has no controllers for memory and cpu on this machine"),
    ],
)
def test_controllers_that_are_not_there(hierarchy: Hierarchy, controllers: str, cgroup: str, why: str) -> None:
    (hierarchy.top / "cgroup.controllers").write_text(controllers)
    found = search(f"30 24 0:26 / {hierarchy.top} rw - cgroup2 cgroup2 rw\n", cgroup, OURS)
    assert found.folder is None
    assert why in (found.why or "")
    assert found.fix


def test_no_cgroup_v2() -> None:
    found = search("25 1 0:23 / /proc rw - proc proc rw\n", "4:memory:/\n", OURS)
    assert (found.controllers, found.why) == (frozenset(), "cgroup v2 is not mounted")


def test_no_place_no_groups() -> None:
    with pytest.raises(FileNotFoundError, match="not mounted"):
        Groups(Place(why="cgroup v2 is not mounted"), "spacectl-x")


@pytest.fixture
def groups() -> Iterator[Groups]:
    place = find()
    if place.controllers != CONTROLLERS or place.crowd:
        pytest.skip(f"no groups of cgroup v2 can be made here: {place.why}")
    made = Groups(place, f"spacectl-test-{os.getpid()}")
    yield made
    made.close()
    assert place.folder is not None
    assert not (place.folder / f"spacectl-test-{os.getpid()}").exists()


def run_in(folder: Path, script: str) -> int:
    join = f"echo $$ > {folder}/cgroup.procs && exec {sys.executable} -S -c '{script}'"
    return subprocess.run([shutil.which("sh") or "sh", "-c", join], check=False).returncode


def test_who_uses_more_memory_is_killed_and_it_is_known_why(groups: Groups) -> None:
    folder = groups.make("orders.1", memory=32 * 1024**2, cpu=None)
    assert run_in(folder, "bytearray(8 * 1024**2)") == 0
    assert not groups.exceeded_memory("orders.1")
    assert run_in(folder, "bytearray(100 * 1024**2)") == -9
    assert groups.exceeded_memory("orders.1")
    groups.make("orders.1", memory=200 * 1024**2, cpu=None)
    assert not groups.exceeded_memory("orders.1")
    assert run_in(folder, "bytearray(100 * 1024**2)") == 0


def test_who_uses_more_of_a_processor_is_slowed(groups: Groups) -> None:
    folder = groups.make("orders.1", memory=None, cpu=0.1)
    assert (folder / "cpu.max").read_text() == "10000 100000\n"
    assert run_in(folder, "import time\nwhile time.process_time() < 0.2: pass") == 0
    throttled = dict(line.split() for line in (folder / "cpu.stat").read_text().splitlines())["nr_throttled"]
    assert int(throttled) > 0
