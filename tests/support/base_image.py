"""A base image for the shop's Dockerfile: Debian with Python, and wheels, so that builds need no network.

`python tests/support/base_image.py` makes it. That takes a minute and root; its root file system is kept for later.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

LOCK = Path(__file__).parents[2] / "templates" / "spaces" / "python" / "requirements.lock"
SUITE, PYTHON = "bookworm", "3.11"
MIRROR = "http://deb.debian.org/debian"
PACKAGES = ("python3", "python3-venv", "ca-certificates")
"""`python3-venv` brings the pip of a new environment along."""

GLIBC = range(17, 37)
"""The second numbers of the C libraries 2.x whose wheels run on the suite."""

DOCKERFILE = """\
FROM {root}
COPY pip.conf /etc/pip.conf
COPY wheels /wheels
"""
PIP = "[global]\nno-index = true\nfind-links = /wheels\n"


def name() -> str:
    """Its name and tag, which stands for everything that it is made of."""
    return f"spacectl-test-base:{_digest(_root(), DOCKERFILE, PIP, LOCK.read_text())}"


def is_there() -> bool:
    """Whether it has been made."""
    return _has(name())


def make() -> None:
    """Make it where it is not there yet; two at once make it once."""
    with _alone():
        if not is_there():
            if not _has(_root()):
                _import_root()
            with tempfile.TemporaryDirectory() as folder:
                _build(Path(folder))


def _root() -> str:
    return f"spacectl-test-root:{_digest(SUITE, *PACKAGES)}"


def _import_root() -> None:
    """Make the root file system from Debian's packages, or take the one that was kept."""
    kept = _cache() / f"{_root().replace(':', '-')}-{platform.machine()}.tar"
    if not kept.exists():
        as_root = () if os.geteuid() == 0 else ("sudo",)
        with tempfile.TemporaryDirectory() as folder:
            root, packed = Path(folder) / "root", kept.with_suffix(".new")
            include = f"--include={','.join(PACKAGES)}"
            try:
                _run(*as_root, "/usr/sbin/debootstrap", "--variant=minbase", include, SUITE, str(root), MIRROR)
                leave_out = ("./var/cache/apt/*", "./var/lib/apt/lists/*", "./usr/share/doc/*", "./dev/*")
                with packed.open("wb") as file:
                    words = [*as_root, "tar", "-C", str(root), *(f"--exclude={each}" for each in leave_out), "-c", "."]
                    subprocess.run(words, stdout=file, check=True)
            finally:
                _run(*as_root, "rm", "-rf", "--one-file-system", str(root))
            packed.rename(kept)
    _run("docker", "import", str(kept), _root())


def _build(folder: Path) -> None:
    folder.joinpath("Dockerfile").write_text(DOCKERFILE.format(root=_root()))
    folder.joinpath("pip.conf").write_text(PIP)
    libraries = [f"--platform=manylinux_2_{minor}_{platform.machine()}" for minor in GLIBC]
    _run(
        sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--require-hashes",
        "--only-binary=:all:", "--implementation=cp", f"--python-version={PYTHON}", *libraries,
        f"--platform=manylinux2014_{platform.machine()}", "--dest", str(folder / "wheels"), "-r", str(LOCK),
    )  # fmt: skip
    # The builder that the SDK talks to, too; its successor is a plug-in that Debian's engine lacks.
    _run("docker", "build", "--quiet", "--tag", name(), str(folder), env={"DOCKER_BUILDKIT": "0"})


@contextmanager
def _alone() -> Iterator[None]:
    with (_cache() / "base-image.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _cache() -> Path:
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "spacectl-tests"
    home.mkdir(parents=True, exist_ok=True)
    return home


def _has(image: str) -> bool:
    command = shutil.which("docker")
    return command is not None and (
        subprocess.run([command, "image", "inspect", image], capture_output=True, check=False).returncode == 0
    )


def _run(*words: str, env: Mapping[str, str] | None = None) -> None:
    done = subprocess.run(words, env=os.environ | (env or {}), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


if __name__ == "__main__":
    make()
