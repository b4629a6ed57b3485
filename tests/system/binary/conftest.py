"""The single binary, built once for all tests, and small ones of the same kind that are quick to make."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import archive
import build
import pytest
import tree

HERE = Path(__file__).parent
PROJECT = HERE.parents[2]
BUILD = (sys.executable, str(PROJECT / "scripts" / "binary" / "build.py"))
MEMORY = Path("/dev/shm")  # noqa: S108  (a file system, not a place for a file)

ROOM_BYTES = 2 * 10**9

MADE_BY = {"binary", "launcher", "small"}
"""Fixtures that compile something."""

SCRIPT = '#!/bin/sh\nprintf "%s\\n" "$@"\n'


def can_build() -> bool:
    return shutil.which("cc") is not None and any(Path("/usr/lib").rglob("libzstd.a"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    no_tools = pytest.mark.skipif(
        not can_build() and os.environ.get("CI") != "true", reason="no C compiler, or no static library of zstd"
    )
    for item in items:
        if item.path.is_relative_to(HERE) and MADE_BY & set(getattr(item, "fixturenames", ())):
            item.add_marker(no_tools)


@pytest.fixture(scope="session")
def binary(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The single binary of this checkout; the first test that needs it builds it, other processes wait for that."""
    folder = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        folder = folder.parent
    with (folder / "binary.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        into = folder / "binary"
        if not into.exists():
            build_into(folder / "built")
            (folder / "built").rename(into)
    (file,) = into.iterdir()
    return file


@pytest.fixture
def built_again(tmp_path: Path) -> Iterator[Path]:
    file = build_into(tmp_path / "again")
    yield file
    file.unlink()  # large, and pytest keeps what tests leave for a while


def build_into(folder: Path) -> Path:
    done = subprocess.run([*BUILD, "--into", folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


@pytest.fixture(scope="session")
def launcher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The launcher with nothing behind it."""
    program = tmp_path_factory.mktemp("launcher") / "launcher"
    build.compile_launcher(program)
    return program


@pytest.fixture
def small(launcher: Path, tmp_path: Path) -> Callable[..., Path]:
    """Makes a binary of a name and of files; a script stands for Python, and by default tells what it is given."""

    def make(name: str = "1", script: str = SCRIPT, files: Mapping[str, bytes] | None = None) -> Path:
        root, payload, made = (tmp_path / f"{kind}-{name}" for kind in ("tree", "payload", "binary"))
        for path, content in {tree.PYTHON: script.encode(), "lib/empty": b"", **(files or {})}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(content)
        (root / tree.PYTHON).chmod(0o755)
        archive.write_list(root)
        archive.pack(root, payload)
        archive.join(launcher, payload, name, made)
        return made

    return make


@pytest.fixture
def caches() -> Iterator[Path]:
    """An empty folder for what is unpacked, in memory where there is room: some of it is unpacked many times."""
    folder = Path(tempfile.mkdtemp(prefix="spacectl-test-", dir=MEMORY if has_room(MEMORY) else None))
    yield folder
    shutil.rmtree(folder)


def has_room(folder: Path) -> bool:
    """Whether programs of some size can be put there and run."""
    if not os.access(folder, os.W_OK):
        return False
    system = os.statvfs(folder)
    return system.f_bavail * system.f_frsize > ROOM_BYTES and not system.f_flag & os.ST_NOEXEC
