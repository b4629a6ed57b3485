"""Looks at the machine: what spacectl needs of it, and what would be good to have."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from pathlib import Path

from spacectl.model.report_doctor import Finding

_FREE_BYTES = 10**9

_INOTIFY = Path("/proc/sys/fs/inotify")
_WATCHES, _INSTANCES = 65_536, 128
"""What a system of some size wants: a watch for each watched folder, an instance for the supervisor and each `logs -f`;
the usual limits of a kernel before 5.11 are too few watches when an editor takes its share of them too."""


def findings() -> tuple[Finding, ...]:
    """Everything worth telling, the needed first; the engines, logs and limits are looked at by their own adapters."""
    uv = _program("uv", "builds Python spaces", "pip install uv")
    return (_system(), _python(), _proc(), uv, _git(), _disk(), _watches())


def _system() -> Finding:
    ok = sys.platform == "linux"
    found = f"{platform.system()} {platform.release()}"
    return Finding(name="system", ok=ok, needed=True, found=found, fix=None if ok else "spacectl runs on Linux")


def _python() -> Finding:
    found = f"{platform.python_version()} ({sys.executable})"
    return Finding(name="python", ok=True, needed=True, found=found)


def _proc() -> Finding:
    ok = Path(f"/proc/{os.getpid()}/environ").exists()
    fix = None if ok else "mount it: mount -t proc proc /proc"
    return Finding(
        name="/proc", ok=ok, needed=True, found="processes can be seen" if ok else "it is not mounted", fix=fix
    )


def _git() -> Finding:
    return _program("git", "`new` fetches templates from git addresses with it", "install git")


def _program(name: str, use: str, fix: str) -> Finding:
    path = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), str(Path(sys.executable).parent)]))
    found = path or f"not found; {use}"
    return Finding(name=name, ok=path is not None, needed=False, found=found, fix=None if path else fix)


def _disk() -> Finding:
    free = shutil.disk_usage(".").free  # a folder has no name any more once it was removed
    ok = free >= _FREE_BYTES
    fix = None if ok else "make room: data, logs and the bus store of a system lie in its folder"
    return Finding(name="disk", ok=ok, needed=False, found=f"{free / 1e9:.1f} GB free here", fix=fix)


def _watches() -> Finding:
    """How many files this user may watch (inotify(7)); who runs out of them is told `no space left on device`."""
    limits = {"max_user_watches": _WATCHES, "max_user_instances": _INSTANCES}
    there = {name: _number(_INOTIFY / name) for name in limits}
    low = [name for name, least in limits.items() if (value := there[name]) is not None and value < least]
    found = ", ".join(f"{name.rpartition('_')[2]}: {value}" for name, value in there.items() if value is not None)
    raised = " ".join(f"fs.inotify.{name}={limits[name] * 4}" for name in low)
    fix = f"raise it, and keep that in /etc/sysctl.d: sysctl {raised}" if low else None
    return Finding(name="inotify", ok=not low, needed=False, found=found or "no limit known", fix=fix)


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
