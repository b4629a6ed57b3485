"""Any order of events: no illegal move, at most one process per replica, what is wanted stopped ends stopped."""

from dataclasses import dataclass, field, replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from spacectl.core.adopting import Found, record_of, survivors
from spacectl.core.applying import without_gone
from spacectl.core.settle import next_wake, settle_unit
from spacectl.core.step import finished, step, take_in
from spacectl.model.actions import Action, Build, CancelBuild, Drain, Kill, Probe, Spawn, Terminate
from spacectl.model.events import (
    Apply,
    BuildFinished,
    CompletedBefore,
    Drained,
    Event,
    Exited,
    FilesChanged,
    Gone,
    Probed,
    Refused,
    Restart,
    Scale,
    ShutDown,
    Spawned,
    SpawnFailed,
    Start,
    Stop,
    Tick,
)
from spacectl.model.manifest import SpaceManifest
from spacectl.model.phase import ENDED, RUNNING, Phase
from spacectl.model.state import Ended, Next, Replica, State, Unit

NAMES = ("bus", "catalog", "orders", "seed", "late")
"""`late` comes and goes with the manifests; at first it is not there."""


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


def at_rest(state: State) -> State:
    """The same system before anything of it runs."""
    staying = [unit for unit in state.units.values() if not unit.leaving]
    return State(
        {
            unit.name: Unit(
                unit.name,
                unit.manifest,
                unit.after,
                tuple(Replica(unit.name, each.number) for each in unit.staying),
                engine=unit.engine,
            )
            for unit in staying
        }
    )


def written(name: str, replicas: int, *, builds: bool) -> Unit:
    """A space as changed manifests have it."""
    build = {"build": {"command": "make"}} if builds else {}
    after = {"orders": {"bus", "catalog"}, "late": {"bus", "orders"}}.get(name, {"bus"})
    kind = {"kind": "job"} if name == "seed" else {}
    made = tuple(Replica(name, number + 1) for number in range(replicas))
    return Unit(name, manifest(name, space=kind, **build), frozenset(after), made)


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


def go_through_all(state: State, now: float) -> tuple[State, list[Action]]:
    """What `settle` is to give, in the plainest way: every unit, again and again."""
    actions: list[Action] = []
    while True:
        before = state
        for name in state.units:
            state, more = settle_unit(state, name, now)
            actions += more
        if state is before:
            return state, actions


def step_by_going_through_all(state: State, event: Event, now: float) -> tuple[State, list[Action]]:
    state, actions = take_in(state, event, now)
    state, more = go_through_all(state, now)
    return without_gone(state), actions + more


class Supervision(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.state, self.now, self.world = shop(), 0.0, World()

    def feed(self, event: Event) -> None:
        before = self.state
        expected = step_by_going_through_all(before, event, self.now)
        self.state, actions = step(before, event, self.now)
        assert (self.state, actions) == expected
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
                if not before.has_replica(new.name):
                    continue
                old = before.replica(new.name)
                if old.phase is Phase.READY and new.phase is Phase.STOPPING:
                    crashed = new.following is Next.CRASH
                    assert new.draining == (unit.serves and (crashed or not self.state.closing))
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

    @rule(name=st.sampled_from(["catalog", "orders", "late"]), count=st.integers(0, 3))
    def scale(self, name: str, count: int) -> None:
        self.feed(Scale(name, count))
        if name in self.state.units and not self.state.closing:
            assert [each.number for each in self.state.units[name].staying] == list(range(1, count + 1))

    @rule(
        counts=st.dictionaries(st.sampled_from(["catalog", "orders", "late", "seed"]), st.integers(0, 3)),
        builds=st.booleans(),
        renew=st.sets(st.sampled_from(NAMES[1:])),
        start=st.sets(st.sampled_from(NAMES)),
    )
    def apply(self, counts: dict[str, int], builds: bool, renew: set[str], start: set[str]) -> None:
        units = {name: written(name, count, builds=builds) for name, count in counts.items()}
        known = {name: replace(unit, after=unit.after & {"bus", *units}) for name, unit in units.items()}
        before = {each.name for unit in self.state.units.values() for each in unit.replicas if each.process}
        self.feed(Apply(tuple(known.values()), frozenset(renew & units.keys()), frozenset(start)))
        if not self.state.closing:
            gone = self.state.units.keys() - {"bus", *units}
            assert all(self.state.units[name].leaving and not self.state.units[name].staying for name in gone)
            assert units.keys() <= self.state.units.keys()
        now = {each.name for unit in self.state.units.values() for each in unit.replicas}
        assert before <= now, "forgotten while something of it is left"

    @rule(now=st.booleans())
    def shut_down(self, now: bool) -> None:
        self.feed(ShutDown(now=now))

    @rule(name=st.sampled_from(NAMES), files=st.sets(st.sampled_from("ab")), times=st.integers(1, 6))
    def files_change(self, name: str, files: set[str], times: int) -> None:
        for _ in range(times):
            self.feed(FilesChanged(name, frozenset(files)))

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
        self.feed(Spawned(name, self.world.pid, 1, mark=str(self.world.pid)))

    @precondition(lambda self: not self.state.closing)
    @rule(data=st.data(), recorded=st.booleans(), again=st.sets(st.sampled_from(NAMES)))
    def the_supervisor_is_killed(self, data: st.DataObject, recorded: bool, again: set[str]) -> None:
        """The next one takes over what runs, and ends what else is left; some ended unseen, some were just starting."""
        world = self.world
        unseen = data.draw(st.sets(st.sampled_from(sorted(world.mains)))) if world.mains else set()
        records = [record_of(unit, "boot", {}) for unit in self.state.units.values()] if recorded else []
        for name in sorted(world.spawning):
            world.pid += 1
            world.processes[name] = world.pid
            world.mains.add(world.pid)
        world.mains -= unseen
        found = [
            Found(pid, 1, name, str(pid), leads=True)
            if pid in world.mains
            else Found(pid + 5000, 2, name, str(pid), False)
            for name, pid in world.processes.items()
        ]
        before = {each.name: each for unit in self.state.units.values() for each in unit.replicas}
        coming = at_rest(self.state) if recorded else shop()  # what was scaled and applied is on record too
        names = [each.name for unit in coming.units.values() for each in unit.replicas]
        left = survivors(names, records, found, self.now)
        adopted = {each.replica: each.process.pid for each in left.adopted}
        assert adopted == {n: pid for n, pid in world.processes.items() if pid in world.mains and n in names}
        assert {each.pid for each in left.strays} == {each.pid for each in found if each.pid not in adopted.values()}
        assert set(left.completed) == {n for n in names if recorded and before[n].phase is Phase.COMPLETED}
        world.processes, world.mains = adopted, {*adopted.values()}
        world.spawning, world.building, world.drains = set(), set(), []
        self.state = coming
        for event in (*left.adopted, *map(CompletedBefore, left.completed)):
            self.feed(event)
        self.feed(Start(frozenset(again)))
        for unit in self.state.units.values():
            for each in unit.replicas:
                if each.phase is Phase.STARTING and recorded and each.name in before and each.process is not None:
                    assert each.restarts == before[each.name].restarts

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
    def nothing_is_forgotten(self) -> None:
        known = {each.name for unit in self.state.units.values() for each in unit.replicas}
        assert {*self.world.processes, *self.world.spawning} <= known
        assert self.world.building <= self.state.units.keys()
        assert not any(unit.leaving and unit.staying for unit in self.state.units.values())

    @invariant()
    def what_is_gone_is_forgotten(self) -> None:
        for unit in self.state.units.values():
            assert unit.replicas or not unit.leaving
            assert not any(each.retired and each.phase in ENDED and each.process is None for each in unit.replicas)

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
            self.feed(Spawned(name, self.world.pid, 1, mark=str(self.world.pid)))
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
