"""Reads what the kernel tells of control groups, and says limits in its words.

Documentation/admin-guide/cgroup-v2.rst of Linux; proc(5) for mountinfo; cgroups(7) for /proc/PID/cgroup.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

PERIOD_US = 100_000
_LEAST_QUOTA_US = 1000

_ESCAPED = re.compile(r"\\([0-7]{3})")


def own_folder(mountinfo: str, cgroup: str) -> PurePosixPath | None:
    """The folder of a process's own group in the hierarchy of cgroup v2; None where it is not mounted, or not here.

    Args:
        mountinfo: what /proc/self/mountinfo holds.
        cgroup: what /proc/self/cgroup holds.
    """
    own = next((line[3:] for line in cgroup.splitlines() if line.startswith("0::")), None)
    for root, point in _mounts(mountinfo):
        if own is not None and PurePosixPath(own).is_relative_to(root):
            return PurePosixPath(point) / PurePosixPath(own).relative_to(root)
    return None


def mount_point(mountinfo: str) -> PurePosixPath | None:
    """Where the hierarchy of cgroup v2 is mounted."""
    return next((PurePosixPath(point) for _, point in _mounts(mountinfo)), None)


def of_version_1(cgroup: str) -> frozenset[str]:
    """The controllers that are in hierarchies of cgroup v1, so that v2 does not have them."""
    fields = [line.split(":", 2)[1] for line in cgroup.splitlines() if line.count(":") >= 2]  # noqa: PLR2004
    return frozenset(name for field in fields for name in field.split(",") if name)


def cpu_max(processors: float) -> str:
    """So many processors as `cpu.max` takes it: microseconds out of a period."""
    return f"{max(_LEAST_QUOTA_US, round(processors * PERIOD_US))} {PERIOD_US}"


def count(events: str, name: str) -> int:
    """A number of a file of `name number` lines, such as `memory.events`; 0 where it is not in it."""
    return next((int(words[1]) for line in events.splitlines() if (words := line.split())[:1] == [name]), 0)


def _mounts(mountinfo: str) -> list[tuple[str, str]]:
    """Root and mount point of every mounted cgroup v2."""
    found = []
    for line in mountinfo.splitlines():
        before, separator, after = line.partition(" - ")
        if separator and after.split()[:1] == ["cgroup2"]:
            fields = before.split()
            found.append((_unescaped(fields[3]), _unescaped(fields[4])))
    return found


def _unescaped(field: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 8)), field)
