from pathlib import PurePosixPath

import pytest

from spacectl.core.cgroups import count, cpu_max, mount_point, of_version_1, own_folder

UNIFIED = "25 1 0:23 / /proc rw - proc proc rw\n30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n"
HYBRID = (
    "33 32 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
    "38 32 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
)
INSIDE = "700 699 0:26 /docker/4f /sys/fs/cgroup rw - cgroup2 cgroup rw\n"


@pytest.mark.parametrize(
    ("mountinfo", "cgroup", "folder"),
    [
        (UNIFIED, "0::/user.slice/user-1000.slice\n", "/sys/fs/cgroup/user.slice/user-1000.slice"),
        (UNIFIED, "0::/\n", "/sys/fs/cgroup"),
        (HYBRID, "4:memory:/a\n1:cpu,cpuacct:/b\n0::/c\n", "/sys/fs/cgroup/unified/c"),
        (INSIDE, "0::/docker/4f/app\n", "/sys/fs/cgroup/app"),
        (INSIDE, "0::/\n", None),
        (INSIDE, "0::/docker/4fa\n", None),
        (UNIFIED, "4:memory:/a\n", None),
        ("25 1 0:23 / /proc rw - proc proc rw\n", "0::/\n", None),
        (UNIFIED.replace("/sys/fs/cgroup", r"/mnt/my\040groups"), "0::/x\n", "/mnt/my groups/x"),
        ("", "", None),
    ],
)
def test_own_folder(mountinfo: str, cgroup: str, folder: str | None) -> None:
    assert own_folder(mountinfo, cgroup) == (None if folder is None else PurePosixPath(folder))


def test_mount_point() -> None:
    assert mount_point(HYBRID) == PurePosixPath("/sys/fs/cgroup/unified")
    assert mount_point("31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n") is None


def test_controllers_of_version_1() -> None:
    told = "9:name=systemd:/\n4:memory:/process\n1:cpu,cpuacct:/\n0::/\n"
    assert of_version_1(told) == {"name=systemd", "memory", "cpu", "cpuacct"}


@pytest.mark.parametrize(
    ("processors", "text"),
    [(0.5, "50000 100000"), (2, "200000 100000"), (1e-9, "1000 100000"), (1024, "102400000 100000")],
)
def test_cpu_max(processors: float, text: str) -> None:
    assert cpu_max(processors) == text


def test_count() -> None:
    events = "low 0\nmax 7\noom 2\noom_kill 3\noom_group_kill 1\n"
    assert (count(events, "oom_kill"), count(events, "oom"), count(events, "other"), count("", "oom")) == (3, 2, 0, 0)
