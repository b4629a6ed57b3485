"""Finds what a process started, wherever it has got to, in one look that many may share."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable

from spacectl.adapters.processes import table

MARK = "SPACECTL_RUN"
"""The variable that holds a value of its own for every process that is started, and that its children inherit."""

Identity = tuple[int, int]
"""A pid and its start time in clock ticks: never the same for two processes."""


class Census:
    """All that descends from this process, at one moment.

    Orphans come back to this process, so that nothing it started is ever anywhere else. What it took over from an
    earlier supervisor is: then it looks at every process of the machine.

    Attributes:
        at: the monotonic clock before the look: what ended earlier is not in it.
    """

    def __init__(self, *, everywhere: bool = False) -> None:
        self.at = time.monotonic()
        self._table = table.look()
        self._own = {*self._table} - {os.getpid()} if everywhere else table.descendants(self._table, [os.getpid()])
        self._marks: dict[int, bytes | None] = {}

    def identities(self, pids: Iterable[int]) -> frozenset[Identity]:
        """What tells these processes, which are in this census, from any others."""
        return frozenset((pid, self._table[pid].start_ticks) for pid in pids)

    def in_session(self, pid: int) -> bool:
        """Whether anybody is left in the session that a process led."""
        return any(self._table[each].session == pid for each in self._own)

    def of(self, mark: bytes, session: int | None, known: frozenset[Identity]) -> list[int]:
        """What carries a mark, is in a session or is known by identity, and everything below any of them."""
        roots = {pid for pid in self._own if self._table[pid].session == session or self._mark(pid) == mark}
        roots |= {pid for pid, _ in known.intersection(self.identities(self._own))}
        return sorted(roots | table.descendants(self._table, roots))

    def _mark(self, pid: int) -> bytes | None:
        if pid not in self._marks:
            self._marks[pid] = table.variable(pid, MARK.encode())
        return self._marks[pid]


class Lookout:
    """Takes a census when the last one is too old.

    Attributes:
        everywhere: look at more than what descends from this process.
    """

    def __init__(self) -> None:
        self.everywhere = False
        self._last: Census | None = None

    def census(self, *, since: float) -> Census:
        """A census that began after a moment of the monotonic clock."""
        if self._last is None or self._last.at <= since:
            self._last = Census(everywhere=self.everywhere)
        return self._last
