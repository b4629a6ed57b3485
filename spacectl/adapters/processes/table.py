"""The machine's table of processes, as one look at /proc tells it (proc(5))."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from typing import NamedTuple

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_GONE = frozenset({b"Z", b"X"})
_EXEC_LOOKS, _EXEC_LOOK_S = 10, 0.001
_PIECE = 8192  # a stat line is far shorter, most environments too


class Row(NamedTuple):
    """One process that lives.

    Attributes:
        start_ticks: its start time in clock ticks since boot: tells a recycled pid.
        cpu_s: seconds of CPU that it has used, and its children that have ended and that it waited for.
        memory_bytes: what it holds in memory, pages it shares included.
    """

    parent: int
    session: int
    start_ticks: int
    cpu_s: float
    memory_bytes: int


Table = Mapping[int, Row]
"""Rows by pid. A process that has ended and was not waited for yet (a zombie) is not in it."""


def pids() -> set[int]:
    """Every process that is there now, dead or alive."""
    return {int(name) for name in os.listdir("/proc") if name.isdigit()}  # noqa: PTH208  (a Path for each costs more)


def look(wanted: Iterable[int] | None = None) -> Table:
    """Every process that lives now; of those wanted, where that is said."""
    rows = ((pid, _row(pid)) for pid in (pids() if wanted is None else wanted))
    return {pid: row for pid, row in rows if row is not None}


def start_ticks(pid: int) -> int | None:
    """The start time of a process, dead or alive; None when it has been waited for."""
    stat = _read(f"/proc/{pid}/stat")
    return int(_fields(stat)[19]) if stat else None


def exit_status(pid: int, start_ticks: int) -> int | None:
    """The wait status of a process that has ended and that nobody has waited for yet; else None."""
    fields = _fields(_read(f"/proc/{pid}/stat"))
    if not fields or fields[0] not in _GONE or int(fields[19]) != start_ticks:
        return None
    return int(fields[-1].split()[-1])  # exit_code 52, the last


def variable(pid: int, name: bytes) -> bytes | None:
    """A variable of the environment that a process was started with; None where it has none or nobody may see it."""
    environment = b"\0" + _environment(pid)
    start = environment.find(b"\0" + name + b"=")
    if start < 0:
        return None
    start += len(name) + 2
    end = environment.find(b"\0", start)
    return environment[start:] if end < 0 else environment[start:end]


def own_children() -> set[int] | None:
    """The processes whose parent is this one, those included that ended and were not waited for; None: not known.

    A list of the kernel's (proc(5), /proc/PID/task/TID/children) that costs nothing beside a look. It may lack one only
    while another one is waited for, which nobody does but the caller.
    """
    found: set[int] = set()
    for task in os.listdir("/proc/self/task"):  # noqa: PTH208
        path = f"/proc/self/task/{task}/children"
        children = _read(path)
        if not children and not os.path.exists(path):  # noqa: PTH110
            return None
        found.update(map(int, children.split()))
    return found


def families(table: Table) -> Mapping[int, list[int]]:
    """The children of each process that has any."""
    children: dict[int, list[int]] = {}
    for pid, row in table.items():
        children.setdefault(row.parent, []).append(pid)
    return children


def descendants(children: Mapping[int, list[int]], roots: Iterable[int]) -> set[int]:
    """Everything below these processes, near and far; not themselves."""
    found: set[int] = set()
    ahead = list(roots)
    while ahead:
        new = [pid for pid in children.get(ahead.pop(), ()) if pid not in found]
        found.update(new)
        ahead += new
    return found


def _environment(pid: int) -> bytes:
    environment = _read(f"/proc/{pid}/environ")
    if not environment and not os.access(f"/proc/{pid}/environ", os.R_OK):
        return b""  # another user's, or gone
    for _ in range(_EXEC_LOOKS):
        if environment:
            break
        before = _environment_end(pid)
        environment = _read(f"/proc/{pid}/environ")
        if before is None or (before and before == _environment_end(pid)):
            break  # it has none, and had none all the time
        time.sleep(_EXEC_LOOK_S)
    return environment


def _environment_end(pid: int) -> int | None:
    """Where in its memory the environment of a process ends; None where it has ended, and has no memory.

    It is 0 in the middle of execve(2), where a process has neither its old environment nor its new one.

    The kernel lays out the memory of each program anew, so that two programs hardly ever have the same end.
    """
    stat = _read(f"/proc/{pid}/stat")
    fields = stat[stat.rfind(b")") + 2 :].split()
    # Counted from the state, field 3: vsize 23, env_end 51.
    return int(fields[48]) if len(fields) > 48 and fields[20] != b"0" else None  # noqa: PLR2004


def _row(pid: int) -> Row | None:
    stat = _read(f"/proc/{pid}/stat")
    fields = _fields(stat)
    if not fields or fields[0] in _GONE:
        return None
    # Counted from the state, field 3: ppid 4, session 6, utime to cstime 14 to 17, starttime 22, rss 24.
    cpu_s = (int(fields[11]) + int(fields[12]) + int(fields[13]) + int(fields[14])) / _TICKS_PER_S
    return Row(int(fields[1]), int(fields[3]), int(fields[19]), cpu_s, int(fields[21]) * _PAGE)


def _fields(stat: bytes) -> list[bytes]:
    # The program's name may hold blanks and brackets; the last bracket ends it.
    return stat[stat.rfind(b")") + 2 :].split(None, 22)


def _read(path: str) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        text = piece = os.read(descriptor, _PIECE)
        while len(piece) == _PIECE:
            piece = os.read(descriptor, _PIECE)
            text += piece
    except OSError:
        return b""
    finally:
        os.close(descriptor)
    return text
