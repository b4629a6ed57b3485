"""Starts a supervisor process: a fork of the command, so that nothing is imported twice."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
import traceback
from dataclasses import dataclass

from spacectl.adapters.lock import is_locked, try_lock
from spacectl.adapters.private_files import make_folder
from spacectl.adapters.processes import carrying
from spacectl.core.environment import INSTANCE
from spacectl.errors import AlreadyRunningError, Exit, SpacectlError
from spacectl.model.layout import Layout
from spacectl.wiring.prepare import Prepared, instance_of


@dataclass(slots=True)
class Lock:
    """The right to run the system's one supervisor; handed on to it."""

    descriptor: int

    def release(self) -> None:
        """Let go of it; a supervisor that was started keeps it."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


@dataclass(slots=True)
class SupervisorProcess:
    """A supervisor that was started from here.

    Attributes:
        pid: its process id.
        lifeline: while this descriptor is open it runs on; None when it runs by itself.
    """

    pid: int
    lifeline: int | None
    status: int | None = None

    def ended(self) -> int | None:
        """Its exit code when it has ended, else None."""
        if self.status is None:
            with contextlib.suppress(ChildProcessError):
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                self.status = os.waitstatus_to_exitcode(status) if pid else None
        return self.status

    def let_go(self) -> None:
        """Let the lifeline go: the supervisor shuts the system down."""
        if self.lifeline is not None:
            os.close(self.lifeline)
            self.lifeline = None


def is_running(layout: Layout) -> bool:
    """Whether a supervisor runs the system in this folder."""
    return is_locked(layout.lock)


def take_lock(layout: Layout) -> Lock:
    """Become the one who may start a supervisor here.

    Raises:
        AlreadyRunningError: one runs already.
        MachineError: the folder cannot be written.
    """
    make_folder(layout.run)
    descriptor = try_lock(layout.lock)
    if descriptor is None:
        raise AlreadyRunningError(
            f"the system in {layout.root} is running already",
            hint="`spacectl ps` shows it, `spacectl start SPACE` starts one more space, `spacectl down` stops it",
        )
    return Lock(descriptor)


def start(prepared: Prepared, lock: Lock, *, watch: bool, hold: bool) -> SupervisorProcess:
    """Fork a supervisor.

    Args:
        prepared: what it is to run.
        lock: the system's lock; the supervisor holds it as long as it lives.
        watch: whether it restarts spaces whose files change.
        hold: whether the system is to end with this process.
    """
    _keep_last_logs(prepared.layout)
    prepared.layout.control_socket.unlink(missing_ok=True)  # of a supervisor that was killed
    ours, theirs = os.pipe() if hold else (None, None)
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        if theirs is not None:
            os.close(theirs)
        os._exit(_supervisor(prepared, watch=watch, lifeline=ours))
    if ours is not None:
        os.close(ours)
    lock.release()
    return SupervisorProcess(pid, theirs)


def _supervisor(prepared: Prepared, *, watch: bool, lifeline: int | None) -> int:
    """The life of the forked process; it must never return into the command it was forked from."""
    try:
        _leave_terminal(prepared.layout)
        from spacectl.wiring.supervise import supervise

        # Not asyncio.run: it waits for every task that was cancelled, and a reconnecting nats-py never obeys.
        asyncio.new_event_loop().run_until_complete(supervise(prepared, watch=watch, lifeline=lifeline))
    except SpacectlError as error:
        print(f"error: {error.message}", file=sys.stderr, flush=True)  # noqa: T201  (its own log by now)
        return int(error.exit_code)
    except BaseException:  # noqa: BLE001  (the last boundary: whatever it is goes to the log that `up` names)
        traceback.print_exc()
        return int(Exit.BUG)
    return int(Exit.OK)


def _leave_terminal(layout: Layout) -> None:
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # until the loop listens for them
    nothing = os.open(os.devnull, os.O_RDONLY)
    log = os.open(layout.supervisor_log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.close(nothing)
    os.close(log)


def _keep_last_logs(layout: Layout) -> None:
    """Put the logs of the run before aside, one run deep."""
    for log in layout.logs.glob("*.log"):
        if not log.name.endswith(".previous.log"):
            log.replace(log.with_name(f"{log.stem}.previous.log"))


def refuse_leftovers(layout: Layout) -> None:
    """Make sure that no process of an earlier run is left.

    Raises:
        AlreadyRunningError: one is; its supervisor was killed.
    """
    left = leftovers(layout)
    if left:
        pids = ", ".join(str(pid) for pid in left)
        raise AlreadyRunningError(
            f"the supervisor of the system in {layout.root} was killed, and its processes live on: {pids}",
            hint="`spacectl down` ends them",
        )


def leftovers(layout: Layout) -> list[int]:
    """The processes that carry this system's mark; with no supervisor there should be none."""
    mark = f"{INSTANCE}={instance_of(layout.root)}"
    return carrying(frozenset({mark.encode()}))


def end_leftovers(layout: Layout, *, patience_s: float = 10.0) -> int:
    """End what a killed supervisor left behind: SIGTERM, then SIGKILL; how many processes it was."""
    found: set[int] = set()
    deadline = time.monotonic() + patience_s
    while left := leftovers(layout):
        late = time.monotonic() > deadline
        for pid in left:
            if late or pid not in found:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
        found |= set(left)
        time.sleep(0.05)
    return len(found)
