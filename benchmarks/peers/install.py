"""Gets the peers, pinned, into a cache folder; says by name which cannot be had, and why."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.tools.base import Tool
from benchmarks.peers.tools.circus import Circus
from benchmarks.peers.tools.honcho import Honcho
from benchmarks.peers.tools.mprocs import Mprocs
from benchmarks.peers.tools.overmind import Overmind
from benchmarks.peers.tools.process_compose import ProcessCompose
from benchmarks.peers.tools.spacectl import Spacectl
from benchmarks.peers.tools.supervisor import Supervisor

_REQUIREMENTS = Path(__file__).parent / "requirements.txt"
_MPROCS = "0.9.6"
_PROCESS_COMPOSE = "1.87.0"
_OVERMIND = "2.5.1"
_LIMIT_S = 600


class NotToBeHadError(Exception):
    """A tool cannot be had on this machine; the message says why."""


@dataclass(frozen=True)
class Peer:
    """A tool to measure and how to get it.

    Attributes:
        get: makes sure that it is in a folder, and returns it ready for use; raises NotToBeHadError.
    """

    name: str
    version: str
    get: Callable[[Path], Tool]


def cache_folder() -> Path:
    """Where the peers are kept between two runs."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "spacectl-benchmarks" / "peers"


def obtain(peer: Peer, cache: Path) -> Tool:
    """Get a peer. A refusal is remembered: the same question is not asked again until the cache is removed.

    Raises:
        NotToBeHadError: it is not to be had.
    """
    refusal = cache / f"{peer.name}-{peer.version}.refused"
    if refusal.exists():
        raise NotToBeHadError(refusal.read_text(encoding="utf-8").strip())
    try:
        return peer.get(cache)
    except NotToBeHadError as error:
        cache.mkdir(parents=True, exist_ok=True)
        refusal.write_text(f"{error}\n", encoding="utf-8")
        raise


def _from_pypi(name: str, make: type[Tool], program: str) -> Peer:
    pinned = dict(line.split("==") for line in _REQUIREMENTS.read_text(encoding="utf-8").split() if "==" in line)
    return Peer(name, pinned[name], lambda cache: make(_environment(cache) / "bin" / program))


def _environment(cache: Path) -> Path:
    """The virtual environment with the peers from PyPI."""
    target, ready = cache / "python", cache / "python" / "requirements.txt"
    if not ready.exists() or ready.read_bytes() != _REQUIREMENTS.read_bytes():
        shutil.rmtree(target, ignore_errors=True)
        _run("venv", [sys.executable, "-m", "venv", str(target)])
        pip = [str(target / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run("pip install", [*pip, "--requirement", str(_REQUIREMENTS)])
        shutil.copy(_REQUIREMENTS, ready)
    return target


def _mprocs(cache: Path) -> Tool:
    machine = {"x86_64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}.get(platform.machine(), "unknown")
    target = cache / "npm"
    # The program itself: the package's own start script would put a Node.js process beside it.
    program = target / "node_modules" / "mprocs" / f"mprocs-{_MPROCS}-linux-{machine}-musl" / "mprocs"
    if not program.exists():
        npm = _found("npm")
        options = ["--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        target.mkdir(parents=True, exist_ok=True)
        _run("npm install", [npm, "install", "--prefix", str(target), *options, f"mprocs@{_MPROCS}"])
    if not program.exists():
        raise NotToBeHadError(f"its package has no program for this machine ({platform.machine()})")
    return Mprocs(program)


def _process_compose(cache: Path) -> Tool:
    package = f"github.com/f1bonacc1/process-compose@v{_PROCESS_COMPOSE}"
    return ProcessCompose(_go_installed(cache, package, "process-compose"))


def _overmind(cache: Path) -> Tool:
    _found("tmux")
    return Overmind(_go_installed(cache, f"github.com/DarthSim/overmind/v2@v{_OVERMIND}", "overmind"))


def _go_installed(cache: Path, package: str, program: str) -> Path:
    target = cache / f"go-{program}-{package.rpartition('@v')[2]}"
    if not (target / program).exists():
        go = _found("go")
        target.mkdir(parents=True, exist_ok=True)
        _run("go install", [go, "install", package], env={**os.environ, "GOBIN": str(target), "GOFLAGS": "-modcacherw"})
    return target / program


def _found(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise NotToBeHadError(f"{program} is not installed")
    return path


def _run(what: str, command: list[str], env: dict[str, str] | None = None) -> None:
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=_LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        raise NotToBeHadError(f"{what} did not end within {_LIMIT_S} s") from None
    if done.returncode != 0:
        raise NotToBeHadError(f"{what}: {_last_words(done.stderr or done.stdout)}")


def _last_words(text: str) -> str:
    """What a failed installer said last, without the addresses it asked."""
    line = next((line for line in reversed(text.splitlines()) if line.strip()), "it failed without a word")
    return re.sub(r"\s*(reading )?\w+://\S+", "", line).strip()


PEERS: tuple[Peer, ...] = (
    Peer("spacectl", "this checkout", lambda _: Spacectl()),
    _from_pypi("supervisor", Supervisor, "supervisord"),
    _from_pypi("circus", Circus, "circusd"),
    _from_pypi("honcho", Honcho, "honcho"),
    Peer("mprocs", _MPROCS, _mprocs),
    Peer("process-compose", _PROCESS_COMPOSE, _process_compose),
    Peer("overmind", _OVERMIND, _overmind),
)
