"""Finds and signals what a killed supervisor left behind: every process that carries the system's mark."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True)
class Leftover:
    """A process that lives on.

    Attributes:
        name: the replica (`orders.1`), build (`orders.build`) or engine (`bus.1`) that it belongs to.
    """

    pid: int
    name: str


def find(variable: str, mark: str) -> list[Leftover]:
    """The live processes that carry a mark, and all in the sessions of those; by pid.

    Who asks is left out, with everything above it: the command may have been given inside a space.

    Args:
        variable: the variable that holds the mark.
        mark: its value.
    """
    spared = _own_line()
    names: dict[int, str] = {}
    sessions: dict[int, str] = {}
    for pid in psutil.pids():
        env = {} if pid in spared else _environment(pid)
        if env.get(variable) == mark:
            names[pid] = sessions[_session(pid)] = f"{env.get('SPACE', '?')}.{env.get('REPLICA', '?')}"
    for nobodys in (0, os.getsid(0)):
        sessions.pop(nobodys, None)
    for pid in psutil.pids():
        if pid not in spared and pid not in names and (name := sessions.get(_session(pid))) is not None:
            names[pid] = name
    return [Leftover(pid, names[pid]) for pid in sorted(names)]


def signal_all(pids: Iterable[int], number: int) -> None:
    """Send a signal to each of these processes that is still there."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _own_line() -> frozenset[int]:
    own = psutil.Process()
    return frozenset({own.pid, *(parent.pid for parent in own.parents())})


def _environment(pid: int) -> dict[str, str]:
    try:
        process = psutil.Process(pid)
        return {} if process.status() == psutil.STATUS_ZOMBIE else process.environ()
    except (psutil.Error, OSError):
        return {}


def _session(pid: int) -> int:
    """The session of a live process; 0 when it has gone."""
    try:
        return 0 if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE else os.getsid(pid)
    except (psutil.Error, OSError):
        return 0
