"""The single binary, and the command that pip installs from the wheel, both made from this checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parent.parent
TOOLS = Path(sys.executable).parent


@dataclass(frozen=True)
class Commands:
    """The two, and the folder of the binary's caches."""

    binary: Path
    installed: Path
    caches: Path

    @property
    def size_mb(self) -> float:
        return self.binary.stat().st_size / 1e6

    def first_start(self, number: int) -> float:
        """Seconds of a start that unpacks: each number stands for a machine that has not seen it yet."""
        return _seconds(self.binary, self.caches / f"first-{number}")

    def warm_start(self) -> float:
        return _seconds(self.binary, self.caches / "first-0")

    def installed_start(self) -> float:
        return _seconds(self.installed, self.caches / "none")


def made(folder: Path) -> Commands:
    """Build the binary, and install the wheel with the packages of the lock into an environment of its own."""
    build = [sys.executable, PROJECT / "scripts" / "binary" / "build.py", "--into", folder]
    binary = Path(subprocess.run(build, capture_output=True, text=True, check=True).stdout.strip())
    uv, env = TOOLS / "uv", folder / "env"
    wheel = ["build", "--quiet", "--wheel", "--no-build-isolation", "--python", sys.executable, "--out-dir", folder]
    subprocess.run([uv, *wheel, PROJECT], check=True)
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, env], check=True)
    install = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", env / "bin" / "python"]
    subprocess.run([*install, "--require-hashes", "-r", PROJECT / "requirements.lock"], check=True)
    subprocess.run([*install, "--no-deps", *folder.glob("*.whl")], check=True)
    return Commands(binary, env / "bin" / "spacectl", folder / "caches")


def _seconds(program: Path, cache: Path) -> float:
    env = os.environ | {"XDG_CACHE_HOME": str(cache)}
    started = time.perf_counter()
    subprocess.run([program, "--version"], env=env, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started
