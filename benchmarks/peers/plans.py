"""What the tools are given to run: the same small programs, in the same numbers, on the same ports."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MARK = "PEERS_BENCHMARK"
"""Marks every process of one session, whoever started it and wherever it went."""

_HERE = Path(__file__).parent
_FIRST_PORT, _LAST_PORT = 12_000, 19_999  # spacectl gives out ports above these, Linux those above 32,768


@dataclass(frozen=True)
class Service:
    """One program to run. `port` is None for one that does not listen."""

    name: str
    argv: tuple[str, ...]
    port: int | None = None


@dataclass(frozen=True)
class Plan:
    """What one session of a tool is to run.

    Attributes:
        folder: where the tool finds its configuration and keeps its files.
        bytecode: where Python keeps compiled modules.
        quick: restart what ends as soon as the tool can be told to; else nothing is said about restarts.
    """

    folder: Path
    services: tuple[Service, ...]
    bytecode: Path
    quick: bool = False

    @property
    def mark(self) -> str:
        """The value of MARK in the environment of everything in this session."""
        return self.folder.name

    @property
    def ports(self) -> list[int]:
        return [service.port for service in self.services if service.port is not None]

    @property
    def env(self) -> Mapping[str, str]:
        # Settings of whoever runs this, such as PYTHONDONTWRITEBYTECODE, would slow down some tools and not others:
        # each has compiled modules, as an installed program has.
        own = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        return {**own, "PYTHONPYCACHEPREFIX": str(self.bytecode), "TERM": "xterm-256color", MARK: self.mark}


@dataclass(frozen=True)
class Program:
    """How the services' program is run.

    Attributes:
        argv: the words before the program's own arguments.
        path: the one of these words that no other process of this machine has.
        language: what it is written in.
    """

    argv: tuple[str, ...]
    path: str
    language: str

    def servers(self, ports: list[int]) -> tuple[Service, ...]:
        """One HTTP service for each port."""
        return tuple(
            Service(f"server-{number:03}", (*self.argv, "serve", str(port)), port)
            for number, port in enumerate(ports, start=1)
        )

    def producers(self, count: int, lines: int, width: int, folder: Path) -> tuple[Service, ...]:
        """Programs that write so many lines of so many bytes for each file `go.1`, `go.2`, … that comes into a folder.

        How many seconds the third of them took for `go.2` is then in `report-3.2`.
        """
        return tuple(
            Service(
                f"producer-{number}",
                (*self.argv, "produce", str(lines), str(width), str(folder / "go"), str(folder / f"report-{number}")),
            )
            for number in range(1, count + 1)
        )


def build(folder: Path) -> Program:
    """The services' program: compiled where there is a C compiler, else in Python."""
    compiler = shutil.which("cc")
    if compiler is not None:
        target = folder / "program"
        subprocess.run([compiler, "-O2", "-o", str(target), str(_HERE / "program.c")], check=True)
        return Program((str(target),), str(target), f"C ({platform.machine()})")
    target = folder / "program.py"
    shutil.copy(_HERE / "program.py", target)
    return Program((sys.executable, "-I", "-S", str(target)), str(target), "Python")


def free_ports(count: int) -> list[int]:
    """Ports of loopback on which nobody listens, the same for every tool.

    Raises:
        OSError: there are not that many.
    """
    found: list[int] = []
    size = _LAST_PORT - _FIRST_PORT + 1
    start = os.getpid() * 131 % size
    for step in range(size):
        port = _FIRST_PORT + (start + step) % size
        if _is_free(port):
            found.append(port)
        if len(found) == count:
            return found
    raise OSError(f"there are no {count} free ports from {_FIRST_PORT} to {_LAST_PORT}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
