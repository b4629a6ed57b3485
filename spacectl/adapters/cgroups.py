"""Control groups of the kernel (cgroup v2): where they may be made, and those that keep replicas within their limits.

A group that hands controllers to groups below it may hold no processes itself ("no internal processes"). So the groups
of a system are made below the group that spacectl runs in only where nobody else is in that one, and spacectl then goes
into one beside them; else they are made further up, as far as this user may write.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from spacectl.core.cgroups import count, cpu_max, mount_point, of_version_1, own_folder

CONTROLLERS = frozenset({"memory", "cpu"})

_DELEGATE = "start it in a group of its own: systemd-run --user --scope --property=Delegate=yes spacectl up"
_UNIFY = "start Linux with the kernel parameter systemd.unified_cgroup_hierarchy=1"
_MOUNT = "mount it: mount -t cgroup2 none /sys/fs/cgroup"


@dataclass(frozen=True, slots=True)
class Place:
    """Where groups may be made.

    Attributes:
        folder: the group above them; None where none may be made.
        controllers: what they can limit there, of `memory` and `cpu`.
        crowd: the processes that have to leave the group first; all of them are spacectl's.
        why: what is in the way of the controllers that are not there.
        fix: what to do about it.
    """

    folder: Path | None = None
    controllers: frozenset[str] = frozenset()
    crowd: frozenset[int] = frozenset()
    why: str | None = None
    fix: str | None = None


def find() -> Place:
    """Look for the best place; nothing is changed by it."""
    mountinfo, cgroup = _read(Path("/proc/self/mountinfo")), _read(Path("/proc/self/cgroup"))
    ours = frozenset({os.getpid(), os.getppid()})
    return search(mountinfo, cgroup, ours)


def search(mountinfo: str, cgroup: str, ours: frozenset[int]) -> Place:
    """The best place by what a process sees of mounts and groups.

    Args:
        mountinfo: what /proc/self/mountinfo holds.
        cgroup: what /proc/self/cgroup holds.
        ours: the processes that may be moved.
    """
    top, own = mount_point(mountinfo), own_folder(mountinfo, cgroup)
    if top is None or own is None:
        return Place(why="cgroup v2 is not mounted", fix=_MOUNT)
    lacking = CONTROLLERS - _words(Path(top) / "cgroup.controllers")
    if lacking == CONTROLLERS:
        return _without(lacking, of_version_1(cgroup))
    best = Place()
    for folder in (own, *own.parents):
        if not folder.is_relative_to(top):
            break
        found = _look(Path(folder), ours)
        if len(found.controllers) > len(best.controllers):
            best = found
    missing = ", ".join(sorted(CONTROLLERS - best.controllers))
    why = f"no group that this user may write has the controllers {missing}" if missing else None
    return Place(best.folder, best.controllers, best.crowd, why, _DELEGATE if missing else None)


def _without(lacking: frozenset[str], version_1: frozenset[str]) -> Place:
    names = " and ".join(sorted(lacking, reverse=True))
    if lacking & version_1:
        return Place(why=f"this machine has {names} in cgroup v1, and they are needed in v2", fix=_UNIFY)
    fix = "use a kernel with CONFIG_MEMCG and CONFIG_CFS_BANDWIDTH, and without cgroup_disable"
    return Place(why=f"cgroup v2 has no controllers for {names} on this machine", fix=fix)


def _look(folder: Path, ours: frozenset[int]) -> Place:
    """What groups below this one could limit."""
    if not all(os.access(folder / name, os.W_OK) for name in (".", "cgroup.procs")):
        return Place()
    handed = _words(folder / "cgroup.subtree_control") & CONTROLLERS
    there = _words(folder / "cgroup.controllers") & CONTROLLERS
    inside = frozenset(int(pid) for pid in _words(folder / "cgroup.procs"))
    is_root = not (folder / "cgroup.type").exists()  # the one group that may hold both
    if not os.access(folder / "cgroup.subtree_control", os.W_OK) or (inside and not is_root and not inside <= ours):
        return Place(folder, handed)
    return Place(folder, there, frozenset() if is_root or handed == there else inside)


class Groups:
    """The groups of one system.

    Args:
        place: where they are made.
        name: of the group that holds them all.

    Raises:
        OSError: the kernel does not allow it after all.
    """

    def __init__(self, place: Place, name: str) -> None:
        if place.folder is None:
            raise FileNotFoundError(place.why)
        self._folder = place.folder / name
        self._killed: dict[str, int] = {}
        if place.crowd:
            aside = place.folder / f"{name}.supervisor"
            aside.mkdir(exist_ok=True)
            for pid in place.crowd:
                with contextlib.suppress(ProcessLookupError):
                    _write(aside / "cgroup.procs", str(pid))
        self._folder.mkdir(exist_ok=True)
        for folder in (place.folder, self._folder):
            missing = place.controllers - _words(folder / "cgroup.subtree_control")
            if missing:
                _write(folder / "cgroup.subtree_control", " ".join(f"+{each}" for each in sorted(missing)))

    def make(self, name: str, *, memory: int | None, cpu: float | None) -> Path:
        """Make the group of a replica, with its limits: bytes, processors. One that is there already is used again.

        Memory is not swapped instead: who exceeds it is killed, with everything in the group, and that is told.

        Raises:
            OSError: the kernel does not allow it.
        """
        folder = self._folder / name
        with contextlib.suppress(OSError):  # it is not there, or something is still in it
            folder.rmdir()
        folder.mkdir(exist_ok=True)
        if memory is not None:
            _write(folder / "memory.max", str(memory))
            _write(folder / "memory.oom.group", "1")
            with contextlib.suppress(FileNotFoundError):  # a kernel without swap
                _write(folder / "memory.swap.max", "0")
        if cpu is not None:
            _write(folder / "cpu.max", cpu_max(cpu))
        self._killed[name] = self._count(name)
        return folder

    def exceeded_memory(self, name: str) -> bool:
        """Whether the kernel has killed something in the group since it was made, because of its memory."""
        return self._count(name) > self._killed.get(name, 0)

    def remove(self, name: str) -> None:
        """Remove the group of a replica of which nothing is left."""
        with contextlib.suppress(OSError):
            (self._folder / name).rmdir()

    def close(self) -> None:
        """Remove all groups that are empty."""
        for folder in self._folder.glob("*/"):
            self.remove(folder.name)
        with contextlib.suppress(OSError):
            self._folder.rmdir()

    def _count(self, name: str) -> int:
        return count(_read(self._folder / name / "memory.events"), "oom_kill")


def _words(path: Path) -> frozenset[str]:
    return frozenset(_read(path).split())


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""


def _write(path: Path, text: str) -> None:
    # Not write_text: these files are to be written in one call, and never made.
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
