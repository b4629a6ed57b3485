"""Does what the loop decided, through small Protocols, and tells the loop how it went."""

from __future__ import annotations

import asyncio
import signal
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol, assert_never

from spacectl.core.probing import DRAIN_S, probe_section
from spacectl.core.restarting import describe
from spacectl.model.actions import Action, Build, CancelBuild, Drain, Kill, Note, Probe, Spawn, Terminate
from spacectl.model.checks import ProbeKind
from spacectl.model.events import BuildFinished, Drained, Event, Exited, Gone, Probed, Spawned, SpawnFailed
from spacectl.model.launch import Launch, SpawnError
from spacectl.model.state import Ended, State, Unit


class Process(Protocol):
    """A process that was started."""

    @property
    def pid(self) -> int: ...
    @property
    def start_ticks(self) -> int: ...
    @property
    def log_start(self) -> int: ...
    @property
    def launch(self) -> Launch: ...
    @property
    def ended(self) -> Awaitable[Ended]: ...
    def ask(self, number: int) -> None: ...
    def gone(self) -> Coroutine[Any, Any, None]: ...
    def tail(self) -> tuple[str, ...]: ...


class Launcher(Protocol):
    """Starts the processes of units; raises SpawnError with the reason when one cannot be started."""

    def start(self, unit: Unit, number: int) -> Process: ...
    async def build(self, unit: Unit) -> tuple[Ended | None, tuple[str, ...]]: ...


@dataclass(frozen=True, slots=True)
class Running:
    """A replica's process, as probes see it."""

    unit: Unit
    number: int
    process: Process
    started_at: float


class Tasks(Protocol):
    """Owns what runs beside the loop."""

    def create_task(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]: ...


class Prober(Protocol):
    """Asks a running replica whether it is well; says why not, or None."""

    async def probe(self, running: Running, kind: ProbeKind, timeout_s: float) -> str | None: ...
    def forget(self, pid: int) -> None: ...


class Gateway(Protocol):
    """Knows what is on its way to a replica."""

    async def drained(self, unit: str, replica: str) -> None:
        """Wait until a replica that gets nothing new has finished what it has."""


class World:
    """Performs actions; every task it starts belongs to the task group it was given.

    Args:
        clock: the monotonic clock.
        tasks: owns what runs beside the loop.
        note: keeps a line of history.
        post: tells the loop what happened.
    """

    def __init__(
        self,
        launcher: Launcher,
        prober: Prober,
        gateway: Gateway | None = None,
        *,
        clock: Callable[[], float],
        tasks: Tasks,
        note: Callable[[Note], None],
        post: Callable[[Event], None],
    ) -> None:
        self._launcher = launcher
        self._prober = prober
        self._gateway = gateway
        self._clock = clock
        self._tasks = tasks
        self._note = note
        self._post = post
        self._running: dict[str, Running] = {}
        self._builds: dict[str, asyncio.Task[None]] = {}
        self._building: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def perform(self, action: Action, state: State) -> None:
        """Do one thing, or begin it; what comes of it arrives as an event."""
        match action:
            case Note():
                self._note(action)
            case Spawn(replica=name):
                self._spawn(state, name)
            case Drain():
                self._tasks.create_task(self._drain(action, state.replica(action.replica).unit))
            case Terminate(replica=name, signal=word):
                self._ask(name, signal.Signals[word])
            case Kill(replica=name):
                self._ask(name, signal.SIGKILL)
            case Probe():
                self._tasks.create_task(self._probe(action, state))
            case Build(unit=name):
                self._cancel_build(name)
                self._builds[name] = self._tasks.create_task(self._build(state.units[name]))
            case CancelBuild(unit=name):
                self._cancel_build(name)
            case _:
                assert_never(action)

    def _spawn(self, state: State, name: str) -> None:
        unit, number = state.units[state.replica(name).unit], state.replica(name).number
        try:
            process = self._launcher.start(unit, number)
        except SpawnError as error:
            self._post(SpawnFailed(name, error.reason, final=error.final))
            return
        self._running[name] = Running(unit, number, process, self._clock())
        self._post(Spawned(name, process.pid, process.start_ticks))
        self._tasks.create_task(self._follow(name, process))

    async def _follow(self, name: str, process: Process) -> None:
        ended = await asyncio.shield(process.ended)  # others wait for it too
        self._post(Exited(name, process.pid, ended, process.tail()))
        await process.gone()
        self._prober.forget(process.pid)
        del self._running[name]
        self._post(Gone(name, process.pid))

    def _ask(self, name: str, number: int) -> None:
        running = self._running.get(name)
        if running is not None:
            running.process.ask(number)

    async def _probe(self, probe: Probe, state: State) -> None:
        running = self._running.get(probe.replica)
        if running is None or running.process.pid != probe.pid:
            return
        section = probe_section(state.units[running.unit.name].manifest, probe.kind)
        reason = await self._prober.probe(running, probe.kind, section.timeout_s)
        self._post(Probed(probe.replica, probe.pid, probe.kind, reason))

    async def _drain(self, drain: Drain, unit: str) -> None:
        if self._gateway is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(DRAIN_S):
                    await self._gateway.drained(unit, drain.replica)
        self._post(Drained(drain.replica, drain.pid))

    async def _build(self, unit: Unit) -> None:
        self._note(Note(unit.name, "building", "looking whether it is up to date"))
        try:
            async with self._building[unit.name]:  # one that was cancelled may still be ending
                ended, tail = await self._launcher.build(unit)
        except SpawnError as error:
            self._post(BuildFinished(unit.name, f"the build cannot run: {error.reason}"))
            return
        if ended is None or ended.success:
            self._note(Note(unit.name, "built", "up to date" if ended is None else "by its build command"))
            self._post(BuildFinished(unit.name, None))
        else:
            self._post(BuildFinished(unit.name, f"the build failed: {describe(ended)}", tail))

    def _cancel_build(self, name: str) -> None:
        task = self._builds.pop(name, None)
        if task is not None:
            task.cancel()
