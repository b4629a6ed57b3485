"""Other manifests and other numbers of replicas, one scenario after another, through the whole `step`."""

from dataclasses import replace
from typing import Any

from spacectl.core.step import step
from spacectl.model.actions import Action, Build, Note, Probe, Spawn, Terminate
from spacectl.model.events import Apply, BuildFinished, Event, Exited, Gone, Probed, Scale, Spawned, Start, Stop, Tick
from spacectl.model.manifest import SpaceManifest
from spacectl.model.phase import Phase
from spacectl.model.state import Ended, Replica, State, Unit


def unit(name: str, replicas: int = 1, *, after: tuple[str, ...] = (), **sections: Any) -> Unit:
    decoded = {"space": {"name": name}, "run": {"command": "x"}, **sections}
    made = tuple(Replica(name, number + 1) for number in range(replicas))
    return Unit(name, SpaceManifest.model_validate(decoded), frozenset(after), made)


class Bench:
    """A system whose machine does at once what it is asked to, except that nothing ends before `end` says so."""

    def __init__(self, *units: Unit) -> None:
        self.state, self.now, self.pid = State({each.name: each for each in units}), 100.0, 0
        self.asked: list[Action] = []
        self.feed(Start(frozenset(self.state.units)))

    def feed(self, event: Event) -> list[Action]:
        self.state, actions = step(self.state, event, self.now)
        done = list(actions)
        for action in actions:
            if isinstance(action, Spawn):
                self.pid += 1
                done += self.feed(Spawned(action.replica, self.pid, 1))
                self.now += 0.05
                done += self.feed(Tick())
            if isinstance(action, Probe) and self.state.has_replica(action.replica):
                done += self.feed(Probed(action.replica, action.pid, action.kind, None))
        return done

    def end(self, name: str) -> None:
        process = self.state.replica(name).process
        assert process is not None
        self.feed(Exited(name, process.pid, Ended(None, 15)))
        self.feed(Gone(name, process.pid))

    def pids(self) -> dict[str, int]:
        replicas = [each for unit in self.state.units.values() for each in unit.replicas]
        return {each.name: each.process.pid for each in replicas if each.process is not None}

    def phase(self, name: str) -> Phase:
        return self.state.replica(name).phase


def apply(*units: Unit, renew: tuple[str, ...] = (), start: tuple[str, ...] = ()) -> Apply:
    return Apply(units, frozenset(renew), frozenset(start))


def stopped(actions: list[Action]) -> list[str]:
    return [each.replica for each in actions if isinstance(each, Terminate)]


def test_more_replicas_start_beside_those_that_run() -> None:
    bench = Bench(unit("orders"))
    bench.feed(Scale("orders", 3))
    assert bench.pids() == {"orders.1": 1, "orders.2": 2, "orders.3": 3}
    assert bench.phase("orders.3") is Phase.READY


def test_the_highest_numbers_are_stopped_and_then_forgotten() -> None:
    bench = Bench(unit("orders", 3))
    assert stopped(bench.feed(Scale("orders", 1))) == ["orders.2", "orders.3"]
    assert bench.phase("orders.3") is Phase.STOPPING
    bench.end("orders.3")
    bench.end("orders.2")
    assert bench.pids() == {"orders.1": 1}
    assert [each.name for each in bench.state.units["orders"].replicas] == ["orders.1"]


def test_none_at_all_and_then_some_again() -> None:
    bench = Bench(unit("orders"))
    bench.feed(Scale("orders", 0))
    bench.end("orders.1")
    assert bench.state.units["orders"].replicas == ()
    bench.feed(Scale("orders", 2))
    assert bench.pids() == {"orders.1": 2, "orders.2": 3}


def test_one_that_is_wanted_back_while_it_stops_starts_again_once_it_has_gone() -> None:
    bench = Bench(unit("orders", 2))
    bench.feed(Scale("orders", 1))
    bench.feed(Scale("orders", 2))
    assert bench.pids() == {"orders.1": 1, "orders.2": 2}
    bench.end("orders.2")
    assert bench.pids() == {"orders.1": 1, "orders.2": 3}


def test_starting_a_space_does_not_bring_back_what_retires() -> None:
    bench = Bench(unit("orders", 2))
    bench.feed(Scale("orders", 1))
    bench.feed(Start(frozenset({"orders"})))
    bench.end("orders.2")
    assert bench.pids() == {"orders.1": 1}


def test_scaling_a_space_that_rests_starts_all_of_it() -> None:
    bench = Bench(unit("orders"))
    bench.feed(Stop(frozenset({"orders"})))
    bench.end("orders.1")
    bench.feed(Scale("orders", 2))
    assert bench.pids() == {"orders.1": 2, "orders.2": 3}


def test_a_dependent_does_not_wait_for_what_retires() -> None:
    bench = Bench(unit("catalog", 2), unit("orders", after=("catalog",)))
    bench.feed(Scale("catalog", 1))
    bench.end("orders.1")
    bench.now += 60
    bench.feed(Tick())  # its pause is over
    assert bench.phase("orders.1") is Phase.READY
    assert bench.phase("catalog.2") is Phase.STOPPING


def test_what_does_not_change_keeps_its_process_and_takes_the_new_rules() -> None:
    bench = Bench(unit("orders"), unit("catalog"))
    written = unit("orders", stop={"signal": "SIGINT"}, after=("catalog",))
    assert stopped(bench.feed(apply(written, unit("catalog")))) == []
    assert bench.pids() == {"orders.1": 1, "catalog.1": 2}
    assert Terminate("orders.1", "SIGINT") in bench.feed(Stop(frozenset({"orders"})))


def test_one_that_is_gone_is_stopped_and_forgotten_and_a_new_one_started() -> None:
    bench = Bench(unit("orders"), unit("legacy"))
    actions = bench.feed(apply(unit("orders"), unit("audit"), start=("audit",)))
    assert stopped(actions) == ["legacy.1"]
    assert bench.pids() == {"orders.1": 1, "legacy.1": 2, "audit.1": 3}
    assert bench.state.units["legacy"].leaving
    bench.end("legacy.1")
    assert bench.state.units.keys() == {"orders", "audit"}


def test_one_that_is_gone_and_does_not_run_is_forgotten_at_once() -> None:
    bench = Bench(unit("orders"), unit("legacy"))
    bench.feed(Stop(frozenset({"legacy"})))
    bench.end("legacy.1")
    bench.feed(apply(unit("orders")))
    assert bench.state.units.keys() == {"orders"}


def test_one_that_comes_back_while_it_leaves() -> None:
    bench = Bench(unit("orders"))
    bench.feed(apply())
    bench.feed(apply(unit("orders"), start=("orders",)))
    bench.end("orders.1")
    assert bench.pids() == {"orders.1": 2}
    assert not bench.state.units["orders"].leaving


def test_dependents_leave_before_what_they_are_after() -> None:
    bench = Bench(unit("catalog"), unit("orders", after=("catalog",)))
    assert stopped(bench.feed(apply())) == ["orders.1"]
    bench.end("orders.1")
    assert bench.phase("catalog.1") is Phase.STOPPING
    bench.end("catalog.1")
    assert not bench.state.units


def test_one_that_changed_is_started_again_and_the_others_are_not() -> None:
    bench = Bench(unit("orders"), unit("catalog"))
    assert stopped(bench.feed(apply(unit("orders"), unit("catalog"), renew=("orders",)))) == ["orders.1"]
    bench.end("orders.1")
    assert bench.pids() == {"orders.1": 3, "catalog.1": 2}


def test_one_that_is_built_runs_on_until_the_build_has_succeeded() -> None:
    bench = Bench(unit("orders"))
    built = unit("orders", build={"command": "make"})
    actions = bench.feed(apply(built, renew=("orders",)))
    assert (Build("orders") in actions, stopped(actions)) == (True, [])
    assert stopped(bench.feed(BuildFinished("orders", None))) == ["orders.1"]
    bench.end("orders.1")
    assert bench.phase("orders.1") is Phase.READY


def test_a_build_that_fails_leaves_what_ran_before() -> None:
    bench = Bench(unit("orders"))
    bench.feed(apply(unit("orders", build={"command": "make"}), renew=("orders",)))
    actions = bench.feed(BuildFinished("orders", "the build failed: exited with code 2"))
    assert any(isinstance(each, Note) and each.kind == "build failed" for each in actions)
    assert (bench.pids(), bench.state.units["orders"].build_reason) == (
        {"orders.1": 1},
        "the build failed: exited with code 2",
    )
    bench.feed(apply(unit("orders", build={"command": "make"}), renew=("orders",)))
    assert bench.state.units["orders"].build_reason is None


def test_a_failed_one_is_built_before_it_is_tried_again() -> None:
    bench = Bench(replace(unit("orders"), manifest=unit("orders", restart={"policy": "never"}).manifest))
    bench.end("orders.1")
    assert bench.phase("orders.1") is Phase.FAILED
    assert Build("orders") in bench.feed(apply(unit("orders", build={"command": "make"}), renew=("orders",)))
    assert bench.phase("orders.1") is Phase.BUILDING
    bench.feed(BuildFinished("orders", None))
    assert bench.phase("orders.1") is Phase.READY


def test_what_comes_too_late_for_a_space_that_is_gone_says_nothing() -> None:
    bench = Bench(unit("orders"))
    bench.feed(apply())
    bench.end("orders.1")
    state = bench.state
    bench.feed(Probed("orders.1", 1, "ready", None))
    bench.feed(BuildFinished("orders", None))
    bench.feed(Scale("orders", 3))
    assert bench.state == state
