"""Looks at processes from outside: which belong to a session, what they use, when they end."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from benchmarks.peers.plans import MARK


def marked(mark: str) -> list[int]:
    """Every live process that carries the mark of a session."""
    wanted = f"{MARK}={mark}".encode()
    pids = (int(name) for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208
    return [pid for pid in pids if wanted in _read(f"/proc/{pid}/environ").split(b"\0")]


def words(pid: int) -> list[str]:
    """The command line of a process; empty when it has gone."""
    return _read(f"/proc/{pid}/cmdline").decode(errors="replace").split("\0")[:-1]


def cpu_s(pid: int) -> float:
    """Processor time that a process has used, to the nanosecond; 0 when it has gone.

    The clock of another process is made of its id as clock_getcpuclockid(3) makes it (Linux: CPUCLOCK_SCHED is 2).
    """
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


def pss_mb(pid: int) -> float:
    """Memory of a process with its share of what it shares, in MB; 0 when it has gone."""
    for line in _read(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith(b"Pss:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def end_all(mark: str, *, within_s: float = 20.0) -> None:
    """Kill every process of a session, and wait until none is left.

    Raises:
        TimeoutError: one stays.
    """
    deadline = time.monotonic() + within_s
    while left := marked(mark):
        if time.monotonic() > deadline:
            raise TimeoutError(f"processes {left} do not end")
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


class Watch:
    """Sees processes end at the moment they do, without looking again and again (pidfd_open(2))."""

    def __init__(self, pids: Iterable[int]) -> None:
        self._held = ExitStack()
        self._pids: dict[int, int] = {}
        for pid in pids:
            with suppress(ProcessLookupError):
                descriptor = os.pidfd_open(pid)
                self._held.callback(os.close, descriptor)
                self._pids[descriptor] = pid

    def wait(self, *, within_s: float) -> Mapping[int, float]:
        """When each ended (`time.monotonic()`), by pid; those that did not in time are not in it."""
        poll = select.poll()
        for descriptor in self._pids:
            poll.register(descriptor, select.POLLIN)
        ended: dict[int, float] = {}
        deadline = time.monotonic() + within_s
        while len(ended) < len(self._pids) and (left := deadline - time.monotonic()) > 0:
            for descriptor, _ in poll.poll(left * 1000):
                ended[self._pids[descriptor]] = time.monotonic()
                poll.unregister(descriptor)
        self._held.close()
        return ended


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""
