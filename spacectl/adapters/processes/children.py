"""The processes of one system: each in a session of its own, its output going straight to its log.

The supervisor is a child subreaper (prctl(2), PR_SET_CHILD_SUBREAPER), so that orphans come back to it and one SIGCHLD
handler sees every exit.
"""

from __future__ import annotations

import asyncio
import ctypes
import math
import os
import secrets
import signal
import subprocess
import time
from dataclasses import dataclass, field

from spacectl.adapters.processes import exits, table
from spacectl.adapters.processes.census import Census, Identity, Lookout
from spacectl.adapters.processes.starting import open_log, popen
from spacectl.adapters.processes.tail import tail
from spacectl.core.environment import MARK
from spacectl.errors import MachineError
from spacectl.model.launch import Launch
from spacectl.model.state import Ended, Process

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_FRESH_S = 0.05
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.005, 0.1
_STOPPING = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)


@dataclass(slots=True)
class Child:
    """A process that was started here, or taken over from an earlier supervisor.

    Attributes:
        start_ticks: its start time in clock ticks since boot.
        log_start: size of the log when it was started.
        mark: what its environment holds, and nobody else's: how its descendants are found wherever they are.
        started_at: the monotonic clock when it had been started: a census from before does not know it.
        asked: the signal it was last asked to end with; None while it is meant to run.
        ended_at: the monotonic clock when its end was seen.
    """

    launch: Launch
    pid: int
    start_ticks: int
    log_start: int
    mark: str
    popen: subprocess.Popen[bytes] | None = field(repr=False)
    ended: asyncio.Future[Ended] = field(repr=False)
    lookout: Lookout = field(repr=False)
    started_at: float = field(default_factory=time.monotonic)
    asked: int | None = None
    ended_at: float = math.inf
    _known: frozenset[Identity] = frozenset()
    _session_left: bool = True

    def ask(self, number: int) -> None:
        """Send a signal to the process group, and once the process has ended to whatever else it started."""
        if self.ended.done() and not self.lookout.sees_orphans():
            return
        if self.asked is None:
            # Before the parents go: what cleared its environment, in a session of its own, is known by nothing else.
            census = self.lookout.census(since=max(self.started_at, time.monotonic() - _FRESH_S))
            self._known = census.identities(self._left(census))
        self.asked = number
        if self._session_left:
            _signal_group(self.pid, number)

    async def gone(self) -> None:
        """Wait until nothing that it started is left, passing on the signal it was asked to end with."""
        await asyncio.shield(self.ended)
        if not self.lookout.sees_orphans():
            return
        told: dict[int, int] = {}
        census = self.lookout.census(since=self.ended_at)
        pause_s = _FIRST_PAUSE_S
        while left := self._left(census):
            self._pass_on(left, told)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
            census = self.lookout.census(since=census.at)

    def tail(self) -> tuple[str, ...]:
        """The last lines it wrote."""
        return tail(self.launch.log, self.log_start)

    def _left(self, census: Census) -> list[int]:
        # Once the session is empty nobody can join it, and its number may become another process's.
        self._session_left = self._session_left and census.in_session(self.pid)
        return census.of(self.mark.encode(), self.pid if self._session_left else None, self._known)

    def _pass_on(self, left: list[int], told: dict[int, int]) -> None:
        if self.asked is None:
            return
        if self.asked == signal.SIGKILL and self._session_left:
            _signal_group(self.pid, self.asked)  # all of it in one instant: it may be forking
        for pid in left:
            if told.get(pid) != self.asked:
                told[pid] = self.asked
                _signal(pid, self.asked)


class Processes:
    """Every process of one system."""

    def __init__(self) -> None:
        self._children: dict[int, Child] = {}
        self._adopted: dict[int, Child] = {}
        self._lookout = Lookout(self._children)

    def install(self) -> None:
        """Become the one that orphans come back to, and listen for exits. To be called inside the running loop."""
        become_subreaper()
        _let_children_hear()
        asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, self._reap)

    def spawn(self, launch: Launch) -> Child:
        """Start a process.

        Raises:
            SpawnError: it could not be started.
        """
        mark = secrets.token_hex(8)
        output, log_start = open_log(launch.log)
        try:
            started = popen(launch, {**launch.env, MARK: mark}, output)
        finally:
            os.close(output)
        child = Child(
            launch=launch,
            pid=started.pid,
            start_ticks=table.start_ticks(started.pid) or 0,
            log_start=log_start,
            mark=mark,
            popen=started,
            ended=asyncio.get_running_loop().create_future(),
            lookout=self._lookout,
        )
        self._children[started.pid] = child
        return child

    def adopt(self, launch: Launch, process: Process) -> Child:
        """Take over a process that an earlier supervisor started; one that has gone meanwhile has ended."""
        pidfd = _pidfd(process)
        child = Child(
            launch=launch,
            pid=process.pid,
            start_ticks=process.start_ticks,
            log_start=process.log_start,
            mark=process.mark,
            popen=None,
            ended=asyncio.get_running_loop().create_future(),
            lookout=self._lookout,
            _session_left=pidfd is not None,  # else the number may be another process's by now
        )
        self._lookout.everywhere = True  # what it starts does not come back to us, but to whom it was left
        if pidfd is None:
            _end(child, Ended(None, None))
            return child
        self._adopted[process.pid] = child
        asyncio.get_running_loop().add_reader(pidfd, self._adopted_ended, child, pidfd)
        return child

    async def run(self, launch: Launch) -> Ended:
        """Run a process to its end, and end what it left behind; cancelled, end it at once.

        Raises:
            SpawnError: it could not be started.
        """
        child = self.spawn(launch)
        try:
            return await asyncio.shield(child.ended)
        finally:
            child.ask(signal.SIGKILL)
            await asyncio.shield(child.gone())

    async def end_all(self) -> None:
        """End every child that is left, orphans too that nobody knows for they cleared their environment and hid."""
        pause_s = _FIRST_PAUSE_S
        while (left := _children()) or self._children:
            for pid in left:
                _signal_group(pid, signal.SIGKILL)
                _signal(pid, signal.SIGKILL)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    def kill_all(self) -> None:
        """End every process started here at once, without waiting: the last thing before a crash."""
        for child in (*self._children.values(), *self._adopted.values()):
            _signal_group(child.pid, signal.SIGKILL)

    def _adopted_ended(self, child: Child, pidfd: int) -> None:
        asyncio.get_running_loop().remove_reader(pidfd)
        self._adopted.pop(child.pid, None)
        ended = exits.ended(child.pid, child.start_ticks, pidfd)
        os.close(pidfd)
        _end(child, ended)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            child = self._children.pop(pid, None)
            if child is not None:
                code = os.waitstatus_to_exitcode(status)
                if child.popen is not None:
                    child.popen.returncode = code
                _end(child, Ended(code, None) if code >= 0 else Ended(None, -code))


def _pidfd(process: Process) -> int | None:
    """Refers to this very process; None when it has gone."""
    try:
        pidfd = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return None
    if table.start_ticks(process.pid) == process.start_ticks:
        return pidfd
    os.close(pidfd)
    return None


def _end(child: Child, ended: Ended) -> None:
    child.ended_at = time.monotonic()
    child.ended.set_result(ended)


def _children() -> list[int]:
    own = os.getpid()
    return [pid for pid, row in table.look().items() if row.parent == own]


def become_subreaper() -> None:
    """Take in orphaned descendants instead of init.

    Raises:
        MachineError: the kernel refused.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise MachineError(f"cannot become a child subreaper: {os.strerror(ctypes.get_errno())}")


def _let_children_hear() -> None:
    """Make sure that children can be asked to end: what is ignored or held back here, they would inherit (signal(7)).

    A shell without job control starts commands in the background with SIGINT and SIGQUIT ignored, `nohup` with SIGHUP.
    """
    for number in _STOPPING:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, _unheard)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)


def _unheard(_number: int, _frame: object) -> None:
    """What ignoring does, but only here: a handler is not inherited over execve(2)."""


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def _signal_group(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return
