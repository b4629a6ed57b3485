"""Any order of events: no illegal move, at most one process per replica, what is wanted stopped ends stopped."""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from spacectl.core.settle import next_wake
from spacectl.core.step import finished, step
from spacectl.model.actions import Build, CancelBuild, Drain, Kill, Probe, Spawn, Terminate
from spacectl.model.events import (
    BuildFinished,
    Drained,
    Event,
    Exited,
    FilesChanged,
    Gone,
    Probed,
    Refused,
    Restart,
    ShutDown,
    Spawned,
    SpawnFailed,
    Start,
    Stop,
    Tick,
)
from spacectl.model.manifest import SpaceManifest
from spacectl.model.phase import ENDED, RUNNING, Phase
from spacectl.model.state import Ended, Replica, State, Unit

NAMES = ("bus", "catalog", "orders", "seed")


def manifest(name: str, **sections: object) -> SpaceManifest:
    return SpaceManifest.model_validate(
        {"space": {"name": name, **sections.pop("space", {})}, "run": {"command": ["x"]}, **sections}
    )


def shop() -> State:
    units = (
        Unit("bus", manifest("bus", restart={"policy": "always"}), frozenset(), (Replica("bus", 1),), engine=True),
        Unit(
            "catalog",
            manifest("catalog", build={"command": "make"}, watch={"on_change": "build"}),
            frozenset({"bus"}),
            (Replica("catalog", 1), Replica("catalog", 2), Replica("catalog", 3)),
        ),
        Unit(
            "orders",
            manifest("orders", alive={"http": "/live"}, restart={"give_up": "3 in 60s"}),
            frozenset({"bus", "catalog", "seed"}),
            (Replica("orders", 1),),
        ),
        Unit("seed", manifest("seed", space={"kind": "job"}), frozenset({"bus"}), (Replica("seed", 1),)),
    )
    return State({unit.name: unit for unit in units})


@dataclass
class World:
    """What the machine would hold: which process each replica has, whether its leftovers are there."""

    pid: int = 100
    processes: dict[str, int] = field(default_factory=dict)
    mains: set[int] = field(default_factory=set)
    asked: set[int] = field(default_factory=set)
    spawning: set[str] = field(default_factory=set)
    building: set[str] = field(default_factory=set)
    probes: list[Probe] = field(default_factory=list)
    drains: list[Drain] = field(default_factory=list)


class Supervision(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.state, self.now, self.world = shop(), 0.0, World()

    def feed(self, event: Event) -> None:
        before = self.state
        self.state, actions = step(before, event, self.now)
        self.check_draining(before, event)
        world = self.world
        for action in actions:
            match action:
                case Spawn(replica=name):
                    assert name not in world.processes, "a second process for one replica"
                    assert name not in world.spawning
                    world.spawning.add(name)
                case Drain():
                    assert world.processes[action.replica] == action.pid
                    assert action not in world.drains, "asked twice to finish"
                    world.drains.append(action)
                case Terminate(replica=name) if name in world.processes:
                    assert not self.state.replica(name).draining, "told while it finishes what it has"
                    world.asked.add(world.processes[name])
                case Terminate(replica=name) | Kill(replica=name):
                    if name in world.processes:
                        world.asked.add(world.processes[name])
                case Build(unit=name):
                    world.building.add(name)
                case CancelBuild(unit=name):
                    world.building.discard(name)
                case Probe():
                    world.probes.append(action)

    def check_draining(self, before: State, event: Event) -> None:
        """Whoever others call is told to end only after it finished what it had, or when there is no time for that."""
        for unit in self.state.units.values():
            for new in unit.replicas:
                old = before.replica(new.name)
                if old.phase is Phase.READY and new.phase is Phase.STOPPING:
                    hasty = isinstance(event, ShutDown) and event.now
                    assert new.draining == (unit.serves and not hasty)
                if old.draining and not new.draining:
                    late = old.deadline_at is not None and old.deadline_at <= self.now
                    told = isinstance(event, Drained | Exited) and event.replica == new.name
                    assert late or told or isinstance(event, ShutDown)
                assert not new.draining or (new.phase is Phase.STOPPING and new.process and not new.process.ended)

    @rule(names=st.sets(st.sampled_from(NAMES), min_size=1))
    def start(self, names: set[str]) -> None:
        if not self.state.closing:
            self.feed(Start(frozenset(names)))

    @rule(names=st.sets(st.sampled_from(NAMES), min_size=1))
    def stop(self, names: set[str]) -> None:
        self.feed(Stop(frozenset(names)))

    @rule(names=st.sets(st.sampled_from(NAMES), min_size=1))
    def restart(self, names: set[str]) -> None:
        if not self.state.closing:
            self.feed(Restart(frozenset(names)))

    @rule(now=st.booleans())
    def shut_down(self, now: bool) -> None:
        self.feed(ShutDown(now=now))

    @rule(name=st.sampled_from(NAMES))
    def files_change(self, name: str) -> None:
        self.feed(FilesChanged(name))

    @rule(name=st.sampled_from(NAMES))
    def refuse(self, name: str) -> None:
        self.feed(Refused(name, "publish", "x.y", 1, ""))

    @rule(pass_s=st.sampled_from([0.01, 0.5, 5.0, 40.0]))
    def time_passes(self, pass_s: float) -> None:
        self.now += pass_s
        self.feed(Tick())

    @precondition(lambda self: self.world.spawning)
    @rule(data=st.data(), outcome=st.sampled_from(["ok", "ok", "ok", "missing", "busy"]))
    def spawn_answers(self, data: st.DataObject, outcome: str) -> None:
        name = data.draw(st.sampled_from(sorted(self.world.spawning)))
        self.world.spawning.discard(name)
        if outcome != "ok":
            self.feed(SpawnFailed(name, outcome, final=outcome == "missing"))
            return
        self.world.pid += 1
        self.world.processes[name] = self.world.pid
        self.world.mains.add(self.world.pid)
        self.feed(Spawned(name, self.world.pid, 1))

    @precondition(lambda self: self.world.mains)
    @rule(data=st.data(), code=st.sampled_from([0, 1, None]))
    def main_exits(self, data: st.DataObject, code: int | None) -> None:
        pid = data.draw(st.sampled_from(sorted(self.world.mains)))
        self.world.mains.discard(pid)
        name = next(name for name, each in self.world.processes.items() if each == pid)
        self.feed(Exited(name, pid, Ended(code, None if code is not None else 9)))

    @precondition(lambda self: any(pid not in self.world.mains for pid in self.world.processes.values()))
    @rule(data=st.data())
    def leftovers_go(self, data: st.DataObject) -> None:
        gone = sorted(name for name, pid in self.world.processes.items() if pid not in self.world.mains)
        name = data.draw(st.sampled_from(gone))
        self.feed(Gone(name, self.world.processes.pop(name)))

    @precondition(lambda self: self.world.probes)
    @rule(data=st.data(), reason=st.sampled_from([None, None, "503"]))
    def probe_answers(self, data: st.DataObject, reason: str | None) -> None:
        probe = self.world.probes.pop(data.draw(st.integers(0, len(self.world.probes) - 1)))
        self.feed(Probed(probe.replica, probe.pid, probe.kind, reason))

    @precondition(lambda self: self.world.drains)
    @rule(data=st.data())
    def gateway_answers(self, data: st.DataObject) -> None:
        drain = self.world.drains.pop(data.draw(st.integers(0, len(self.world.drains) - 1)))
        self.feed(Drained(drain.replica, drain.pid))

    @precondition(lambda self: self.world.building)
    @rule(data=st.data(), reason=st.sampled_from([None, None, "exit 2"]))
    def build_ends(self, data: st.DataObject, reason: str | None) -> None:
        name = data.draw(st.sampled_from(sorted(self.world.building)))
        self.world.building.discard(name)
        self.feed(BuildFinished(name, reason))

    @invariant()
    def processes_match(self) -> None:
        for unit in self.state.units.values():
            for replica in unit.replicas:
                known = replica.process.pid if replica.process else None
                assert known == self.world.processes.get(replica.name)
                if replica.phase in {Phase.READY, Phase.UNHEALTHY}:
                    assert replica.process is not None

    @invariant()
    def something_will_happen(self) -> None:
        """A replica on its way somewhere always waits for a fact or for a time, never for nothing."""
        if self.world.spawning or self.world.building or self.world.probes or self.world.processes:
            return
        on_the_way = [
            each
            for unit in self.state.units.values()
            for each in unit.replicas
            if each.phase in RUNNING | {Phase.BACKOFF, Phase.STOPPING, Phase.BUILDING}
        ]
        assert not on_the_way or next_wake(self.state) is not None

    @invariant()
    def one_by_one(self) -> None:
        """Whose turn to be restarted has not come is up, and each of them is meant to be."""
        for unit in self.state.units.values():
            assert not unit.rolling or unit.serves
            for replica in unit.replicas:
                if replica.number in unit.rolling:
                    assert replica.wanted
                    assert replica.phase in {Phase.READY, Phase.UNHEALTHY}

    @invariant()
    def nothing_is_overdue(self) -> None:
        """What is due was done: else the loop would ask for the time again and again, and do nothing else."""
        wake = next_wake(self.state)
        assert wake is None or wake > self.now

    def teardown(self) -> None:
        """Whatever happened before: a shutdown ends everything, if the machine does as it is told."""
        self.feed(ShutDown())
        for _ in range(100):
            if finished(self.state):
                break
            self._obey()
        assert finished(self.state), self.state
        assert not self.world.processes
        assert all(each.phase in ENDED for unit in self.state.units.values() for each in unit.replicas)

    def _obey(self) -> None:
        for name in sorted(self.world.spawning):
            self.world.spawning.discard(name)
            self.world.pid += 1
            self.world.processes[name] = self.world.pid
            self.world.mains.add(self.world.pid)
            self.feed(Spawned(name, self.world.pid, 1))
        for drain in self.world.drains:
            self.feed(Drained(drain.replica, drain.pid))
        self.world.drains.clear()
        for name, pid in sorted(self.world.processes.items()):
            if pid in self.world.asked and pid in self.world.mains:
                self.world.mains.discard(pid)
                self.feed(Exited(name, pid, Ended(None, 15)))
            if pid not in self.world.mains:
                del self.world.processes[name]
                self.feed(Gone(name, pid))
        self.now += 60
        self.feed(Tick())


TestSupervision = Supervision.TestCase
TestSupervision.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
