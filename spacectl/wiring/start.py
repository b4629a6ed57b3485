"""Starts a supervisor process: a fork of the command, so that nothing is imported twice."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from spacectl.adapters.lock import holder, is_locked, sign, try_lock
from spacectl.adapters.log_store import keep_previous
from spacectl.adapters.private_files import make_folder, unwritable
from spacectl.errors import AlreadyRunningError, Exit, InternalError, SpacectlError, machine_error
from spacectl.model.layout import Layout
from spacectl.wiring import leftovers
from spacectl.wiring.prepare import Prepared

RUN_ON = b"."
"""Sent over the lifeline: the supervisor goes on without us."""


@dataclass(slots=True)
class Lock:
    """The right to run the system's one supervisor; handed on to it."""

    descriptor: int

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

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
        lifeline: it shuts the system down when this descriptor is closed, by us or by our end, without a word.
    """

    pid: int
    lifeline: int
    status: int | None = None

    @property
    def is_held(self) -> bool:
        """Whether it would end with us."""
        return self.lifeline >= 0

    def ended(self) -> int | None:
        """Its exit code when it has ended, else None."""
        if self.status is None:
            with contextlib.suppress(ChildProcessError):
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                self.status = os.waitstatus_to_exitcode(status) if pid else None
        return self.status

    def let_run(self) -> None:
        """Let it go on without us."""
        if self.lifeline >= 0:
            with contextlib.suppress(BrokenPipeError):
                os.write(self.lifeline, RUN_ON)
        self.let_go()

    def let_go(self) -> None:
        """Let the lifeline go: the supervisor shuts the system down, unless it was told to run on."""
        if self.lifeline >= 0:
            os.close(self.lifeline)
            self.lifeline = -1


def is_running(layout: Layout) -> bool:
    """Whether a supervisor runs the system in this folder, or is about to."""
    return is_locked(layout.lock)


def kill_supervisor(layout: Layout) -> bool:
    """End a supervisor that does not answer any more; whether one was found."""
    pid = holder(layout.lock)
    if pid is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    return True


def take_lock(layout: Layout) -> Lock:
    """Become the one who may start a supervisor here.

    Raises:
        AlreadyRunningError: one runs already.
        MachineError: the folder cannot be written.
    """
    make_folder(layout.state)
    make_folder(layout.run)
    descriptor = try_lock(layout.lock)
    if descriptor is None:
        raise AlreadyRunningError(
            f"the system in {layout.root} is running already",
            hint="`spacectl ps` shows it, `spacectl start SPACE` starts one more space, `spacectl down` stops it",
        )
    return Lock(descriptor)


def start(prepared: Prepared, lock: Lock, *, watch: bool) -> SupervisorProcess:
    """Fork a supervisor. Signals are to be held back meanwhile: one that came between would meet a half-made one.

    Args:
        prepared: what it is to run.
        lock: the system's lock; the supervisor holds it as long as it lives.
        watch: whether it restarts spaces whose files change.

    Raises:
        MachineError: its log cannot be written.
    """
    _refuse_threads()
    try:
        keep_previous(prepared.layout.logs)
        prepared.layout.control_socket.unlink(missing_ok=True)  # of a supervisor that was killed
        log = os.open(prepared.layout.supervisor_log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise unwritable(Path(error.filename or prepared.layout.logs), error) from error
    ours, theirs = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        os._exit(_supervisor(prepared, watch=watch, log=log, lifeline=ours, lock=lock.descriptor))
    os.close(ours)
    os.close(log)
    if prepared.front_door is not None:
        prepared.front_door.release()
    lock.release()
    return SupervisorProcess(pid, theirs)


def _refuse_threads() -> None:
    """A fork takes only the thread that forks; a lock that another one holds would stay locked for ever."""
    threads = len(os.listdir("/proc/self/task"))  # noqa: PTH208  (names are all that is needed)
    if threads > 1:
        raise InternalError(f"{threads} threads run where the supervisor is to be forked")


def _supervisor(prepared: Prepared, *, watch: bool, log: int, lifeline: int, lock: int) -> int:
    """The life of the forked process; it must never return into the command it was forked from."""
    try:
        front_door = () if prepared.front_door is None else (prepared.front_door.descriptor,)
        _leave_command(log, keep=(lifeline, lock, *front_door))
        sign(lock, os.getpid())
        from spacectl.wiring.supervise import supervise

        # Not asyncio.run: it waits for every task that was cancelled, and a reconnecting nats-py never obeys.
        asyncio.new_event_loop().run_until_complete(supervise(prepared, watch=watch, lifeline=lifeline))
    except BaseException as error:  # noqa: BLE001  (the last boundary: whatever it is goes to the log that `up` names)
        code = _say_last(error)
        leftovers.kill(prepared.layout)
        return int(code)
    return int(Exit.OK)


def _leave_command(log: int, keep: tuple[int, ...]) -> None:
    """Have nothing in common with the command any more: no terminal, no signals, no open files."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _later)  # until the loop listens; a handler, for what is ignored is inherited
    nothing = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208
        if int(name) not in {0, 1, 2, *keep}:
            with contextlib.suppress(OSError):  # the one that listed them
                os.close(int(name))
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _later(_number: int, _frame: object) -> None:
    """The lifeline, or who asked, speaks again."""


def _say_last(error: BaseException) -> Exit:
    """Write into the log what happened, as `up` looks for it; the exit code that says so too."""
    told = machine_error(error) if isinstance(error, OSError) else error
    if not isinstance(told, SpacectlError) or told.exit_code is Exit.BUG:
        traceback.print_exc()
        return Exit.BUG
    lines = [f"error: {told.message}", *([f"hint: {told.hint}"] if told.hint else [])]
    print("\n".join(lines), file=sys.stderr, flush=True)  # noqa: T201  (its own log by now)
    return told.exit_code
