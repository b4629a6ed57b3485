"""Operating-system processes: start them, see them end, and end all that they started.

Each process gets a session of its own and writes straight to its log file. The supervisor is a child subreaper
(prctl(2), PR_SET_CHILD_SUBREAPER), so that orphans come back to it and one SIGCHLD handler sees every exit.
"""

from __future__ import annotations

import asyncio
import ctypes
import errno
import os
import signal
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from spacectl.errors import MachineError
from spacectl.model.launch import Launch, SpawnError
from spacectl.model.state import Ended

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_TAIL_BYTES = 16_384
_TAIL_LINES = 10
_FINAL = {errno.ENOENT, errno.EACCES, errno.ENOEXEC, errno.ENOTDIR, errno.EISDIR}


@dataclass(slots=True)
class Child:
    """A process that was started here.

    Attributes:
        marker: what its environment holds, and nobody else's: how its descendants are found wherever they are.
        log_start: size of the log when it was started.
        asked: the signal it was last asked to end with; None while it is meant to run.
    """

    launch: Launch
    pid: int
    start_ticks: int
    log_start: int
    marker: frozenset[bytes]
    popen: subprocess.Popen[bytes] = field(repr=False)
    ended: asyncio.Future[Ended] = field(repr=False)
    asked: int | None = None

    def ask(self, number: int) -> None:
        """Send a signal to the process group, and from now on to whatever else it started."""
        self.asked = number
        _signal_group(self.pid, number)

    async def gone(self) -> None:
        """Wait until nothing that it started is left, passing on the signal it was asked to end with."""
        await self.ended
        told: dict[int, int] = {}
        pause_s = 0.005
        while left := self._left():
            for pid in left:
                if self.asked is not None and told.get(pid) != self.asked:
                    told[pid] = self.asked
                    _signal(pid, self.asked)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, 0.1)

    def tail(self) -> tuple[str, ...]:
        """The last lines it wrote."""
        return tail(self.launch.log, self.log_start)

    def _left(self) -> list[int]:
        left = [pid for pid in carrying(self.marker) if pid != self.pid]
        return [*left, -self.pid] if group_exists(self.pid) else left


class Processes:
    """Every process of one system."""

    def __init__(self) -> None:
        self._children: dict[int, Child] = {}

    def install(self) -> None:
        """Become the one that orphans come back to, and listen for exits. To be called inside the running loop."""
        become_subreaper()
        asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, self._reap)

    def spawn(self, launch: Launch, marker: Iterable[str]) -> Child:
        """Start a process.

        Args:
            launch: what to start.
            marker: `NAME=value` pairs of its environment that together are its own.

        Raises:
            SpawnError: it could not be started.
        """
        try:
            fd = os.open(launch.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise SpawnError(f"cannot write {launch.log}: {error.strerror}", final=False) from error
        try:
            log_start = os.fstat(fd).st_size
            popen = _popen(launch, fd)
        finally:
            os.close(fd)
        child = Child(
            launch,
            popen.pid,
            start_ticks(popen.pid) or 0,
            log_start,
            frozenset(pair.encode() for pair in marker),
            popen,
            asyncio.get_running_loop().create_future(),
        )
        self._children[popen.pid] = child
        return child

    async def run(self, launch: Launch, marker: Iterable[str]) -> Ended:
        """Run a process to its end, and end what it left behind; cancelled, end it at once.

        Raises:
            SpawnError: it could not be started.
        """
        child = self.spawn(launch, marker)
        try:
            return await asyncio.shield(child.ended)
        finally:
            child.ask(signal.SIGKILL)
            await asyncio.shield(child.gone())

    async def end_strays(self) -> None:
        """End every child that nobody knows: orphans that cleared their environment and left their session."""
        while strays := [pid for pid in children_of(os.getpid()) if pid not in self._children]:
            for pid in strays:
                _signal(pid, signal.SIGKILL)
            await asyncio.sleep(0.01)

    def kill_all(self) -> None:
        """End every process started here at once, without waiting: the last thing before a crash."""
        for child in self._children.values():
            _signal_group(child.pid, signal.SIGKILL)

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
                child.popen.returncode = code
                child.ended.set_result(Ended(code, None) if code >= 0 else Ended(None, -code))


def become_subreaper() -> None:
    """Take in orphaned descendants instead of init.

    Raises:
        MachineError: the kernel refused.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise MachineError(f"cannot become a child subreaper: {os.strerror(ctypes.get_errno())}")


def start_ticks(pid: int) -> int | None:
    """The start time of a process in clock ticks since boot (proc(5), field 22); None when it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    return int(stat[stat.rindex(b")") + 2 :].split()[19])


def carrying(marker: frozenset[bytes]) -> list[int]:
    """The live processes whose environment holds every pair of the marker."""
    found = []
    for pid in _pids():
        try:
            env = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            continue
        if marker <= set(env.split(b"\0")):
            found.append(pid)
    return found


def children_of(parent: int) -> list[int]:
    """The direct children of a process, zombies left out."""
    found = []
    for pid in _pids():
        try:
            stat = Path(f"/proc/{pid}/stat").read_bytes()
        except OSError:
            continue
        state, ppid = stat[stat.rindex(b")") + 2 :].split()[:2]
        if int(ppid) == parent and state != b"Z":
            found.append(pid)
    return found


def group_exists(pid: int) -> bool:
    """Whether any process is left in a process group."""
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def tail(log: Path, start: int) -> tuple[str, ...]:
    """The last lines that a log holds from an offset on."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(start, size - _TAIL_BYTES))
            text = file.read(_TAIL_BYTES)
    except OSError:
        return ()
    return tuple(line.decode(errors="replace") for line in text.splitlines()[-_TAIL_LINES:])


def _popen(launch: Launch, fd: int) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603  (running what a manifest names is the job)
            launch.argv,
            cwd=launch.folder,
            env=launch.env,
            stdin=subprocess.DEVNULL,
            stdout=fd,
            stderr=fd,
            start_new_session=True,
        )
    except ValueError as error:  # an argument or a variable with a NUL byte
        raise SpawnError(f"cannot run {launch.argv[0]!r}: {error}", final=True) from error
    except OSError as error:
        raise SpawnError(_why(launch, error), final=error.errno in _FINAL) from error


def _why(launch: Launch, error: OSError) -> str:
    program = launch.argv[0]
    if not launch.folder.is_dir():
        return f"its folder {launch.folder} is gone"
    match error.errno:
        case errno.ENOENT if (launch.folder / program).is_file() and "/" in program:
            return f"cannot run {program!r}: the interpreter its first line names was not found"
        case errno.ENOENT:
            return f"command not found: {program!r}"
        case errno.EACCES:
            return f"cannot run {program!r}: it is not executable"
        case errno.ENOEXEC:
            return f"cannot run {program!r}: it is not a program this machine can execute"
    return f"cannot run {program!r}: {error.strerror}"


def _pids() -> Iterable[int]:
    own = os.getpid()
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != own]  # noqa: PTH208


def _signal(pid: int, number: int) -> None:
    if pid < 0:
        _signal_group(-pid, number)
        return
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def _signal_group(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return
