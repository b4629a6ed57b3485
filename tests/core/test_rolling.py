"""Restarts of spaces that others call: what is in hand is finished first, and replicas go one at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from spacectl.core.probing import DRAIN_S
from spacectl.core.settle import next_wake
from spacectl.core.step import step
from spacectl.model.actions import Action, Drain, Kill, Note, Spawn, Terminate
from spacectl.model.events import (
    BuildFinished,
    Drained,
    Event,
    Exited,
    FilesChanged,
    Gone,
    Probed,
    Restart,
    ShutDown,
    Spawned,
    Start,
    Stop,
    Tick,
)
from spacectl.model.manifest import SpaceManifest
from spacectl.model.state import Ended, Replica, State, Unit

ORDERS = frozenset({"orders"})


@dataclass
class Bench:
    """A space that others call, its clock, and what was asked of the world."""

    state: State
    now: float = 1000.0
    pid: int = 100
    done: list[Action] = field(default_factory=list)

    def feed(self, event: Event) -> list[Action]:
        self.state, actions = step(self.state, event, self.now)
        self.done += actions
        return [each for each in actions if not isinstance(each, Note)]

    def wait(self, seconds: float) -> list[Action]:
        self.now += seconds
        return self.feed(Tick())

    def spawned(self, number: int) -> None:
        self.pid += 1
        self.feed(Spawned(f"orders.{number}", self.pid, 1))

    def probed(self, number: int, reason: str | None = None) -> list[Action]:
        return self.feed(Probed(f"orders.{number}", self.pid_of(number), "ready", reason))

    def drained(self, number: int) -> list[Action]:
        return self.feed(Drained(f"orders.{number}", self.pid_of(number)))

    def ends(self, number: int, code: int | None = None) -> list[Action]:
        pid = self.pid_of(number)
        ended = Ended(code, None if code is not None else 15)
        return [*self.feed(Exited(f"orders.{number}", pid, ended)), *self.feed(Gone(f"orders.{number}", pid))]

    def restarted(self, number: int) -> None:
        self.drained(number)
        self.ends(number)
        self.spawned(number)
        self.probed(number)

    def replica(self, number: int) -> Replica:
        return self.state.replica(f"orders.{number}")

    def pid_of(self, number: int) -> int:
        process = self.replica(number).process
        assert process is not None
        return process.pid

    @property
    def phases(self) -> str:
        return " ".join(str(each.phase) for each in self.state.units["orders"].replicas)


def running(replicas: int = 2, *, ready: bool = True, **sections: Any) -> Bench:
    decoded = {"space": {"name": "orders"}, "run": {"command": ["x"]}, **sections}
    numbers = range(1, replicas + 1)
    unit = Unit(
        "orders", SpaceManifest.model_validate(decoded), frozenset(), tuple(Replica("orders", n) for n in numbers)
    )
    made = Bench(State({"orders": unit}))
    made.feed(Start(ORDERS))
    made.feed(BuildFinished("orders", None))
    for number in numbers:
        made.spawned(number)
        if ready:
            made.probed(number)
    return made


class TestDraining:
    def test_it_is_told_once_the_gateway_has_nothing_in_hand(self) -> None:
        made = running(1, stop={"signal": "SIGINT", "timeout": "3s"})
        assert made.feed(Stop(ORDERS)) == [Drain("orders.1", 101)]
        assert made.replica(1).draining
        made.now += 1
        assert made.drained(1) == [Terminate("orders.1", "SIGINT")]
        assert made.wait(2.9) == []  # its time counts from the signal
        assert made.wait(0.1) == [Kill("orders.1")]

    def test_it_is_told_when_it_takes_too_long(self) -> None:
        made = running(1)
        made.feed(Stop(ORDERS))
        assert next_wake(made.state) == made.now + DRAIN_S
        assert made.wait(DRAIN_S) == [Terminate("orders.1", "SIGTERM")]
        assert made.drained(1) == []  # that comes too late

    def test_one_that_ends_meanwhile_is_told_for_the_sake_of_what_it_started(self) -> None:
        made = running(1)
        made.feed(Stop(ORDERS))
        assert made.feed(Exited("orders.1", 101, Ended(0, None))) == [Terminate("orders.1", "SIGTERM")]
        made.feed(Gone("orders.1", 101))
        assert made.phases == "stopped"

    @pytest.mark.parametrize("phase", ["starting", "unhealthy"])
    def test_one_that_gets_no_requests_is_told_at_once(self, phase: str) -> None:
        made = running(1, ready=phase == "unhealthy")
        for _ in range(3 if phase == "unhealthy" else 0):
            made.wait(2)
            made.probed(1, "503")
        assert made.phases == phase
        assert made.feed(Stop(ORDERS)) == [Terminate("orders.1", "SIGTERM")]

    def test_one_that_nobody_calls_is_told_at_once(self) -> None:
        made = running(1, api={"serves": False})
        assert made.feed(Stop(ORDERS)) == [Terminate("orders.1", "SIGTERM")]

    def test_where_everything_goes_down_each_finishes_what_it_has_by_itself(self) -> None:
        made = running(2)
        assert made.feed(ShutDown()) == [Terminate("orders.1", "SIGTERM"), Terminate("orders.2", "SIGTERM")]
        assert made.feed(ShutDown(now=True)) == [Kill("orders.1"), Kill("orders.2")]

    def test_in_a_hurry_nobody_is_waited_for(self) -> None:
        made = running(2)
        made.feed(Stop(ORDERS))
        assert made.feed(ShutDown(now=True)) == [Kill("orders.1"), Kill("orders.2")]
        assert made.drained(1) == []

    def test_one_that_is_no_longer_alive_leaves_first(self) -> None:
        made = running(1, alive={"http": "/live", "failures": 1})
        made.wait(2)
        assert made.feed(Probed("orders.1", 101, "alive", "no answer")) == [Drain("orders.1", 101)]

    def test_an_answer_about_another_process_says_nothing(self) -> None:
        made = running(1)
        made.feed(Stop(ORDERS))
        assert made.feed(Drained("orders.1", 77)) == []


class TestOneByOne:
    def test_the_next_goes_when_the_one_before_is_ready_again(self) -> None:
        made = running(3)
        assert made.feed(Restart(ORDERS)) == [Drain("orders.1", 101)]
        made.drained(1)
        made.ends(1)
        made.spawned(1)
        assert made.phases == "starting ready ready"
        assert made.probed(1) == [Drain("orders.2", 102)]
        made.restarted(2)
        assert made.phases == "ready ready stopping"
        made.restarted(3)
        assert made.phases == "ready ready ready"
        assert [made.pid_of(number) for number in (1, 2, 3)] == [104, 105, 106]
        assert made.state.units["orders"].rolling == ()

    def test_one_of_one_goes_at_once(self) -> None:
        made = running(1)
        assert made.feed(Restart(ORDERS)) == [Drain("orders.1", 101)]

    def test_those_that_nobody_calls_go_together(self) -> None:
        made = running(2, api={"serves": False})
        assert made.feed(Restart(ORDERS)) == [Terminate("orders.1", "SIGTERM"), Terminate("orders.2", "SIGTERM")]

    def test_what_does_not_run_is_started_first(self) -> None:
        made = running(2, restart={"policy": "never"})
        made.ends(1, 1)
        assert made.phases == "failed ready"
        assert made.feed(Restart(ORDERS)) == [Spawn("orders.1")]
        made.spawned(1)
        assert made.probed(1) == [Drain("orders.2", 102)]

    def test_one_that_fails_leaves_the_others_as_they_are(self) -> None:
        made = running(2, restart={"policy": "never"})
        made.feed(Restart(ORDERS))
        made.drained(1)
        made.ends(1)
        made.spawned(1)
        made.ends(1, 3)
        assert made.phases == "failed ready"
        assert made.pid_of(2) == 102
        assert Note("orders", "restart ended", "orders.1 failed; as before: orders.2") in made.done

    def test_one_that_crashes_is_waited_for(self) -> None:
        made = running(2)
        made.feed(Restart(ORDERS))
        made.drained(1)
        made.ends(1)
        made.spawned(1)
        made.ends(1, 3)
        assert made.phases == "backoff ready"
        assert made.wait(1) == [Spawn("orders.1")]
        made.spawned(1)
        assert made.probed(1) == [Drain("orders.2", 102)]

    def test_an_unhealthy_one_is_no_loss_and_goes_before_its_turn(self) -> None:
        made = running(3)
        made.feed(Restart(ORDERS))
        for _ in range(3):
            made.wait(0.5)
            made.feed(Probed("orders.3", 103, "ready", "503"))
        assert made.phases == "stopping ready stopping"
        assert Terminate("orders.3", "SIGTERM") in made.done

    def test_the_next_waits_while_one_that_had_its_turn_is_unhealthy(self) -> None:
        made = running(3)
        made.feed(Restart(ORDERS))
        made.restarted(1)
        for _ in range(3):
            made.wait(0.5)
            made.probed(1, "503")
        made.restarted(2)
        assert made.phases == "unhealthy ready ready"
        assert made.probed(1) == [Drain("orders.3", 103)]

    def test_a_stop_ends_it(self) -> None:
        made = running(2)
        made.feed(Restart(ORDERS))
        assert made.feed(Stop(ORDERS)) == [Drain("orders.2", 102)]
        assert made.state.units["orders"].rolling == ()
        for number in (1, 2):
            made.drained(number)
            made.ends(number)
        assert made.phases == "stopped stopped"

    def test_changed_files_restart_one_by_one_too(self) -> None:
        made = running(2)
        assert made.feed(FilesChanged("orders")) == [Drain("orders.1", 101)]
        made.restarted(1)
        assert made.phases == "ready stopping"

    def test_and_so_does_a_build(self) -> None:
        made = running(2, watch={"on_change": "build"}, build={"command": "make"})
        made.feed(FilesChanged("orders"))
        assert made.phases == "ready ready"
        assert made.feed(BuildFinished("orders", None)) == [Drain("orders.1", made.pid_of(1))]
