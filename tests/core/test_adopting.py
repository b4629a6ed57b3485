"""What a killed supervisor left: who is taken over, what need not run again, and what is ended."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from spacectl.core.adopting import NOTHING_LEFT, Found, essence, held_ports, record_of, run_record, survivors
from spacectl.core.scaling import Scaled
from spacectl.model.events import Adopted
from spacectl.model.launch import Launch
from spacectl.model.manifest import SpaceManifest
from spacectl.model.phase import Phase
from spacectl.model.record import LaunchRecord, ReplicaRecord, UnitRecord
from spacectl.model.state import Probing, Process, Replica, Unit

NAMES = ("orders.1", "orders.2", "seed.1")
MAIN = Found(7, 70, "orders.1", "m7", leads=True)


def unit(*replicas: ReplicaRecord, name: str = "orders", boot: str = "now") -> UnitRecord:
    return UnitRecord(unit=name, boot=boot, stop_signal="SIGTERM", replicas=replicas)


RUNNING = ReplicaRecord(
    number=1, phase=Phase.READY, wanted=True, restarts=3, pid=7, start_ticks=70, mark="m7", log_start=12, started_at=5.5
)
ADOPTED = Adopted("orders.1", Process(7, 70, "m7", 12), started_at=5.5, restarts=3, wanted=True)


def test_a_recorded_process_is_taken_over_as_it_was() -> None:
    left = survivors(NAMES, [unit(RUNNING)], [MAIN], 100.0)
    assert left.adopted == (ADOPTED,)
    assert (left.completed, left.strays) == ((), ())


def test_what_belongs_to_it_is_no_stray_and_the_rest_is() -> None:
    child = Found(8, 80, "orders.1", "m7", leads=False)
    build = Found(9, 90, "orders.build", "m9", leads=True)
    unknown = Found(10, 95, "gone.1", "m10", leads=True)
    left = survivors(NAMES, [unit(RUNNING)], [MAIN, child, build, unknown], 100.0)
    assert left.adopted == (ADOPTED,)
    assert left.strays == (build, unknown)


def test_nothing_was_left() -> None:
    assert survivors(NAMES, [], [], 1.0) == NOTHING_LEFT
    assert survivors(NAMES, [unit(RUNNING)], [], 1.0) == NOTHING_LEFT


@pytest.mark.parametrize(
    "record",
    [
        RUNNING.model_copy(update={"start_ticks": 69}),  # the pid is another process's by now
        RUNNING.model_copy(update={"ended": True}),
    ],
)
def test_a_recycled_pid_is_not_taken_over(record: ReplicaRecord) -> None:
    stranger = Found(7, 70, "orders.1", record.mark, leads=True)
    left = survivors(NAMES, [unit(record)], [stranger], 1.0)
    assert (left.adopted, left.strays) == ((), (stranger,))


def test_a_process_without_a_record_is_known_by_its_mark_the_oldest_first() -> None:
    younger = Found(3, 300, "orders.2", "m2", leads=True)
    older = Found(4, 200, "orders.2", "m2", leads=True)
    left = survivors(NAMES, [], [younger, older, Found(5, 100, "orders.2", "m2", leads=False)], 9.0)
    assert left.adopted == (Adopted("orders.2", Process(4, 200, "m2"), started_at=9.0, restarts=0, wanted=True),)
    assert left.strays == ()


def test_it_had_crashed_and_been_started_again_before_that_was_recorded() -> None:
    leftover = Found(8, 71, "orders.1", "m7", leads=True)
    successor = Found(9, 90, "orders.1", "m9", leads=True)
    left = survivors(NAMES, [unit(RUNNING)], [leftover, successor], 9.0)
    assert [each.process.pid for each in left.adopted] == [9]
    assert left.adopted[0].restarts == 3
    assert left.strays == (leftover,)


def test_one_that_was_being_stopped_is_taken_over_to_be_stopped() -> None:
    stopping = RUNNING.model_copy(update={"phase": Phase.STOPPING, "wanted": False})
    left = survivors(NAMES, [unit(stopping)], [MAIN], 9.0)
    assert [each.wanted for each in left.adopted] == [False]


def test_a_completed_job_stays_completed() -> None:
    done = ReplicaRecord(number=1, phase=Phase.COMPLETED, wanted=True)
    assert survivors(NAMES, [unit(done, name="seed")], [], 9.0).completed == ("seed.1",)


def test_the_record_of_a_unit() -> None:
    manifest = SpaceManifest.model_validate({"space": {"name": "orders"}, "run": {"command": ["x"]}})
    launches = {"orders.1": Launch(("run",), Path("/orders"), {"A": "b"}, Path("/log"), 4000)}
    running = Replica(
        "orders", 1, Phase.READY, wanted=True, process=Process(7, 70, "m7", 12), started_at=5.5, restarts=3
    )
    kept = record_of(Unit("orders", manifest, frozenset(), (running, Replica("orders", 2))), "now", launches)
    started = LaunchRecord(argv=("run",), folder="/orders", env={"A": "b"}, port=4000)
    running_now = RUNNING.model_copy(update={"launch": started})
    assert kept == unit(running_now, ReplicaRecord(number=2, phase=Phase.STOPPED, wanted=False))


def test_ports_stay_with_those_who_listen_on_them() -> None:
    bus = Adopted("bus.1", Process(1, 1), 0.0, 0, wanted=True)
    before = {"bus": 4222, "orders.1": 2001, "orders.2": 2002}
    assert held_ports([bus, ADOPTED], before) == {"bus": 4222, "orders.1": 2001}


def test_what_held_for_the_run_holds_on_as_long_as_something_of_it_runs() -> None:
    run = run_record({"orders": Scaled(3, 1)}, {"HOME": "/root"}, "now")
    left = survivors(NAMES, [unit(RUNNING)], [MAIN], 9.0, run)
    assert (left.scales, left.inherited) == ({"orders": Scaled(3, 1)}, {"HOME": "/root"})
    assert survivors(NAMES, [unit(RUNNING)], [], 9.0, run) == NOTHING_LEFT


def test_how_they_were_started_is_told_of_those_on_record() -> None:
    launch = LaunchRecord(argv=("run",), folder="/orders", env={}, port=None)
    recorded = unit(RUNNING.model_copy(update={"launch": launch}))
    assert survivors(NAMES, [recorded], [MAIN], 9.0).launches == {"orders.1": launch}
    successor = Found(9, 90, "orders.1", "m9", leads=True)
    assert survivors(NAMES, [recorded], [successor], 9.0).launches == {}


def test_an_essence_changes_with_what_is_kept_and_with_nothing_else() -> None:
    manifest = SpaceManifest.model_validate({"space": {"name": "orders"}, "run": {"command": ["x"]}})
    running = Replica("orders", 1, Phase.READY, wanted=True, process=Process(7, 70))
    before = Unit("orders", manifest, frozenset(), (running,))
    probed = replace(before, replicas=(replace(running, ready=Probing(due_at=3.0, reason="503")),))
    ended = replace(before, replicas=(replace(running, process=Process(7, 70, ended=True)),))
    assert essence(probed) == essence(before)
    assert essence(ended) != essence(before)
