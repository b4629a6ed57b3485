"""Processes that somebody else started, and that are taken over."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from spacectl.adapters.processes import table
from spacectl.adapters.processes.children import Child, Processes
from spacectl.model.launch import Launch
from spacectl.model.state import Ended, Process

pytestmark = pytest.mark.anyio
Eventually = Callable[[Callable[[], object]], Awaitable[None]]

STARTER = """
import os, subprocess, sys
line, log, mark = sys.argv[1:]
env = {"PATH": os.environ["PATH"], "SPACECTL_RUN": mark}
child = subprocess.Popen(["/bin/sh", "-c", line], env=env, stdout=open(log, "a"), stderr=2, start_new_session=True)
print(child.pid, flush=True)
sys.stdin.read()
"""
"""A parent of its own for the process, as the killed supervisor was one; it waits for it only when it is told to."""


class Elsewhere:
    """Starts a process that is no child of this one."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "log"
        self._starters: list[subprocess.Popen[str]] = []
        self._pids: list[int] = []

    def start(self, line: str, mark: str = "m1") -> Process:
        starter = subprocess.Popen([sys.executable, "-c", STARTER, line, str(self.log), mark],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                   start_new_session=True)  # fmt: skip
        self._starters.append(starter)
        assert starter.stdout is not None
        self._pids.append(int(starter.stdout.readline()))
        return Process(self._pids[-1], table.start_ticks(self._pids[-1]) or 0, mark)

    def lose_parents(self) -> None:
        for starter in self._starters:
            starter.communicate()

    def end(self) -> None:
        for pid in self._pids:
            try:
                os.killpg(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.lose_parents()


@pytest.fixture
async def elsewhere(tmp_path: Path) -> AsyncIterator[Elsewhere]:
    made = Elsewhere(tmp_path)
    yield made
    made.end()


def adopt(processes: Processes, process: Process, folder: Path) -> Child:
    return processes.adopt(Launch((), folder, {}, folder / "log"), process)


async def until_ended(child: Child) -> Ended:
    return await asyncio.wait_for(asyncio.shield(child.ended), 20)


@pytest.mark.parametrize(
    ("line", "ended"),
    [("read x <&2; exit 3", Ended(3, None)), ("read x <&2; exit 0", Ended(0, None)), ("sleep 1000", Ended(None, 15))],
)
async def test_how_it_ended_is_seen_although_it_is_no_child(
    processes: Processes, elsewhere: Elsewhere, tmp_path: Path, line: str, ended: Ended
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    child = adopt(processes, elsewhere.start(line.replace("<&2", f"<{fifo}")), tmp_path)
    if ended.signal is None:
        await asyncio.to_thread(fifo.write_text, "go\n")
    else:
        child.ask(ended.signal)
    assert await until_ended(child) == ended
    await asyncio.wait_for(child.gone(), 20)


async def test_all_that_it_started_is_ended_with_it(
    processes: Processes, elsewhere: Elsewhere, tmp_path: Path, eventually: Eventually
) -> None:
    process = elsewhere.start("setsid sleep 1001 & sleep 1002 & echo started; wait")
    await eventually(lambda: elsewhere.log.exists() and "started" in elsewhere.log.read_text())
    child = adopt(processes, process, tmp_path)
    elsewhere.lose_parents()
    child.ask(signal.SIGKILL)
    await asyncio.wait_for(child.gone(), 20)
    assert not [pid for pid in table.look() if table.variable(pid, b"SPACECTL_RUN") == b"m1"]
    assert "started" in child.tail()


async def test_one_that_has_gone_meanwhile_has_ended(processes: Processes, tmp_path: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    child = adopt(processes, Process(gone.pid, 1, "m1"), tmp_path)
    assert await until_ended(child) == Ended(None, None)
    await asyncio.wait_for(child.gone(), 20)


async def test_a_recycled_pid_is_never_touched(processes: Processes, elsewhere: Elsewhere, tmp_path: Path) -> None:
    stranger = elsewhere.start("sleep 1000", mark="another")
    child = adopt(processes, Process(stranger.pid, stranger.start_ticks - 1, "m1"), tmp_path)
    assert await until_ended(child) == Ended(None, None)
    child.ask(signal.SIGKILL)
    await asyncio.wait_for(child.gone(), 20)
    assert table.start_ticks(stranger.pid) == stranger.start_ticks
    assert table.exit_status(stranger.pid, stranger.start_ticks) is None
