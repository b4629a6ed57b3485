"""Builds the single binary: `make binary` runs it in the project's environment.

    python scripts/binary/build.py [--into dist]

It needs a C compiler and zstd's library (on Debian: gcc libc6-dev libzstd-dev).
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import py_compile
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import archive
import tree

HERE = Path(__file__).parent
PROJECT = HERE.parent.parent
TOOLS = Path(sys.executable).parent
HOW_TO_GET_IT = "apt-get install gcc libc6-dev libzstd-dev, or what it is called where you are"
SEED = "0"
"""Of Python's hashes: the order of sets that are constants depends on it, and so compiled modules do."""

_UNCHECKED = py_compile.PycInvalidationMode.UNCHECKED_HASH


def main() -> None:
    """Build it, from an environment in which the packages of the lock are installed."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--into", type=Path, default=PROJECT / "dist", help="the folder for the result")
    into = options.parse_args().into.resolve()
    if os.environ.get("PYTHONHASHSEED") != SEED:
        os.environ["PYTHONHASHSEED"] = SEED
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  (itself)
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="spacectl-binary-") as folder:
        print(build(Path(folder), into))


def build(folder: Path, into: Path) -> Path:
    """Build it in an empty folder; returns the file."""
    launcher, root, payload = folder / "launcher", folder / "tree", folder / "payload"
    compile_launcher(launcher)
    wheel = build_wheel(folder)
    version = wheel.name.split("-")[1]
    tree.make(root, PROJECT / "requirements.lock", wheel)
    compile_modules(root)
    archive.write_list(root)
    digest = archive.pack(root, payload)
    binary = into / f"spacectl-{version}-{sys.platform}-{platform.machine()}"
    new = binary.with_suffix(".new")
    archive.join(launcher, payload, f"{version}-{digest[:16]}", new)
    new.replace(binary)
    return binary


def compile_launcher(launcher: Path) -> None:
    """Compile the C program; on Linux nothing is left that it would need to find on another machine."""
    compiler = os.environ.get("CC", "cc")
    if shutil.which(compiler) is None:
        sys.exit(f"error: there is no C compiler\n  hint: {HOW_TO_GET_IT}")
    flags = ["-static", "-s", "-Wl,--build-id=none", "-lzstd"] if sys.platform == "linux" else _zstd_elsewhere()
    command = [compiler, "-O2", "-o", str(launcher), *map(str, sorted(HERE.glob("*.c"))), *flags]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"error: the launcher cannot be compiled\n  hint: {HOW_TO_GET_IT}\n{done.stderr}")


def build_wheel(folder: Path) -> Path:
    """The wheel: the binary holds what an install of it would."""
    words = [
        "build",
        "--quiet",
        "--wheel",
        "--no-build-isolation",
        "--python",
        sys.executable,
        "--out-dir",
        str(folder),
    ]
    subprocess.run([TOOLS / "uv", *words, PROJECT], check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def compile_modules(root: Path) -> None:
    """Compile every module in a fixed order, so that none is compiled or looked at again when it is used.

    Of what is not spacectl's only the compiled form stays: half as many files take half as long to unpack.
    """
    ours = next(root.rglob("*-packages/spacectl"))
    for source in sorted(root.rglob("*.py")):
        if source.is_relative_to(ours / "_templates"):
            continue
        own = source.is_relative_to(ours)
        target = importlib.util.cache_from_source(source) if own else source.with_suffix(".pyc")
        name = str(source.relative_to(root))
        py_compile.compile(str(source), str(target), name, invalidation_mode=_UNCHECKED)
        if not own:
            source.unlink()


def _zstd_elsewhere() -> list[str]:
    """Where a package manager put zstd: there only its library can be linked statically, not the system's."""
    found = [
        subprocess.run(["pkg-config", f"--variable={name}", "libzstd"], capture_output=True, text=True, check=False)
        for name in ("includedir", "libdir")
    ]
    headers, libraries = (each.stdout.strip() for each in found)
    return [f"-I{headers}", f"{libraries}/libzstd.a"]


if __name__ == "__main__":
    main()
