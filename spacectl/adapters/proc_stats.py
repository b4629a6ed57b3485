"""CPU and memory of whole process trees, from one pass over /proc."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process tree uses. `cpu_percent` is of one core, since the sample before."""

    cpu_percent: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class _Row:
    parent: int
    session: int
    cpu_s: float
    memory_bytes: int


class Sampler:
    """Remembers the last sample, to tell how much CPU was used since."""

    def __init__(self) -> None:
        self._at = 0.0
        self._cpu_s: Mapping[int, float] = {}

    def sample(self, mains: Iterable[int]) -> dict[int, Usage]:
        """The usage of each main process with all it started, by main pid. A tree seen first has used 0 %."""
        rows, at = _read(), time.monotonic()
        cpu: dict[int, float] = {}
        memory: dict[int, int] = {}
        wanted = set(mains)
        for pid, row in rows.items():
            main = _main_of(pid, row, rows, wanted)
            if main is not None:
                cpu[main] = cpu.get(main, 0.0) + row.cpu_s
                memory[main] = memory.get(main, 0) + row.memory_bytes
        elapsed = at - self._at
        usage = {
            main: Usage(_percent(cpu[main] - self._cpu_s.get(main, cpu[main]), elapsed), memory[main]) for main in cpu
        }
        self._at, self._cpu_s = at, cpu
        return usage


def _percent(cpu_s: float, elapsed_s: float) -> float:
    # A child that ended takes its share out of the sum; that is not negative use.
    return round(max(0.0, 100 * cpu_s / elapsed_s), 1) if elapsed_s > 0 else 0.0


def _main_of(pid: int, row: _Row, rows: Mapping[int, _Row], mains: set[int]) -> int | None:
    if row.session in mains:
        return row.session
    seen = 0
    while pid not in mains:
        above = rows.get(pid)
        seen += 1
        if above is None or above.parent <= 1 or seen > len(rows):
            return None
        pid = above.parent
    return pid


def _read() -> dict[int, _Row]:
    rows = {}
    for name in os.listdir("/proc"):  # noqa: PTH208  (a Path for each of them costs more than reading them)
        if not name.isdigit():
            continue
        try:
            stat = Path(f"/proc/{name}/stat").read_bytes()
        except OSError:
            continue
        # proc(5): state is field 3, ppid 4, session 6, utime 14, stime 15, rss 24.
        fields = stat[stat.rindex(b")") + 2 :].split(None, 22)
        cpu_s = (int(fields[11]) + int(fields[12])) / _TICKS_PER_S
        rows[int(name)] = _Row(int(fields[1]), int(fields[3]), cpu_s, int(fields[21]) * _PAGE)
    return rows
