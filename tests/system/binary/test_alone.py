"""The single binary where there is nothing else: a root folder with the C library and busybox, and no Python."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

BUSYBOX = shutil.which("busybox")
SPACES = Path(__file__).parent / "spaces"
LIBC = ("libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libutil.so.1", "libresolv.so.2")
NOBODY = 65534
MARK = "RUNS_ALONE"
CHANGE_ROOT = """
cd "$1"
for name in $3; do
  case $name in
    proc) mount -t proc proc proc ;;
    *) mount --bind /dev/$name dev/$name ;;
  esac
done
exec chroot --userspec="$2" . /bin/env -i HOME=/root PATH=/bin "$4" /bin/sh -c "$5"
"""

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(400),
    pytest.mark.skipif(
        (os.geteuid() != 0 or BUSYBOX is None) and os.environ.get("CI") != "true",
        reason="needs root and busybox-static",
    ),
]


@dataclass
class Root:
    """A root folder, and what runs in it."""

    folder: Path
    mark: str = field(default_factory=lambda: f"{MARK}={uuid.uuid4()}")

    def shell(self, line: str, user: int = 0, mounts: str = "proc null urandom") -> subprocess.CompletedProcess[str]:
        """Run a line there, in a mount namespace of its own, so that nothing has to be unmounted."""
        inside = ["/bin/sh", "-euc", CHANGE_ROOT, "-", self.folder, f"{user}:{user}", mounts, self.mark, line]
        return subprocess.run(["unshare", "--mount", *inside], capture_output=True, text=True, timeout=120, check=False)

    def run(self, line: str, **how: Any) -> str:
        """What a line writes to stdout; it must succeed."""
        done = self.shell(line, **how)
        assert done.returncode == 0, f"{line}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def processes(self) -> list[psutil.Process]:
        name, value = self.mark.split("=")
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get(name) == value and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found


@pytest.fixture
def root(binary: Path, caches: Path) -> Iterator[Root]:
    for name in ("bin", "dev", "proc", "root", "tmp"):
        (caches / name).mkdir()
    (caches / "tmp").chmod(0o1777)
    (caches / "root").chmod(0o700)
    caches.chmod(0o755)
    for name in ("null", "urandom"):
        (caches / "dev" / name).touch()
    copy_libc(caches)
    shutil.copyfile(str(BUSYBOX), caches / "bin" / "busybox")
    shutil.copyfile(binary, caches / "bin" / "spacectl")
    for name in ("busybox", "spacectl"):
        (caches / "bin" / name).chmod(0o755)
    for name in subprocess.run([str(BUSYBOX), "--list"], capture_output=True, text=True, check=True).stdout.split():
        with contextlib.suppress(FileExistsError):
            (caches / "bin" / name).symlink_to("busybox")
    made = Root(caches)
    yield made
    left = made.processes()
    for process in left:
        process.kill()
    psutil.wait_procs(left)
    assert not left


def copy_libc(root: Path) -> None:
    """Put the C library where it is outside too."""
    said = subprocess.run(["ldd", sys.executable], capture_output=True, text=True, check=True).stdout
    (libc,) = re.findall(r"libc\.so\.6 => (\S+)", said)
    (loader,) = re.findall(r"^\s+(/\S*/ld-linux\S+)", said, re.MULTILINE)
    for path in [Path(loader), *(Path(libc).with_name(name) for name in LIBC)]:
        if path.exists():
            target = root / path.relative_to("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            target.chmod(0o755)


def test_a_system_of_shell_scripts_lives_there(root: Root, wait_for: Callable[..., Any]) -> None:
    assert root.shell("python3 || python || /usr/bin/python3").returncode == 127
    root.run("spacectl new /root/pair -t blank")
    shutil.copytree(SPACES, root.folder / "root" / "pair" / "spaces", dirs_exist_ok=True)
    here = "cd /root/pair; spacectl"
    root.run(f"{here} up --detach --timeout 60s")
    seen = json.loads(root.run(f"{here} ps --json"))
    assert [(space["name"], space["state"]) for space in seen["spaces"]] == [("clock", "ready"), ("listener", "ready")]

    assert json.loads(root.run(f"{here} call clock POST /cgi-bin/tick")) == {"tick": "tock"}
    heard = 'noon {"tick": "tock"}'  # the time by the gateway, the tick by the bus
    wait_for(lambda: root.run(f"{here} call listener GET /heard").strip() == heard, "the tick heard")
    edges = wait_for(lambda: moved(root.run(f"{here} flow --json")), "both edges counted")
    assert edges == {("clock", "listener", "event"): 1, ("listener", "clock", "call"): 1}
    picture = root.run(f"{here} top --once")
    assert "pair  ● ready  2 spaces  nothing wrong" in picture
    assert "clock  " in picture
    assert root.run(f"{here} down") == ""
    assert root.processes() == []

    checked = root.shell(f"{here} check --json")
    assert checked.returncode == 0, checked.stderr
    assert "✔ clock: POST /cgi-bin/tick, then clock.ticked" in checked.stderr
    assert "✔ listener: publish clock.ticked" in checked.stderr
    assert "✔ test_ready.py::test_system_is_ready" in checked.stderr
    assert json.loads(checked.stdout)["outcome"] == "passed"
    assert "nats-server" in root.run("ls /root/.cache/spacectl/*/bin")


def moved(flow: str) -> dict[tuple[str, str, str], int] | None:
    """The totals of all edges, once each has one."""
    totals = {(edge["from"], edge["to"], edge["kind"]): edge["total"] for edge in json.loads(flow)["edges"]}
    return totals if all(totals.values()) else None


def test_a_home_that_cannot_be_written(root: Root) -> None:
    line = "cd /tmp && spacectl new mine -t blank && cd mine && spacectl up --detach && spacectl ps && spacectl down"
    assert "mine  ● ready" in root.run(line, user=NOBODY)
    (kept,) = (root.folder / "tmp").glob("spacectl-*")
    assert (kept.name, kept.stat().st_uid, kept.stat().st_mode & 0o777) == (f"spacectl-{NOBODY}", NOBODY, 0o700)


def test_nowhere_to_unpack(root: Root) -> None:
    (root.folder / "tmp").chmod(0o755)
    done = root.shell("spacectl version", user=NOBODY)
    assert (done.returncode, done.stdout) == (6, "")
    assert done.stderr == (
        "error: there is no folder to unpack to: /root/.cache/spacectl (Permission denied), "
        f"/tmp/spacectl-{NOBODY} (Permission denied)\n"  # noqa: S108
        "  hint: set XDG_CACHE_HOME to a folder that you can write to\n"
    )


def test_without_proc_it_says_so(root: Root) -> None:
    done = root.shell("spacectl version", mounts="null")
    assert (done.returncode, done.stdout) == (6, "")
    assert done.stderr == "error: /proc is not mounted, and spacectl needs it\n  hint: mount -t proc proc /proc\n"
