import asyncio
import os
import signal
import stat
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import pytest

from spacectl.adapters.processes.census import Census, Lookout
from spacectl.adapters.processes.children import Child, Processes
from spacectl.model.launch import Launch
from spacectl.model.state import Ended

pytestmark = pytest.mark.anyio
Eventually = Callable[[Callable[[], object]], Awaitable[None]]
Make = Callable[..., Launch]

HIDDEN = """
import os, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(os.getpid(), file=open("pid", "w"), flush=True)
signal.pause()
"""


async def the_number_in(file: Path, eventually: Eventually) -> int:
    await eventually(lambda: file.exists() and file.read_text().endswith("\n"))
    return int(file.read_text())


async def end(child: Child, number: int = signal.SIGKILL) -> Ended:
    child.ask(number)
    await asyncio.wait_for(child.gone(), 20)
    return await child.ended


@pytest.mark.parametrize(
    ("line", "ended"),
    [
        ("exit 0", Ended(0, None)),
        ("exit 3", Ended(3, None)),
        ("kill -KILL $$", Ended(None, 9)),
        ("kill -SEGV $$", Ended(None, 11)),
    ],
)
async def test_how_it_ended_is_told(processes: Processes, launch: Make, line: str, ended: Ended) -> None:
    assert await processes.run(launch(line)) == ended


async def test_many_that_end_at_once_are_each_reaped_once(processes: Processes, launch: Make) -> None:
    children = [processes.spawn(launch(f"exit {number}")) for number in range(30)]
    endings = await asyncio.wait_for(asyncio.gather(*(child.ended for child in children)), 20)
    assert endings == [Ended(number, None) for number in range(30)]
    assert not any(Path(f"/proc/{child.pid}").exists() for child in children)
    assert processes._children == {}


async def test_the_log_is_appended_to_and_private(processes: Processes, launch: Make, tmp_path: Path) -> None:
    (tmp_path / "log").write_text("what was there\n")
    child = processes.spawn(launch("echo out; echo err >&2"))
    await child.ended
    assert (tmp_path / "log").read_text() == "what was there\nout\nerr\n"
    assert child.log_start == len("what was there\n")
    assert child.tail() == ("out", "err")
    await processes.run(launch("true", log="new"))
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600


async def test_the_tail_holds_the_last_lines_whatever_their_bytes(processes: Processes, launch: Make) -> None:
    child = processes.spawn(launch(r"seq 1 5000; printf 'bad \377 byte\nno newline'"))
    await child.ended
    assert child.tail() == (*map(str, range(4993, 5001)), "bad � byte", "no newline")


async def test_it_has_no_input_and_a_session_of_its_own(
    processes: Processes, launch: Make, tmp_path: Path, eventually: Eventually
) -> None:
    child = processes.spawn(launch("cat; echo $$ > pid; exec sleep 300"))
    assert await the_number_in(tmp_path / "pid", eventually) == child.pid
    assert os.getsid(child.pid) == os.getpgid(child.pid) == child.pid
    assert await end(child) == Ended(None, 9)


async def test_one_that_ignores_the_request_is_killed(
    processes: Processes, launch: Make, tmp_path: Path, eventually: Eventually
) -> None:
    child = processes.spawn(launch("trap 'echo no' TERM; echo $$ > pid; while :; do sleep 0.05; done"))
    await the_number_in(tmp_path / "pid", eventually)
    child.ask(signal.SIGTERM)
    await eventually(lambda: "no" in child.tail())
    assert not child.ended.done()
    assert await end(child) == Ended(None, 9)


async def test_it_is_gone_only_when_its_children_are(
    processes: Processes, launch: Make, tmp_path: Path, eventually: Eventually, lives: Callable[[int], bool]
) -> None:
    child = processes.spawn(launch("sleep 300 & echo $! > pid"))
    assert await child.ended == Ended(0, None)
    left = await the_number_in(tmp_path / "pid", eventually)
    gone = asyncio.ensure_future(child.gone())
    done, _ = await asyncio.wait([gone], timeout=0.2)
    assert not done
    assert lives(left)
    child.ask(signal.SIGTERM)
    await asyncio.wait_for(gone, 20)
    assert not lives(left)


async def test_a_daemon_in_another_session_gets_the_signal_when_the_main_process_has_ended(
    processes: Processes, launch: Make, tmp_path: Path, eventually: Eventually, lives: Callable[[int], bool]
) -> None:
    daemon = "trap 'echo asked; exit' TERM; echo $$ > pid; while :; do sleep 0.05; done"
    child = processes.spawn(launch(f'setsid sh -c "{daemon.replace("$", chr(92) + "$")}" & wait'))
    pid = await the_number_in(tmp_path / "pid", eventually)
    assert os.getsid(pid) == pid
    await end(child, signal.SIGTERM)
    assert not lives(pid)
    assert child.tail()[-1] == "asked"


async def test_a_daemon_that_ignores_the_request_is_killed(
    processes: Processes, launch: Make, tmp_path: Path, eventually: Eventually, lives: Callable[[int], bool]
) -> None:
    (tmp_path / "hidden.py").write_text(HIDDEN)
    child = processes.spawn(launch("(setsid python3 hidden.py &) ; exec sleep 300"))
    pid = await the_number_in(tmp_path / "pid", eventually)
    child.ask(signal.SIGTERM)
    gone = asyncio.ensure_future(child.gone())
    await asyncio.wait([gone], timeout=0.2)
    assert lives(pid)
    child.ask(signal.SIGKILL)
    await asyncio.wait_for(gone, 20)
    assert not lives(pid)


async def test_what_cleared_its_environment_is_found_by_its_parent_or_its_session(
    processes: Processes, launch: Make, tmp_path: Path, eventually: Eventually, lives: Callable[[int], bool]
) -> None:
    (tmp_path / "hidden.py").write_text(HIDDEN)
    child = processes.spawn(launch('env -i setsid "$(command -v python3)" hidden.py & sleep 300'))
    pid = await the_number_in(tmp_path / "pid", eventually)
    assert os.getsid(pid) == pid
    await end(child)
    assert not lives(pid)

    (tmp_path / "pid").unlink()
    left = processes.spawn(launch('(env -i setsid "$(command -v python3)" hidden.py & wait) &'))
    pid = await the_number_in(tmp_path / "pid", eventually)
    await left.ended
    await end(left)
    assert not lives(pid)

    (tmp_path / "pid").unlink()
    regroup = 'import os; os.setpgid(0, 0); os.execve("/bin/sh", ["sh", "-c", "echo $$ > pid; exec sleep 300"], {})'
    other = processes.spawn(launch(f"python3 -c '{regroup}' &"))
    pid = await the_number_in(tmp_path / "pid", eventually)
    await other.ended
    assert os.getpgid(pid) == pid
    assert os.getsid(pid) == other.pid
    await end(other)
    assert not lives(pid)


async def test_what_hides_completely_is_ended_with_the_rest(
    processes: Processes, launch: Make, tmp_path: Path, eventually: Eventually, lives: Callable[[int], bool]
) -> None:
    (tmp_path / "hidden.py").write_text(HIDDEN)
    child = processes.spawn(launch('(env -i setsid "$(command -v python3)" hidden.py &) ; exec sleep 300'))
    pid = await the_number_in(tmp_path / "pid", eventually)
    await end(child)
    await asyncio.wait_for(processes.end_all(), 20)
    assert not lives(pid)


async def test_a_zombie_holds_nothing_up(
    processes: Processes, launch: Make, tmp_path: Path, eventually: Eventually
) -> None:
    forgetful = """
import os, signal, sys
if os.fork() == 0:
    os._exit(0)
if os.fork() == 0:
    if os.fork() == 0:
        os._exit(0)
    os.setsid()
    print(os.getpid(), file=open("pid", "w"), flush=True)
    signal.pause()
signal.pause()
"""
    child = processes.spawn(launch(python=forgetful))
    await the_number_in(tmp_path / "pid", eventually)
    assert await end(child) == Ended(None, 9)


async def test_a_command_with_the_environment_of_another_ends_without_it(
    processes: Processes, launch: Make, lives: Callable[[int], bool]
) -> None:
    env = {"SPACE": "orders", "REPLICA": "1", "SPACECTL_INSTANCE": "x"}
    replica = processes.spawn(launch("exec sleep 300", env=env))
    assert await processes.run(launch("sleep 300 & exit 4", log="probe", env=env)) == Ended(4, None)
    assert lives(replica.pid)
    assert not replica.ended.done()


async def test_a_command_that_is_cancelled_or_too_slow_is_killed_with_all_it_started(
    processes: Processes, launch: Make, tmp_path: Path, eventually: Eventually, lives: Callable[[int], bool]
) -> None:
    running = asyncio.ensure_future(processes.run(launch("trap '' TERM; sleep 300 & echo $! > pid; wait")))
    pid = await the_number_in(tmp_path / "pid", eventually)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not lives(pid)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await processes.run(launch("sleep 300"))
    assert processes._children == {}


async def test_waiting_for_the_end_may_be_given_up(processes: Processes, launch: Make) -> None:
    child = processes.spawn(launch("exec sleep 300"))
    waiting = asyncio.ensure_future(child.gone())
    await asyncio.wait([waiting], timeout=0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await end(child) == Ended(None, 9)


class CountingLookout(Lookout):
    """Counts how often it is asked, and how often it has to look."""

    def __init__(self, started: Mapping[int, object]) -> None:
        super().__init__(started)
        self.looks = 0

    def census(self, *, since: float) -> Census:
        before = self._last
        taken = super().census(since=since)
        self.looks += taken is not before
        return taken


async def test_looks_are_shared_and_grow_rare(processes: Processes, launch: Make) -> None:
    lookout = processes._lookout = CountingLookout(processes._children)
    children = [processes.spawn(launch("trap '' TERM; sleep 0.6 & exit")) for _ in range(20)]
    await asyncio.gather(*(child.ended for child in children))
    started = time.monotonic()
    await asyncio.wait_for(asyncio.gather(*(child.gone() for child in children)), 20)
    waited_s = time.monotonic() - started
    assert lookout.looks <= 8 + waited_s / 0.1 * 4  # without sharing it would be twenty times as many


async def test_a_signal_reaches_a_child_that_is_younger_than_the_last_look(processes: Processes, launch: Make) -> None:
    older = processes.spawn(launch("exec sleep 300"))
    older.ask(signal.SIGTERM)
    younger = processes.spawn(launch("exec sleep 300"))
    younger.ask(signal.SIGTERM)
    assert await asyncio.wait_for(younger.ended, 20) == await older.ended == Ended(None, 15)


async def test_an_end_that_leaves_nothing_behind_needs_no_look(processes: Processes, launch: Make) -> None:
    lookout = processes._lookout = CountingLookout(processes._children)
    other, child = processes.spawn(launch("exec sleep 300")), processes.spawn(launch("exec sleep 300"))
    os.kill(child.pid, signal.SIGKILL)
    await asyncio.wait_for(child.gone(), 20)
    child.ask(signal.SIGKILL)
    assert lookout.looks == 0
    await end(other)


async def test_children_hear_signals_that_are_ignored_or_held_back_here(launch: Make, processes: Processes) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    try:
        processes.install()
        for number in (signal.SIGHUP, signal.SIGUSR1):
            assert await processes.run(launch(f"kill -{int(number)} $$; exit 0")) == Ended(None, number)
    finally:
        signal.signal(signal.SIGHUP, before)
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


async def test_everything_can_be_killed_without_waiting(processes: Processes, launch: Make) -> None:
    children = [processes.spawn(launch("trap '' TERM; while :; do sleep 1; done")) for _ in range(3)]
    processes.kill_all()
    assert {await child.ended for child in children} == {Ended(None, 9)}


async def test_no_descriptor_is_left_open(
    processes: Processes, launch: Make, open_descriptors: Callable[[], int]
) -> None:
    await processes.run(launch("true"))
    before = open_descriptors()
    for _ in range(5):
        await processes.run(launch("true"))
    assert open_descriptors() == before
