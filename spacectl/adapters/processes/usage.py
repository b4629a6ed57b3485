"""CPU and memory of whole process trees, from one look at all processes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from spacectl.adapters.processes.table import Table, look, pids

_STRANGERS_FRESH = 10
"""Samples for which a process that belongs to nobody is not looked at again."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process tree uses. `cpu_percent` is of one core, since the sample before."""

    cpu_percent: float
    memory_bytes: int


class Sampler:
    """Remembers the last sample, to tell how much CPU was used since; and who had no part in it.

    A machine runs far more than one system, and who did not descend from a main process hardly ever comes to.
    """

    def __init__(self) -> None:
        self._at = 0.0
        self._cpu_s: Mapping[int, float] = {}
        self._mains: set[int] = set()
        self._strangers: set[int] = set()
        self._fresh = 0

    def sample(self, mains: Iterable[int]) -> dict[int, Usage]:
        """The usage of each main process with all it started, by main pid. A tree seen first has used 0 %."""
        wanted = set(mains)
        self._forget_strangers(wanted)
        table, at = look(pids() - self._strangers), time.monotonic()
        cpu_s: dict[int, float] = {}
        memory: dict[int, int] = {}
        for pid, row in table.items():
            main = _main_of(pid, table, wanted)
            if main is None:
                self._strangers.add(pid)
            else:
                cpu_s[main] = cpu_s.get(main, 0.0) + row.cpu_s
                memory[main] = memory.get(main, 0) + row.memory_bytes
        elapsed_s = at - self._at
        usage = {
            main: Usage(_percent(used - self._cpu_s.get(main, used), elapsed_s), memory[main])
            for main, used in cpu_s.items()
        }
        self._at, self._cpu_s = at, cpu_s
        return usage

    def _forget_strangers(self, mains: set[int]) -> None:
        """Where others are looked for, and every now and then: the number of one may have gone to another one."""
        self._fresh -= 1
        if mains != self._mains or self._fresh < 0:
            self._mains, self._strangers, self._fresh = mains, set(), _STRANGERS_FRESH


def _percent(cpu_s: float, elapsed_s: float) -> float:
    # An orphan that ended takes its share out of the sum; that is not negative use.
    return round(max(0.0, 100 * cpu_s / elapsed_s), 1) if elapsed_s > 0 else 0.0


def _main_of(pid: int, table: Table, mains: set[int]) -> int | None:
    if table[pid].session in mains:
        return table[pid].session
    steps = 0
    while pid not in mains:
        row = table.get(pid)
        steps += 1
        if row is None or row.parent <= 1 or steps > len(table):
            return None
        pid = row.parent
    return pid
