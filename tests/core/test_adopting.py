"""What a killed supervisor left: who is taken over, what need not run again, and what is ended."""

from __future__ import annotations

import pytest

from spacectl.core.adopting import NOTHING_LEFT, Found, held_ports, record_of, survivors
from spacectl.model.events import Adopted
from spacectl.model.manifest import SpaceManifest
from spacectl.model.phase import Phase
from spacectl.model.record import ReplicaRecord, UnitRecord
from spacectl.model.state import Process, Replica, Unit

NAMES = ("orders.1", "orders.2", "seed.1")
MAIN = Found(7, 70, "orders.1", "m7", leads=True)


def unit(*replicas: ReplicaRecord, name: str = "orders", boot: str = "now") -> UnitRecord:
    return UnitRecord(unit=name, boot=boot, stop_signal="SIGTERM", replicas=replicas)


RUNNING = ReplicaRecord(
    number=1, phase=Phase.READY, wanted=True, restarts=3, pid=7, start_ticks=70, mark="m7", log_start=12, started_at=5.5
)
ADOPTED = Adopted("orders.1", Process(7, 70, "m7", 12), started_at=5.5, restarts=3, wanted=True)


def test_a_recorded_process_is_taken_over_as_it_was() -> None:
    left = survivors(NAMES, [unit(RUNNING)], [MAIN], "now", 100.0)
    assert left.adopted == (ADOPTED,)
    assert (left.completed, left.strays) == ((), ())


def test_what_belongs_to_it_is_no_stray_and_the_rest_is() -> None:
    child = Found(8, 80, "orders.1", "m7", leads=False)
    build = Found(9, 90, "orders.build", "m9", leads=True)
    unknown = Found(10, 95, "gone.1", "m10", leads=True)
    left = survivors(NAMES, [unit(RUNNING)], [MAIN, child, build, unknown], "now", 100.0)
    assert left.adopted == (ADOPTED,)
    assert left.strays == (build, unknown)


def test_nothing_was_left() -> None:
    assert survivors(NAMES, [], [], "now", 1.0) == NOTHING_LEFT
    assert survivors(NAMES, [unit(RUNNING)], [], "now", 1.0) == NOTHING_LEFT


@pytest.mark.parametrize(
    "record",
    [
        RUNNING.model_copy(update={"start_ticks": 69}),  # the pid is another process's by now
        RUNNING.model_copy(update={"ended": True}),
    ],
)
def test_a_recycled_pid_is_not_taken_over(record: ReplicaRecord) -> None:
    stranger = Found(7, 70, "orders.1", record.mark, leads=True)
    left = survivors(NAMES, [unit(record)], [stranger], "now", 1.0)
    assert (left.adopted, left.strays) == ((), (stranger,))


def test_a_process_without_a_record_is_known_by_its_mark_the_oldest_first() -> None:
    younger = Found(3, 300, "orders.2", "m2", leads=True)
    older = Found(4, 200, "orders.2", "m2", leads=True)
    left = survivors(NAMES, [], [younger, older, Found(5, 100, "orders.2", "m2", leads=False)], "now", 9.0)
    assert left.adopted == (Adopted("orders.2", Process(4, 200, "m2"), started_at=9.0, restarts=0, wanted=True),)
    assert left.strays == ()


def test_it_had_crashed_and_been_started_again_before_that_was_recorded() -> None:
    leftover = Found(8, 71, "orders.1", "m7", leads=True)
    successor = Found(9, 90, "orders.1", "m9", leads=True)
    left = survivors(NAMES, [unit(RUNNING)], [leftover, successor], "now", 9.0)
    assert [each.process.pid for each in left.adopted] == [9]
    assert left.adopted[0].restarts == 3
    assert left.strays == (leftover,)


def test_one_that_was_being_stopped_is_taken_over_to_be_stopped() -> None:
    stopping = RUNNING.model_copy(update={"phase": Phase.STOPPING, "wanted": False})
    left = survivors(NAMES, [unit(stopping)], [MAIN], "now", 9.0)
    assert [each.wanted for each in left.adopted] == [False]


def test_records_of_another_boot_say_nothing() -> None:
    done = ReplicaRecord(number=1, phase=Phase.COMPLETED, wanted=True)
    left = survivors(NAMES, [unit(RUNNING, boot="before"), unit(done, name="seed", boot="before")], [], "now", 9.0)
    assert left == NOTHING_LEFT


def test_a_completed_job_stays_completed() -> None:
    done = ReplicaRecord(number=1, phase=Phase.COMPLETED, wanted=True)
    assert survivors(NAMES, [unit(done, name="seed")], [], "now", 9.0).completed == ("seed.1",)


def test_the_record_of_a_unit() -> None:
    manifest = SpaceManifest.model_validate({"space": {"name": "orders"}, "run": {"command": ["x"]}})
    running = Replica(
        "orders", 1, Phase.READY, wanted=True, process=Process(7, 70, "m7", 12), started_at=5.5, restarts=3
    )
    kept = record_of(Unit("orders", manifest, frozenset(), (running, Replica("orders", 2))), "now")
    assert kept == unit(RUNNING, ReplicaRecord(number=2, phase=Phase.STOPPED, wanted=False))


def test_ports_stay_with_those_who_listen_on_them() -> None:
    bus = Adopted("bus.1", Process(1, 1), 0.0, 0, wanted=True)
    before = {"bus": 4222, "orders.1": 2001, "orders.2": 2002}
    assert held_ports([bus, ADOPTED], before) == {"bus": 4222, "orders.1": 2001}
