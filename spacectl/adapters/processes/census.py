"""Finds what a process started, wherever it has got to, in one look that many may share."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from functools import cached_property

from spacectl.adapters.processes import table
from spacectl.core.environment import MARK

Identity = tuple[int, int]
"""A pid and its start time in clock ticks: never the same for two processes."""


class Census:
    """All that descends from this process, at one moment.

    Orphans come back to this process, so that nothing it started is ever anywhere else. What it took over from an
    earlier supervisor is: then it looks at every process of the machine.

    Args:
        started: the processes that were started here, each the leader of a session, and have not ended.

    Attributes:
        at: the monotonic clock before the look: what ended earlier is not in it.
    """

    def __init__(self, started: Iterable[int], *, everywhere: bool = False) -> None:
        self.at = time.monotonic()
        self._started = frozenset(started)
        self._table = table.look()
        self._children = table.families(self._table)
        own = table.descendants(self._children, [os.getpid()])
        self._own = {*self._table} - {os.getpid()} if everywhere else own
        self._sessions: dict[int, set[int]] = {}
        for pid in self._own:
            self._sessions.setdefault(self._table[pid].session, set()).add(pid)

    def identities(self, pids: Iterable[int]) -> frozenset[Identity]:
        """What tells these processes, which are in this census, from any others."""
        return frozenset((pid, self._table[pid].start_ticks) for pid in pids)

    def in_session(self, pid: int) -> bool:
        """Whether anybody is left in the session that a process led."""
        return pid in self._sessions

    def of(self, mark: bytes, session: int | None, known: frozenset[Identity]) -> list[int]:
        """What carries a mark, is in a session or is known by identity, and everything below any of them."""
        roots = self._marked.get(mark, set()) | {pid for pid, _ in known.intersection(self._identities)}
        if session is not None:
            roots |= self._sessions.get(session, set())
        return sorted(roots | table.descendants(self._children, roots))

    @cached_property
    def _identities(self) -> frozenset[Identity]:
        return self.identities(self._own)

    @cached_property
    def _marked(self) -> Mapping[bytes, set[int]]:
        marked: dict[bytes, set[int]] = {}
        for pid in self._own:
            # Nobody joins a session from outside: where its leader lives, all of it is that one's, whatever its marks.
            if self._table[pid].session in self._started:
                continue
            if (mark := table.variable(pid, MARK.encode())) is not None:
                marked.setdefault(mark, set()).add(pid)
        return marked


class Lookout:
    """Takes a census when the last one is too old, and knows when none is needed.

    Args:
        started: the processes that were started here and have not ended, by pid.

    Attributes:
        everywhere: look at more than what descends from this process.
    """

    def __init__(self, started: Mapping[int, object]) -> None:
        self._started = started
        self.everywhere = False
        self._last: Census | None = None

    def sees_orphans(self) -> bool:
        """Whether a process is there that lost its parent. Without one, nothing is left of any that ended here.

        What a process leaves behind comes back to this one before its end can be seen (kernel/exit.c, exit_notify).
        """
        children = None if self.everywhere else table.own_children()
        return children is None or not children <= self._started.keys()

    def census(self, *, since: float) -> Census:
        """A census that began after a moment of the monotonic clock."""
        if self._last is None or self._last.at <= since:
            self._last = Census(self._started, everywhere=self.everywhere)
        return self._last
