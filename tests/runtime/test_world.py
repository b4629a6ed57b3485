"""Real processes, asked for by actions, told of by events."""

import asyncio
import ctypes
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from spacectl.adapters.processes.children import Child, Processes
from spacectl.adapters.processes.tail import tail
from spacectl.model.actions import Build, CancelBuild, Drain, Kill, Note, Probe, Spawn, Terminate
from spacectl.model.checks import ProbeKind
from spacectl.model.events import BuildFinished, Drained, Event, Exited, Gone, Probed, Spawned, SpawnFailed
from spacectl.model.launch import Launch, SpawnError
from spacectl.model.manifest import SpaceManifest
from spacectl.model.state import Ended, Replica, State, Unit
from spacectl.runtime.crew import Crew
from spacectl.runtime.world import Running, World

pytestmark = pytest.mark.anyio
Eventually = Callable[[Callable[[], object]], Awaitable[None]]


class Shell:
    """Starts what the manifest says as shell lines."""

    def __init__(self, processes: Processes, folder: Path) -> None:
        self._processes = processes
        self._folder = folder

    def start(self, unit: Unit, number: int) -> Child:
        return self._processes.spawn(self._launch(unit.manifest.run.command, f"{unit.name}.{number}"))

    async def build(self, unit: Unit) -> tuple[Ended | None, tuple[str, ...]]:
        if unit.manifest.build.command is None:
            return None, ()
        launch = self._launch(unit.manifest.build.command, f"{unit.name}.build")
        return await self._processes.run(launch), tail(launch.log, 0)

    def _launch(self, command: str | tuple[str, ...], log: str) -> Launch:
        words = ("/bin/sh", "-c", command) if isinstance(command, str) else command
        return Launch(words, self._folder, {"PATH": os.environ["PATH"]}, self._folder / f"{log}.log")


class Asker:
    """Answers probes with the name of what was probed."""

    def __init__(self) -> None:
        self.forgotten: list[int] = []

    async def probe(self, running: Running, kind: ProbeKind, timeout_s: float) -> str | None:
        return f"{kind} {running.unit.name}.{running.number} within {timeout_s:.1f}"

    def forget(self, pid: int) -> None:
        self.forgotten.append(pid)


class Bench:
    """A world, and what it told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes = Processes()
        self.processes.install()
        self.events: list[Event] = []
        self.notes: list[Note] = []
        self.asker = Asker()
        self.crew = Crew()
        self.world = World(
            Shell(self.processes, folder), self.asker, clock=asyncio.get_running_loop().time, tasks=self.crew,
            note=self.notes.append, post=self.events.append,
        )  # fmt: skip

    def state(self, run: str | list[str], build: str | None = None) -> State:
        decoded = {"space": {"name": "orders"}, "run": {"command": run}, "build": {"command": build},
                   "alive": {"http": "/", "timeout": 0.5}}  # fmt: skip
        manifest = SpaceManifest.model_validate(decoded)
        return State({"orders": Unit("orders", manifest, frozenset(), (Replica("orders", 1),))})

    def of(self, kind: type[Event]) -> list[Event]:
        return [each for each in self.events if isinstance(each, kind)]

    @property
    def pid(self) -> int:
        (spawned,) = (each for each in self.events if isinstance(each, Spawned))
        return spawned.pid


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(tmp_path)
    yield made
    await made.crew.run(asyncio.sleep(0))
    await made.processes.end_all()
    asyncio.get_running_loop().remove_signal_handler(signal.SIGCHLD)
    ctypes.CDLL(None).prctl(36, 0, 0, 0, 0)  # no longer a subreaper


async def test_the_life_of_a_process_is_told(bench: Bench, eventually: Eventually) -> None:
    bench.world.perform(Spawn("orders.1"), bench.state("echo last words; exit 3"))
    await eventually(lambda: len(bench.events) == 3)
    pid = bench.pid
    assert bench.events[1:] == [Exited("orders.1", pid, Ended(3, None), ("last words",)), Gone("orders.1", pid)]
    assert bench.asker.forgotten == [pid]


async def test_it_is_asked_to_end_and_killed(bench: Bench, eventually: Eventually) -> None:
    state = bench.state("trap 'echo no' USR1; echo up; while :; do sleep 0.05; done")
    bench.world.perform(Spawn("orders.1"), state)
    log = bench.folder / "orders.1.log"
    await eventually(lambda: "up" in log.read_text())
    bench.world.perform(Terminate("orders.1", "SIGUSR1"), state)
    await eventually(lambda: "no" in log.read_text())
    assert bench.of(Exited) == []
    bench.world.perform(Kill("orders.1"), state)
    await eventually(lambda: bench.of(Gone))
    (exited,) = bench.of(Exited)
    assert isinstance(exited, Exited)
    assert (exited.pid, exited.ended, exited.tail[-1]) == (bench.pid, Ended(None, 9), "no")


async def test_gone_comes_after_what_it_left_behind(bench: Bench, eventually: Eventually) -> None:
    state = bench.state("sleep 300 & exit 0")
    bench.world.perform(Spawn("orders.1"), state)
    await eventually(lambda: bench.of(Exited))
    await asyncio.wait([asyncio.ensure_future(asyncio.sleep(0.1))])
    assert bench.of(Gone) == []
    bench.world.perform(Kill("orders.1"), state)
    await eventually(lambda: bench.of(Gone))


async def test_what_cannot_be_started_says_why(bench: Bench) -> None:
    bench.world.perform(Spawn("orders.1"), bench.state(["no-such-program"]))
    assert bench.events == [SpawnFailed("orders.1", "command not found: 'no-such-program'", final=True)]


async def test_who_is_not_there_cannot_be_asked_anything(bench: Bench) -> None:
    state = bench.state("true")
    bench.world.perform(Terminate("orders.1", "SIGTERM"), state)
    bench.world.perform(Kill("orders.1"), state)
    bench.world.perform(Probe("orders.1", 77, "ready"), state)
    bench.world.perform(CancelBuild("orders"), state)
    await asyncio.sleep(0)
    assert bench.events == []


async def test_probes_are_answered_with_the_limit_of_their_section(bench: Bench, eventually: Eventually) -> None:
    state = bench.state("exec sleep 300")
    bench.world.perform(Spawn("orders.1"), state)
    for kind in ("ready", "alive"):
        bench.world.perform(Probe("orders.1", bench.pid, kind), state)  # type: ignore[arg-type]
    bench.world.perform(Probe("orders.1", bench.pid + 1, "ready"), state)  # of another process
    await eventually(lambda: len(bench.of(Probed)) == 2)
    assert {each.reason for each in bench.of(Probed) if isinstance(each, Probed)} == {
        "ready orders.1 within 1.0",
        "alive orders.1 within 0.5",
    }


@pytest.mark.parametrize(
    ("command", "reason", "lines"),
    [
        ("true", None, ()),
        (None, None, ()),
        ("echo broken; exit 2", "the build failed: exited with code 2", ("broken",)),
        ("kill -9 $$", "the build failed: killed by SIGKILL", ()),
    ],
)
async def test_how_a_build_ended(
    bench: Bench, eventually: Eventually, command: str | None, reason: str | None, lines: tuple[str, ...]
) -> None:
    bench.world.perform(Build("orders"), bench.state("true", command))
    await eventually(lambda: bench.events)
    assert bench.events == [BuildFinished("orders", reason, lines)]


async def test_a_build_that_cannot_run(bench: Bench, eventually: Eventually, tmp_path: Path) -> None:
    (tmp_path / "orders.build.log").mkdir()
    bench.world.perform(Build("orders"), bench.state("true", "make"))
    await eventually(lambda: bench.events)
    (finished,) = bench.events
    assert isinstance(finished, BuildFinished)
    assert finished.reason is not None
    assert finished.reason.startswith("the build cannot run: cannot write ")


async def test_a_build_that_is_cancelled_is_killed_and_says_nothing(bench: Bench, eventually: Eventually) -> None:
    state = bench.state("true", "trap '' TERM; echo $$ > pid; sleep 300")
    bench.world.perform(Build("orders"), state)
    pid = bench.folder / "pid"
    await eventually(lambda: pid.exists() and pid.read_text().endswith("\n"))
    bench.world.perform(CancelBuild("orders"), state)
    await eventually(lambda: not Path(f"/proc/{pid.read_text().strip()}").exists())
    assert bench.events == []


class SlowToEnd(Shell):
    """Counts its builds, each of which takes its time to end even when it is cancelled."""

    inside = most = begun = 0

    async def build(self, unit: Unit) -> tuple[Ended | None, tuple[str, ...]]:
        self.begun += 1
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            return await super().build(unit)
        finally:
            await asyncio.sleep(0.02)
            self.inside -= 1


async def test_builds_of_one_space_never_run_side_by_side(bench: Bench, eventually: Eventually) -> None:
    shell = SlowToEnd(bench.processes, bench.folder)
    world = World(shell, bench.asker, clock=lambda: 0.0, tasks=bench.crew, note=bench.notes.append,
                  post=bench.events.append)  # fmt: skip
    for count in range(1, 5):
        world.perform(Build("orders"), bench.state("true", "sleep 300"))
        await eventually(lambda count=count: shell.begun == count)
    for _ in range(3):  # each takes the place of the one before, which has not begun
        world.perform(Build("orders"), bench.state("true", "echo done"))
        await asyncio.sleep(0)
    await eventually(lambda: bench.events)
    assert bench.events == [BuildFinished("orders", None)]
    assert (shell.begun, shell.most) == (5, 1)


class Door:
    """A gateway that is done with a replica once it is told so."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.done = asyncio.Event()

    async def drained(self, unit: str, replica: str) -> None:
        self.asked.append((unit, replica))
        await self.done.wait()


async def test_the_gateway_is_waited_for(bench: Bench, eventually: Eventually) -> None:
    door = Door()
    world = World(Shell(bench.processes, bench.folder), bench.asker, door, clock=lambda: 0.0, tasks=bench.crew,
                  note=bench.notes.append, post=bench.events.append)  # fmt: skip
    world.perform(Drain("orders.1", 77), bench.state("true"))
    await eventually(lambda: door.asked)
    assert (door.asked, bench.events) == ([("orders", "orders.1")], [])
    door.done.set()
    await eventually(lambda: bench.events)
    assert bench.events == [Drained("orders.1", 77)]


async def test_but_not_for_ever(bench: Bench, eventually: Eventually, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spacectl.runtime.world.DRAIN_S", 0.05)
    world = World(Shell(bench.processes, bench.folder), bench.asker, Door(), clock=lambda: 0.0, tasks=bench.crew,
                  note=bench.notes.append, post=bench.events.append)  # fmt: skip
    world.perform(Drain("orders.1", 77), bench.state("true"))
    await eventually(lambda: bench.events)
    assert bench.events == [Drained("orders.1", 77)]


async def test_without_a_gateway_nothing_is_on_its_way(bench: Bench, eventually: Eventually) -> None:
    bench.world.perform(Drain("orders.1", 77), bench.state("true"))
    await eventually(lambda: bench.events)
    assert bench.events == [Drained("orders.1", 77)]


async def test_a_launcher_that_is_wrong_is_a_bug_and_no_silence(bench: Bench) -> None:
    class Broken(Shell):
        async def build(self, unit: Unit) -> tuple[Ended | None, tuple[str, ...]]:
            raise ZeroDivisionError(unit.name)

        def start(self, unit: Unit, number: int) -> Child:
            raise SpawnError(f"{unit.name}.{number}", final=False)

    crew = Crew()
    events: list[Event] = []
    world = World(Broken(bench.processes, bench.folder), bench.asker, clock=lambda: 0.0, tasks=crew,
                  note=bench.notes.append, post=events.append)  # fmt: skip
    world.perform(Spawn("orders.1"), bench.state("true"))
    assert events == [SpawnFailed("orders.1", "orders.1", final=False)]
    world.perform(Build("orders"), bench.state("true"))
    with pytest.raises(ZeroDivisionError, match="orders"):
        await crew.run(asyncio.sleep(5))
