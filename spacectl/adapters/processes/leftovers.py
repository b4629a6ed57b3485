"""Finds and signals what a killed supervisor left behind: what carries the system's mark or is on record."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping

from spacectl.adapters.processes import table
from spacectl.adapters.processes.census import Identity
from spacectl.core.adopting import Found
from spacectl.core.environment import MARK


def find(variable: str, mark: str, recorded: Mapping[Identity, tuple[str, str]]) -> list[Found]:
    """The live processes that carry a mark or are on record, and all in the sessions of those; by pid.

    Who asks is left out, with everything above it: the command may have been given inside a space.

    Args:
        variable: the variable that holds the system's mark.
        mark: its value.
        recorded: the name and the own mark of each main process that is on record; it may have cleared its environment.
    """
    rows = table.look()
    spared = _own_line(rows)
    owners: dict[int, tuple[str, str]] = {}
    for pid, row in rows.items():
        if pid in spared:
            continue
        known = recorded.get((pid, row.start_ticks)) or _marked(pid, variable, mark)
        if known is not None:
            owners[pid] = known
    sessions = {rows[pid].session: owner for pid, owner in owners.items()}
    for nobodys in (0, os.getsid(0)):
        sessions.pop(nobodys, None)
    for pid, row in rows.items():
        if pid not in spared and pid not in owners and row.session in sessions:
            owners[pid] = sessions[row.session]
    return [_found(pid, rows[pid], *owners[pid]) for pid in sorted(owners)]


def signal_all(pids: Iterable[int], number: int) -> None:
    """Send a signal to each of these processes that is still there."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _found(pid: int, row: table.Row, name: str, mark: str) -> Found:
    return Found(pid, row.start_ticks, name, mark, leads=row.session == pid)


def _own_line(rows: table.Table) -> set[int]:
    line, pid = set[int](), os.getpid()
    while pid not in line:
        line.add(pid)
        pid = rows[pid].parent if pid in rows else 0
    return line


def _marked(pid: int, variable: str, mark: str) -> tuple[str, str] | None:
    """The name and the own mark of a process that carries the system's mark."""
    if table.variable(pid, variable.encode()) != os.fsencode(mark):
        return None
    space, replica, own = (_text(pid, name) for name in ("SPACE", "REPLICA", MARK))
    return f"{space or '?'}.{replica or '?'}", own


def _text(pid: int, name: str) -> str:
    return os.fsdecode(table.variable(pid, name.encode()) or b"")
