"""Makes a running system what its manifests say now, or what somebody scales it to, touching nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from spacectl.core.assemble import BUS, assemble
from spacectl.core.bus import lenient
from spacectl.core.holding import held_back, with_held
from spacectl.core.plan_changes import Plan, Relaunch, plan_changes
from spacectl.errors import MachineError
from spacectl.model.actions import Note
from spacectl.model.bus import BusPlan
from spacectl.model.events import Apply, Scale, Start
from spacectl.model.launch import Launch, SpawnError
from spacectl.model.phase import Phase
from spacectl.model.report import ApplyRequest, ChangesReport, ScaleRequest, SpaceChange
from spacectl.model.state import State, Unit
from spacectl.model.system import System
from spacectl.runtime.supervisor import Supervisor
from spacectl.runtime.world import Tasks
from spacectl.wiring.current import Current
from spacectl.wiring.launching import Launcher
from spacectl.wiring.limits import Limits
from spacectl.wiring.prepare import Prepared, choose, prepare_again, read_manifests, write_bus
from spacectl.wiring.probing import BusProbe
from spacectl.wiring.recording import Recorder

_LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Parts:
    """What the applier works on."""

    current: Current
    supervisor: Supervisor
    launcher: Launcher
    bus: BusProbe
    launches: Callable[[], dict[str, Launch]]
    recorder: Recorder
    limits: Limits
    tasks: Tasks


class Applier:
    """Changes one running system, one wish after another."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._one_at_a_time = asyncio.Lock()
        self._outgoing: frozenset[int] = frozenset()

    async def apply(self, wish: ApplyRequest) -> ChangesReport:
        """Read the manifests again, and change what they say otherwise than before.

        Raises:
            ManifestError: something is wrong with them.
            UsageError: the wish names what there is not, or the system goes down.
            MachineError: the machine lacks something, or the bus does not follow.
        """
        async with self._one_at_a_time:
            before = self._now
            written = await asyncio.to_thread(read_manifests, before.layout)
            held = held_back(before.system.manifest, written.manifest)
            system = with_held(before.system.manifest, written)
            asked = choose(system, wish.spaces, wish.profiles)
            after = await self._prepared(system, asked, wish.scale)
            plan = await self._plan(after, asked)
            outgoing = self._pids(each.space for each in plan.changes if each.kind in {"restart", "stop"})
            await self._take_on(after, outgoing)
            self._post_apply(after, plan)
            revision = self._parts.supervisor.revision
            return ChangesReport(changes=plan.changes, held=held, spaces=_meant(plan, asked), revision=revision)

    async def scale(self, wish: ScaleRequest) -> ChangesReport:
        """Give spaces other numbers of replicas; their manifests are not read again.

        Raises:
            UsageError: no such space, a job, a number out of bounds, or the system goes down.
            MachineError: the machine lacks a port.
        """
        async with self._one_at_a_time:
            after = await self._prepared(self._now.system, frozenset(), wish.scale)
            changes = tuple(_scaling(self._state.units[name], count) for name, count in sorted(wish.scale.items()))
            self._hold(after)
            self._post_scales(wish.scale)
            return ChangesReport(
                changes=tuple(each for each in changes if each is not None),
                spaces=tuple(sorted(wish.scale)),
                revision=self._parts.supervisor.revision,
            )

    @property
    def _now(self) -> Prepared:
        return self._parts.current.prepared

    @property
    def _state(self) -> State:
        return self._parts.supervisor.loop.state

    async def _prepared(self, system: System, selected: frozenset[str], counts: dict[str, int]) -> Prepared:
        self._parts.supervisor.refuse_if_closing()
        held = [replica.name for unit in self._state.units.values() for replica in unit.replicas]
        return await asyncio.to_thread(
            prepare_again, self._now, system, selected=selected, counts=counts, held=[BUS, *held]
        )

    async def _plan(self, after: Prepared, selected: frozenset[str]) -> Plan:
        stale = [
            space.name
            for space in after.system.spaces
            if await self._parts.launcher.is_stale(space.manifest, space.folder)
        ]
        relaunches = await asyncio.to_thread(self._relaunches, after, self._parts.launches())
        return plan_changes(
            self._state.units,
            _units(after),
            relaunches=relaunches,
            stale=frozenset(stale),
            selected=selected,
        )

    def _relaunches(self, after: Prepared, launches: dict[str, Launch]) -> list[Relaunch]:
        launcher, counts = self._parts.launcher.supposing(after), after.counts
        found = []
        for replica, before in launches.items():
            name, _, number = replica.rpartition(".")
            space = after.system.space(name)
            if space is None or int(number) > counts[name]:  # it is on its way out
                continue
            try:
                now = launcher.launch(space.manifest, int(number))
            except SpawnError as error:
                raise MachineError(f"{replica}: {error.reason}") from error
            found.append(Relaunch(name, before, now))
        return found

    async def _take_on(self, after: Prepared, outgoing: frozenset[int]) -> None:
        """Let it hold, the bus first: a space that starts must find its user and its streams."""
        before, granted = self._now, self._parts.current.granted
        self._hold(after)
        try:
            await self._grant(lenient(granted, after.bus_plan))
        except MachineError:
            self._hold(before)
            await self._write(granted)
            raise
        self._outgoing |= outgoing
        if self._parts.current.granted != after.bus_plan:
            self._parts.tasks.create_task(self._tighten())

    async def _grant(self, plan: BusPlan) -> None:
        """Have the bus offer this; one that is not ready yet does before it is."""
        if plan == self._parts.current.granted:
            return
        await self._write(plan)
        unit = self._state.units.get(BUS)
        if unit is None or unit.replicas[0].phase is Phase.READY:
            await self._parts.bus.provide()

    async def _write(self, plan: BusPlan) -> None:
        self._parts.current.granted = plan
        await asyncio.to_thread(write_bus, self._now, plan)
        self._parts.bus.changed()

    async def _tighten(self) -> None:
        """Take from the bus what only processes needed that were on their way out, once those have gone."""
        while self._is_outgoing():  # noqa: ASYNC110  (it may be a long while)
            await asyncio.sleep(_LOOK_S)
        async with self._one_at_a_time:
            if self._is_outgoing():  # because of a later change, which sees to it
                return
            try:
                await self._grant(self._now.bus_plan)
            except MachineError as error:
                self._parts.supervisor.note(Note(BUS, "kept", f"permissions are wider than declared: {error.message}"))

    def _is_outgoing(self) -> bool:
        return bool(self._outgoing & self._pids(self._state.units))

    def _hold(self, prepared: Prepared) -> None:
        self._parts.current.replace(prepared)
        self._parts.recorder.keep_run(prepared.scales, prepared.inherited, prepared.runtime)
        self._parts.supervisor.remade(
            selected=prepared.selected,
            ports=prepared.ports,
            urls=prepared.urls,
            gateway_url=prepared.front_door_url,
            warnings=self._parts.limits.warnings(prepared.system),
        )

    def _post_apply(self, after: Prepared, plan: Plan) -> None:
        engines = frozenset(unit.name for unit in _units(after, engine=True))
        for change in plan.changes:
            self._parts.supervisor.note(Note(change.space, f"apply: {change.kind}", change.why))
        new = [unit for unit in _units(after, engine=True) if unit.name not in self._state.units]
        self._parts.supervisor.post(Apply((*new, *_units(after)), plan.renew, plan.start | engines))

    def _post_scales(self, counts: dict[str, int]) -> None:
        supervisor = self._parts.supervisor
        for name, count in counts.items():
            supervisor.note(Note(name, "scale", f"to {count}"))
            supervisor.post(Scale(name, count))
        scaled = frozenset(name for name, count in counts.items() if count)
        resting = {name for name in supervisor.with_all_before(scaled) if not self._state.units[name].wanted}
        supervisor.post(Start(frozenset(resting) - counts.keys()))

    def _pids(self, names: Iterable[str]) -> frozenset[int]:
        units = [self._state.units[name] for name in names if name in self._state.units]
        return frozenset(each.process.pid for unit in units for each in unit.replicas if each.process is not None)


def _units(prepared: Prepared, *, engine: bool = False) -> list[Unit]:
    """The spaces, or the engines, as they are written, each with as many replicas as it is to have."""
    state = assemble(prepared.system, embedded_bus=prepared.nats_server is not None, counts=prepared.counts)
    return [unit for unit in state.units.values() if unit.engine is engine]


def _scaling(unit: Unit, count: int) -> SpaceChange | None:
    before = len(unit.staying)
    if before == count and (unit.wanted or not count):
        return None
    why = f"from {before} to {count} {'replica' if count == 1 else 'replicas'}"
    return SpaceChange(space=unit.name, kind="scale", why=why, replicas=count)


def _meant(plan: Plan, asked: frozenset[str]) -> tuple[str, ...]:
    """The spaces whose readiness whoever asked waits for."""
    changed = {each.space for each in plan.changes if each.kind in {"start", "restart", "scale"}}
    return tuple(sorted(changed | asked))
