"""A tool at work: started, looked at, asked to stop, and at the end gone with all that it started."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from benchmarks.peers import processes
from benchmarks.peers.plans import Plan, Program
from benchmarks.peers.tools.base import Tool

_ROWS, _COLUMNS = 40, 120


@dataclass
class Session:
    """A tool that was started on a plan.

    Attributes:
        began: when it was executed (`time.monotonic()`).
        terminal: our end of the terminal it was given; None where it has none.
    """

    tool: Tool
    plan: Plan
    program: Program
    command: subprocess.Popen[bytes]
    began: float
    terminal: int | None

    def main_pid(self) -> int:
        """The process that supervises; looking it up may take a while."""
        return self.tool.main_pid(self.plan, self.command.pid)

    def services(self) -> list[int]:
        """The processes of the services."""
        return [pid for pid in processes.marked(self.plan.mark) if self._is_service(pid)]

    def supervising(self) -> list[int]:
        """Every process that is there because of the tool: itself and its helpers."""
        return [pid for pid in processes.marked(self.plan.mark) if not self._is_service(pid)]

    def ask_to_stop(self, main_pid: int) -> None:
        """Ask the tool to end everything."""
        self.tool.ask_to_stop(main_pid, self.terminal)

    def _is_service(self, pid: int) -> bool:
        # Its own argument, not a part of one: a shell that is about to become it is a helper.
        return self.program.path in processes.words(pid)[: len(self.program.argv)]


@contextmanager
def running(tool: Tool, plan: Plan, program: Program) -> Iterator[Session]:
    """A tool set up and started on a plan; at the end nothing of it is left."""
    tool.set_up(plan)
    ours, theirs = _terminal() if tool.terminal else (None, None)
    output = theirs if theirs is not None else os.open(plan.folder / "output", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    try:
        began = time.monotonic()
        command = subprocess.Popen(
            tool.start_command(plan),
            cwd=plan.folder,
            env=plan.env,
            stdin=theirs if theirs is not None else subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=_take_terminal if tool.terminal else None,  # noqa: PLW1509  (no thread runs yet)
        )
    finally:
        os.close(output)
    reader = threading.Thread(target=_drain, args=(ours,), daemon=True)
    if tool.terminal:
        reader.start()
    try:
        yield Session(tool, plan, program, command, began, ours)
    finally:
        processes.end_all(plan.mark)
        command.wait()
        if ours is not None:
            reader.join()
            os.close(ours)


def _terminal() -> tuple[int, int]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
    return ours, theirs


def _take_terminal() -> None:
    """Make standard input the controlling terminal of the new session (ioctl_tty(2))."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _drain(terminal: int) -> None:
    """Read what a tool draws, as a terminal does, until nobody holds the other end."""
    with suppress(OSError):
        while os.read(terminal, 65536):
            pass
