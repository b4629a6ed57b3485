"""The supervisor's decisions, one scenario after another; `test_step_machine.py` tries all orders of events."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest

from spacectl.core.settle import next_wake
from spacectl.core.step import finished, step
from spacectl.model.actions import Action, Build, CancelBuild, Kill, Note, Probe, Spawn, Terminate
from spacectl.model.checks import ProbeKind
from spacectl.model.events import (
    BuildFinished,
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
from spacectl.model.phase import Phase
from spacectl.model.state import BuildPhase, Ended, Replica, State, Unit

OK, BAD, KILLED = Ended(0, None), Ended(1, None), Ended(None, 9)


def unit(name: str, *, after: tuple[str, ...] = (), replicas: int = 1, serves: bool = False, **sections: Any) -> Unit:
    space = {"name": name, **sections.pop("space", {})}
    decoded = {"space": space, "run": {"command": ["x"]}, "api": {"serves": serves}, **sections}
    manifest = SpaceManifest.model_validate(decoded)
    return Unit(name, manifest, frozenset(after), tuple(Replica(name, number + 1) for number in range(replicas)))


def job(name: str, *, after: tuple[str, ...] = (), **sections: Any) -> Unit:
    return unit(name, after=after, space={"kind": "job"}, **sections)


@dataclass
class Bench:
    """A system, its clock, and everything that was asked of the world."""

    state: State
    now: float = 1000.0
    pid: int = 100
    done: list[Action] = field(default_factory=list)

    def feed(self, event: Event) -> list[Action]:
        """Let something happen; what is to be done about it."""
        self.state, actions = step(self.state, event, self.now)
        self.done += actions
        wake = next_wake(self.state)
        assert wake is None or wake > self.now, "something due was not done: the loop would spin"
        return actions

    def wait(self, seconds: float) -> list[Action]:
        """Let time pass as the loop does: from one thing that is due to the next."""
        end, actions = self.now + seconds, []
        while (wake := next_wake(self.state)) is not None and wake <= end:
            self.now = max(self.now, wake)
            actions += self.feed(Tick())
        self.now = end
        return actions + self.feed(Tick())

    def replica(self, name: str) -> Replica:
        return self.state.replica(name if "." in name else f"{name}.1")

    def phase(self, name: str) -> str:
        return str(self.replica(name).phase)

    def phases(self) -> dict[str, str]:
        return {each.name: str(each.phase) for unit in self.state.units.values() for each in unit.replicas}

    def start(self, *names: str) -> list[Action]:
        return self.feed(Start(frozenset(names or self.state.units)))

    def spawned(self, name: str) -> int:
        """The process that was asked for runs."""
        replica = self.replica(name)
        assert Spawn(replica.name) in self.done
        self.pid += 1
        self.feed(Spawned(replica.name, self.pid, 1))
        return self.pid

    def probed(self, name: str, reason: str | None = None, kind: ProbeKind = "ready") -> list[Action]:
        """The probe under way is answered."""
        replica = self.replica(name)
        assert replica.process is not None
        return self.feed(Probed(replica.name, replica.process.pid, kind, reason))

    def ready(self, name: str) -> None:
        """Up to ready, from wherever it is asked to be spawned."""
        self.spawned(name)
        self.wait(0.05)
        self.probed(name)
        assert self.phase(name) == "ready"

    def exited(self, name: str, ended: Ended = BAD, tail: tuple[str, ...] = ()) -> list[Action]:
        replica = self.replica(name)
        assert replica.process is not None
        return self.feed(Exited(replica.name, replica.process.pid, ended, tail))

    def gone(self, name: str) -> list[Action]:
        replica = self.replica(name)
        assert replica.process is not None
        return self.feed(Gone(replica.name, replica.process.pid))

    def crash(self, name: str, ended: Ended = BAD, tail: tuple[str, ...] = ()) -> None:
        self.exited(name, ended, tail)
        self.gone(name)


def bench(*units: Unit) -> Bench:
    return Bench(State({each.name: each for each in units}))


def running(*units: Unit) -> Bench:
    """A system in which everything is ready; each unit is after those before it only if it says so."""
    made = bench(*units)
    made.start()
    for each in units:
        for replica in each.replicas:
            made.ready(replica.name)
    made.done.clear()
    return made


def notes(actions: list[Action], kind: str) -> list[str]:
    return [each.text for each in actions if isinstance(each, Note) and each.kind == kind]


class TestCrashes:
    def test_it_backs_off_twice_as_long_each_time_and_never_longer_than_the_cap(self) -> None:
        rule = {"backoff": 1.0, "max_backoff": 5.0, "give_up": "100 in 60s"}
        made = running(unit("orders", restart=rule))
        pauses = []
        for count in range(1, 7):
            made.crash("orders")
            assert made.phase("orders") == "backoff"
            assert made.replica("orders").restarts == count - 1
            deadline = made.replica("orders").deadline_at
            assert deadline is not None
            pauses.append(deadline - made.now)
            assert Spawn("orders.1") in made.wait(pauses[-1])
            made.spawned("orders")
        for pause, longest in zip(pauses, (1, 2, 4, 5, 5, 5), strict=True):
            assert 0.75 * longest <= pause <= longest
        assert len(set(pauses)) == len(pauses)

    def test_replicas_that_fall_together_do_not_rise_together(self) -> None:
        made = running(unit("orders", replicas=5))
        for number in range(1, 6):
            made.crash(f"orders.{number}")
        assert len({made.replica(f"orders.{number}").deadline_at for number in range(1, 6)}) == 5

    def test_ready_long_enough_forgets_earlier_crashes(self) -> None:
        made = running(unit("orders", restart={"reset": 10.0, "give_up": "2 in 60s"}))
        for _ in range(5):
            made.crash("orders")
            assert made.phase("orders") == "backoff"
            assert len(made.replica("orders").crashes) == 1
            made.wait(1)
            made.ready("orders")
            made.wait(11)

    def test_it_gives_up_with_the_reason_and_the_last_lines(self) -> None:
        made = running(unit("orders", restart={"give_up": "3 in 60s"}))
        for _ in range(3):
            assert made.phase("orders") == "ready"
            made.crash("orders", Ended(7, None), tail=("Traceback", "KeyError"))
            if made.phase("orders") == "backoff":
                made.wait(5)
                made.ready("orders")
        replica = made.replica("orders")
        assert replica.phase is Phase.FAILED
        assert replica.reason == "gave up after 3 crashes in 1m; the last: exited with code 7"
        assert replica.tail == ("Traceback", "KeyError")
        assert replica.ended == Ended(7, None)
        assert made.wait(3600) == []

    def test_crashes_outside_the_window_do_not_count(self) -> None:
        made = running(unit("orders", restart={"give_up": "3 in 60s", "reset": 3600.0}))
        for _ in range(10):
            made.crash("orders")
            assert made.phase("orders") == "backoff"
            made.wait(40)
            made.ready("orders")

    def test_someone_may_start_it_again_and_then_everything_is_forgotten(self) -> None:
        made = running(unit("orders", restart={"give_up": "1 in 60s"}))
        made.crash("orders", tail=("x",))
        assert made.phase("orders") == "failed"
        assert Spawn("orders.1") in made.start("orders")
        assert made.replica("orders").crashes == ()
        assert made.replica("orders").tail == ()
        made.ready("orders")

    def test_start_ends_the_pause(self) -> None:
        made = running(unit("orders", restart={"backoff": 20.0}))
        made.crash("orders")
        assert Spawn("orders.1") in made.start("orders")

    def test_it_does_not_come_back_before_its_leftovers_are_gone(self) -> None:
        made = running(unit("orders"))
        assert Kill("orders.1") in made.exited("orders")
        assert made.wait(30) == []
        assert Spawn("orders.1") in made.gone("orders")

    def test_a_process_of_before_says_nothing(self) -> None:
        made = running(unit("orders"))
        before = made.replica("orders").process
        assert before is not None
        made.crash("orders")
        made.wait(1)
        made.ready("orders")
        for event in (
            Exited("orders.1", before.pid, KILLED), Gone("orders.1", before.pid),
            Probed("orders.1", before.pid, "ready", "late"),
        ):  # fmt: skip
            assert made.feed(event) == []
        assert made.phase("orders") == "ready"

    @pytest.mark.parametrize(
        ("kind", "policy", "ended", "phase", "reason"),
        [
            ("service", "on-failure", OK, "stopped", "exited with code 0 by itself; policy on-failure lets it rest"),
            ("service", "on-failure", BAD, "backoff", "exited with code 1"),
            ("service", "on-failure", KILLED, "backoff", "killed by SIGKILL"),
            ("service", "on-failure", Ended(None, 40), "backoff", "killed by signal 40"),
            ("service", "on-failure", Ended(None, None), "backoff", "ended while no supervisor was watching"),
            ("service", "always", OK, "backoff", "exited with code 0"),
            ("service", "always", BAD, "backoff", "exited with code 1"),
            ("service", "always", KILLED, "backoff", "killed by SIGKILL"),
            ("service", "never", OK, "stopped", "exited with code 0 by itself; policy never lets it rest"),
            ("service", "never", BAD, "failed", "exited with code 1; policy never restarts nothing"),
            ("service", "never", KILLED, "failed", "killed by SIGKILL; policy never restarts nothing"),
            ("job", "on-failure", OK, "completed", None),
            ("job", "on-failure", BAD, "backoff", "exited with code 1"),
            ("job", "on-failure", KILLED, "backoff", "killed by SIGKILL"),
            ("job", "always", OK, "completed", None),
            ("job", "always", BAD, "backoff", "exited with code 1"),
            ("job", "never", OK, "completed", None),
            ("job", "never", BAD, "failed", "exited with code 1; policy never restarts nothing"),
        ],
    )
    def test_what_follows_an_end(self, kind: str, policy: str, ended: Ended, phase: str, reason: str | None) -> None:
        made = bench(unit("orders", space={"kind": kind}, restart={"policy": policy}))
        made.start()
        made.spawned("orders")
        made.crash("orders", ended)
        assert (made.phase("orders"), made.replica("orders").reason) == (phase, reason)
        assert made.replica("orders").ended == ended

    def test_a_command_that_cannot_run_is_not_tried_again(self) -> None:
        made = bench(unit("orders"))
        made.start()
        actions = made.feed(SpawnFailed("orders.1", "command not found: 'x'", final=True))
        assert notes(actions, "failed") == ["command not found: 'x'"]
        assert made.phase("orders") == "failed"
        assert made.wait(100) == []

    def test_a_port_that_is_taken_may_get_free(self) -> None:
        made = running(unit("orders"))
        made.crash("orders", tail=("of the process before",))
        made.wait(1)
        made.feed(SpawnFailed("orders.1", "port 80 is in use by nginx (pid 7)", final=False))
        replica = made.replica("orders")
        assert (replica.phase, replica.reason) == (Phase.BACKOFF, "port 80 is in use by nginx (pid 7)")
        assert (replica.tail, replica.ended) == ((), None)
        assert Spawn("orders.1") in made.wait(2)


class TestProbes:
    def test_a_starting_replica_is_probed_ever_more_rarely(self) -> None:
        made = bench(unit("orders", ready={"http": "/", "interval": 0.5}))
        made.start()
        pid = made.spawned("orders")
        at = [made.now]
        while made.now < at[0] + 10:
            wake = next_wake(made.state)
            assert wake is not None
            made.wait(wake - made.now)
            assert made.done[-1] == Probe("orders.1", pid, "ready")
            at.append(made.now)
            made.probed("orders", "connection refused")
        pauses = [round(after - before, 6) for before, after in pairwise(at)]
        assert pauses == sorted(pauses)
        assert (pauses[0], pauses[-1]) == (0.05, 0.5)
        late = [after - before for before, after in pairwise(at[1:])]
        assert all(each <= max(0.0501, (now - at[0]) / 8 + 0.0001) for each, now in zip(late, at[1:], strict=False))

    def test_only_one_probe_is_under_way(self) -> None:
        made = bench(unit("orders"))
        made.start()
        made.spawned("orders")
        assert len([each for each in made.wait(5) if isinstance(each, Probe)]) == 1

    def test_the_last_reason_is_kept_and_goes_when_it_is_ready(self) -> None:
        made = bench(unit("orders"))
        made.start()
        made.spawned("orders")
        made.wait(0.05)
        made.probed("orders", "connection refused")
        made.wait(0.1)
        made.probed("orders", "/health answers 503")
        assert made.replica("orders").reason == "/health answers 503"
        made.wait(0.3)
        assert notes(made.probed("orders"), "ready") == ["after 0.4s"]
        assert made.replica("orders").reason is None

    def test_not_ready_in_time(self) -> None:
        made = bench(unit("orders", ready={"start_timeout": 3.0}, restart={"give_up": "2 in 60s"}))
        made.start()
        made.spawned("orders")
        made.wait(0.05)
        made.probed("orders", "connection refused")
        assert Terminate("orders.1", "SIGTERM") in made.wait(3)
        assert made.phase("orders") == "stopping"
        assert made.replica("orders").reason == "not ready within 3s: connection refused"
        made.exited("orders", Ended(None, 15), tail=("still loading",))
        made.gone("orders")
        replica = made.replica("orders")
        assert (replica.phase, replica.reason) == (Phase.BACKOFF, "not ready within 3s: connection refused")
        assert replica.tail == ("still loading",)
        made.wait(1)
        made.spawned("orders")
        made.wait(3)
        made.crash("orders", KILLED)
        assert made.replica("orders").reason == (
            "gave up after 2 crashes in 1m; the last: not ready within 3s: no probe has answered"
        )

    def test_ready_ends_the_limit(self) -> None:
        made = running(unit("orders", ready={"start_timeout": 3.0}))
        made.wait(100)
        assert made.phase("orders") == "ready"

    def test_unhealthy_after_so_many_failures_in_a_row_and_back_after_one_success(self) -> None:
        made = running(unit("orders", ready={"failures": 3, "interval": 2.0}))
        answers: list[str | None] = ["503", "503", None, "a", "b", "timed out after 1s", "c"]
        phases = []
        for answer in answers:
            made.wait(2)
            made.probed("orders", answer)
            phases.append(made.phase("orders"))
        assert phases == ["ready", "ready", "ready", "ready", "ready", "unhealthy", "unhealthy"]
        assert made.replica("orders").reason == "c"
        made.wait(2)
        assert notes(made.probed("orders"), "ready") == ["again"]
        assert made.replica("orders").reason is None
        assert not any(isinstance(each, Terminate) for each in made.done)

    def test_alive_is_asked_once_it_was_ready_and_failing_it_restarts(self) -> None:
        made = bench(unit("orders", alive={"http": "/live", "failures": 2, "interval": 1.0}))
        made.start()
        made.spawned("orders")
        assert not [each for each in made.wait(5) if isinstance(each, Probe) and each.kind == "alive"]
        made.probed("orders")
        for reason in ("503", None, "503"):
            assert Probe("orders.1", made.pid, "alive") in made.wait(1)
            made.probed("orders", reason, "alive")
        assert made.phase("orders") == "ready"
        made.wait(1)
        actions = made.probed("orders", "timed out after 1s", "alive")
        assert Terminate("orders.1", "SIGTERM") in actions
        made.crash("orders", Ended(None, 15))
        assert made.replica("orders").reason == "no longer alive: timed out after 1s"
        made.wait(1)
        made.ready("orders")
        assert made.replica("orders").restarts == 1
        assert Probe("orders.1", made.pid, "alive") in made.wait(1)

    def test_a_job_is_not_probed(self) -> None:
        made = bench(job("seed"))
        made.start()
        made.spawned("seed")
        assert made.wait(3600) == []
        assert made.phase("seed") == "starting"


class TestOrder:
    def chain(self) -> tuple[Unit, ...]:
        return (unit("orders", after=("catalog", "bus")), unit("catalog", after=("bus",)), unit("bus"))

    def test_up_each_waits_for_what_it_is_after(self) -> None:
        made = bench(*self.chain())
        assert [each for each in made.start() if isinstance(each, Spawn)] == [Spawn("bus.1")]
        assert made.replica("orders").reason == "waiting for bus, catalog"
        made.ready("bus")
        assert Spawn("catalog.1") in made.done
        assert Spawn("orders.1") not in made.done
        assert made.replica("orders").reason == "waiting for catalog"
        made.ready("catalog")
        assert Spawn("orders.1") in made.done

    def test_what_will_not_come_is_named(self) -> None:
        made = bench(*self.chain())
        made.start("orders", "catalog")
        assert made.replica("orders").reason == "waiting for bus (stopped), catalog"

    def test_all_replicas_must_be_there(self) -> None:
        made = bench(unit("orders", after=("catalog",)), unit("catalog", replicas=2))
        made.start()
        made.ready("catalog.1")
        assert made.phase("orders") == "waiting"
        made.ready("catalog.2")
        assert made.phase("orders") == "starting"

    def test_a_job_must_have_completed(self) -> None:
        made = bench(unit("orders", after=("seed",)), job("seed"))
        made.start()
        made.spawned("seed")
        assert made.phase("orders") == "waiting"
        made.crash("seed", OK)
        assert made.phases() == {"orders.1": "starting", "seed.1": "completed"}

    def test_a_completed_job_is_run_again_only_when_asked(self) -> None:
        made = bench(job("seed"))
        made.start()
        made.spawned("seed")
        made.crash("seed", OK)
        assert made.start() == []
        assert Spawn("seed.1") in made.feed(Restart(frozenset({"seed"})))

    def test_down_in_reverse(self) -> None:
        made = running(*reversed(self.chain()))
        stopped = made.feed(ShutDown())
        assert [each.replica for each in stopped if isinstance(each, Terminate)] == ["orders.1"]
        made.crash("orders", Ended(None, 15))
        assert Terminate("catalog.1", "SIGTERM") in made.done
        assert Terminate("bus.1", "SIGTERM") not in made.done
        made.exited("catalog", Ended(None, 15))
        assert Terminate("bus.1", "SIGTERM") not in made.done  # something of catalog's is still there
        made.gone("catalog")
        assert Terminate("bus.1", "SIGTERM") in made.done
        assert not finished(made.state)
        made.crash("bus", Ended(None, 15))
        assert finished(made.state)

    def test_what_waits_for_others_to_end_is_probed_meanwhile(self) -> None:
        made = running(*reversed(self.chain()))
        made.feed(ShutDown())
        assert Probe("bus.1", 101, "ready") in made.wait(5)

    def test_one_may_be_stopped_alone(self) -> None:
        made = running(*reversed(self.chain()))
        assert Terminate("catalog.1", "SIGTERM") in made.feed(Stop(frozenset({"catalog"})))
        made.crash("catalog", Ended(None, 15))
        assert made.phases() == {"bus.1": "ready", "catalog.1": "stopped", "orders.1": "ready"}


class TestStopping:
    def test_the_signal_of_the_manifest_then_kill_and_kill_again(self) -> None:
        made = running(unit("orders", stop={"signal": "SIGINT", "timeout": 3.0}))
        assert Terminate("orders.1", "SIGINT") in made.feed(Stop(frozenset({"orders"})))
        assert Kill("orders.1") not in made.wait(2.9)
        actions = made.wait(0.1)
        assert Kill("orders.1") in actions
        assert notes(actions, "killed") == ["still there 3s after SIGINT: killed"]
        assert made.replica("orders").reason == "still there 3s after SIGINT: killed"
        assert Kill("orders.1") in made.wait(3)
        made.crash("orders", KILLED)
        assert made.phase("orders") == "stopped"
        assert next_wake(made.state) is None

    def test_stopped_only_when_everything_it_started_is_gone(self) -> None:
        made = running(unit("orders"))
        made.feed(Stop(frozenset({"orders"})))
        made.exited("orders", OK)
        assert made.phase("orders") == "stopping"
        made.gone("orders")
        assert made.phase("orders") == "stopped"

    def test_without_patience(self) -> None:
        made = running(unit("orders", stop={"timeout": 0.0}))
        actions = made.feed(Stop(frozenset({"orders"})))
        assert [each for each in actions if not isinstance(each, Note)] == [
            Terminate("orders.1", "SIGTERM"),
            Kill("orders.1"),
        ]

    def test_while_it_is_being_spawned(self) -> None:
        made = bench(unit("orders"))
        made.start()
        made.feed(Stop(frozenset({"orders"})))
        made.spawned("orders")
        assert Terminate("orders.1", "SIGTERM") in made.done
        made.crash("orders", Ended(None, 15))
        assert made.phase("orders") == "stopped"

    @pytest.mark.parametrize("phase", ["waiting", "backoff", "failed", "completed", "stopped"])
    def test_where_nothing_runs_there_is_nothing_to_end(self, phase: str) -> None:
        made = bench(job("orders", after=("bus",), restart={"give_up": "2 in 60s"}), unit("bus"))
        made.start("orders")
        if phase != "waiting":
            made.start("bus")
            made.ready("bus")
            made.spawned("orders")
            made.crash("orders", OK if phase == "completed" else BAD)
        if phase == "failed":
            made.wait(1)
            made.spawned("orders")
            made.crash("orders")
        if phase == "stopped":
            made.feed(Stop(frozenset({"orders"})))
        assert made.phase("orders") == phase
        made.done.clear()
        made.feed(Stop(frozenset({"orders"})))
        assert made.phase("orders") == ("completed" if phase == "completed" else "stopped")
        assert not any(isinstance(each, Terminate | Kill | Spawn) for each in made.done + made.wait(100))

    def test_restart_while_it_stops(self) -> None:
        made = running(unit("orders"))
        made.feed(Stop(frozenset({"orders"})))
        assert made.feed(Restart(frozenset({"orders"}))) == []
        made.crash("orders", OK)
        assert made.phase("orders") == "starting"

    def test_stop_while_it_restarts(self) -> None:
        made = running(unit("orders"))
        made.feed(Restart(frozenset({"orders"})))
        made.feed(Stop(frozenset({"orders"})))
        made.crash("orders", OK)
        assert made.phase("orders") == "stopped"

    def test_a_restart_is_no_crash(self) -> None:
        made = running(unit("orders", replicas=2))
        made.feed(Restart(frozenset({"orders"})))
        for name in ("orders.1", "orders.2"):
            made.crash(name, KILLED)
            made.ready(name)
            assert (made.replica(name).restarts, made.replica(name).crashes) == (0, ())

    def test_shut_down_twice_kills(self) -> None:
        made = running(unit("bus"), unit("orders", after=("bus",)))
        made.feed(ShutDown())
        actions = made.feed(ShutDown(now=True))
        assert {each.replica for each in actions if isinstance(each, Kill)} == {"bus.1", "orders.1"}
        for name in ("orders", "bus"):
            made.crash(name, KILLED)
        assert finished(made.state)

    def test_after_the_end_was_asked_for_nothing_is_started(self) -> None:
        made = running(unit("orders"))
        made.feed(ShutDown())
        everything = frozenset({"orders"})
        for late in (Start(everything), Restart(everything), FilesChanged("orders")):
            assert made.feed(late) == []
        made.crash("orders", OK)
        assert finished(made.state)

    def test_an_empty_system_is_finished_when_it_is_told_to(self) -> None:
        made = bench()
        assert not finished(made.state)
        made.feed(ShutDown())
        assert finished(made.state)


def built(**watch: Any) -> Unit:
    return unit("orders", replicas=2, build={"command": "make"}, watch={"paths": ["src"], **watch})


class TestBuilds:
    def test_replicas_wait_for_the_build(self) -> None:
        made = bench(built())
        assert made.start() == [Build("orders")]
        assert set(made.phases().values()) == {"building"}
        actions = made.feed(BuildFinished("orders", None))
        assert actions == [Spawn("orders.1"), Spawn("orders.2")]

    def test_a_build_that_fails_is_told_with_its_last_lines(self) -> None:
        made = bench(built())
        made.start()
        actions = made.feed(BuildFinished("orders", "the build failed: exited with code 2", ("error: no rule",)))
        assert notes(actions, "failed") == ["the build failed: exited with code 2"] * 2
        replica = made.replica("orders.2")
        assert replica.phase is Phase.FAILED
        assert (replica.reason, replica.tail) == ("the build failed: exited with code 2", ("error: no rule",))
        assert made.start() == [Build("orders")]

    def test_stop_cancels_it(self) -> None:
        made = bench(built())
        made.start()
        assert CancelBuild("orders") in made.feed(Stop(frozenset({"orders"})))
        assert set(made.phases().values()) == {"stopped"}
        assert made.feed(BuildFinished("orders", None)) == []
        assert made.start() == [Build("orders")]

    def test_it_is_asked_for_again_at_each_start(self) -> None:
        made = bench(built())
        made.start()
        made.feed(BuildFinished("orders", None))
        made.spawned("orders.1")
        made.spawned("orders.2")
        made.feed(Restart(frozenset({"orders"})))
        made.crash("orders.1", OK)
        assert Build("orders") in made.done[-2:]
        assert made.phase("orders.1") == "building"

    def test_a_crash_does_not_build(self) -> None:
        made = bench(built())
        made.start()
        made.feed(BuildFinished("orders", None))
        made.spawned("orders.1")
        made.crash("orders.1")
        made.done.clear()
        made.wait(1)
        assert made.done == [Spawn("orders.1")]


class TestWatching:
    def up(self, **watch: Any) -> Bench:
        made = bench(built(**watch))
        made.start()
        made.feed(BuildFinished("orders", None))
        made.ready("orders.1")
        made.ready("orders.2")
        made.done.clear()
        return made

    def test_none(self) -> None:
        made = self.up(on_change="none")
        assert made.feed(FilesChanged("orders")) == []

    def test_restart(self) -> None:
        made = self.up(on_change="restart")
        actions = made.feed(FilesChanged("orders"))
        assert [each for each in actions if isinstance(each, Terminate)] == [
            Terminate("orders.1", "SIGTERM"),
            Terminate("orders.2", "SIGTERM"),
        ]
        made.crash("orders.1", OK)
        assert made.phase("orders.1") == "building"
        made.feed(BuildFinished("orders", None))
        assert made.phase("orders.1") == "starting"

    def test_build_then_restart(self) -> None:
        made = self.up(on_change="build")
        assert made.feed(FilesChanged("orders"))[-1] == Build("orders")
        assert set(made.phases().values()) == {"ready"}
        made.feed(BuildFinished("orders", None))
        assert set(made.phases().values()) == {"stopping"}
        made.crash("orders.1", OK)
        assert made.phase("orders.1") == "starting"
        assert made.done.count(Build("orders")) == 1

    def test_a_build_that_fails_keeps_what_runs(self) -> None:
        made = self.up(on_change="build")
        made.feed(FilesChanged("orders"))
        actions = made.feed(BuildFinished("orders", "the build failed: exited with code 2", ("syntax error",)))
        assert notes(actions, "build failed") == ["the build failed: exited with code 2; what ran before runs on"]
        assert set(made.phases().values()) == {"ready"}
        assert made.state.units["orders"].build_reason == "the build failed: exited with code 2"
        made.feed(FilesChanged("orders"))
        made.feed(BuildFinished("orders", None))
        assert set(made.phases().values()) == {"stopping"}
        assert made.state.units["orders"].build_reason is None

    def test_a_crash_while_it_builds_brings_back_what_was_there(self) -> None:
        made = self.up(on_change="build")
        made.feed(FilesChanged("orders"))
        made.crash("orders.1")
        assert Spawn("orders.1") in made.wait(1)

    def test_a_change_during_the_first_build_starts_nothing_that_is_not_built(self) -> None:
        made = bench(built(on_change="build"))
        made.start()
        assert made.feed(FilesChanged("orders"))[-1] == Build("orders")
        assert set(made.phases().values()) == {"building"}
        assert made.feed(BuildFinished("orders", None)) == [Spawn("orders.1"), Spawn("orders.2")]

    def test_a_change_after_a_build_that_failed_tries_again(self) -> None:
        made = bench(built(on_change="build"))
        made.start()
        made.feed(BuildFinished("orders", "the build failed: exited with code 2", ("old",)))
        made.feed(FilesChanged("orders"))
        actions = made.feed(BuildFinished("orders", "the build failed: exited with code 3", ("new",)))
        assert notes(actions, "build failed") == ["the build failed: exited with code 3"]
        assert made.state.units["orders"].build is BuildPhase.FAILED
        replica = made.replica("orders.1")
        assert (replica.reason, replica.tail) == ("the build failed: exited with code 3", ("new",))
        made.feed(FilesChanged("orders"))
        made.feed(BuildFinished("orders", None))
        assert set(made.phases().values()) == {"starting"}

    def test_what_is_not_wanted_is_left_alone(self) -> None:
        made = bench(built())
        assert made.feed(FilesChanged("orders")) == []


class TestViolations:
    def test_they_are_counted_and_told_once(self) -> None:
        made = running(unit("orders"))
        first = made.feed(Refused("orders", "publish", "billing.nope", 3, "add it"))
        assert notes(first, "violation") == ["may not publish billing.nope: add it"]
        assert made.feed(Refused("orders", "publish", "billing.nope", 4, "add it")) == []
        made.feed(Refused("orders", "subscribe", "billing.nope", 1, "add it"))
        found = {(each.kind, each.subject): each.count for each in made.state.units["orders"].violations}
        assert found == {("publish", "billing.nope"): 7, ("subscribe", "billing.nope"): 1}

    def test_a_space_that_makes_up_subjects_grows_nothing(self) -> None:
        made = running(unit("orders"))
        for number in range(500):
            made.feed(Refused("orders", "publish", f"orders.{number}", 1, ""))
        violations = made.state.units["orders"].violations
        assert len(violations) == 101
        assert len(notes(made.done, "violation")) == 101
        assert [each.count for each in violations if each.subject == "other subjects"] == [400]
        assert sum(each.count for each in violations) == 500
        made.feed(Refused("orders", "publish", "orders.0", 1, ""))
        assert next(e for e in made.state.units["orders"].violations if e.subject == "orders.0").count == 2


def test_the_parts_that_do_not_exist_are_no_trouble() -> None:
    made = bench(unit("orders", after=("nothing",)))
    assert Spawn("orders.1") in made.start("orders", "elsewhere")
    assert made.feed(Stop(frozenset({"elsewhere"}))) == []


def test_no_replica_is_nothing_to_wait_for() -> None:
    made = bench(unit("catalog", replicas=0), unit("orders", after=("catalog",)))
    assert made.start() == [Spawn("orders.1")]
