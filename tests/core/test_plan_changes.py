from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spacectl.core.plan_changes import Plan, Relaunch, plan_changes
from spacectl.model.launch import Launch
from spacectl.model.manifest import SpaceManifest
from spacectl.model.phase import Phase
from spacectl.model.state import Process, Replica, Unit

ENV = {"PATH": "/bin", "TOKEN": "s3cret", "PORT": "4001"}
LAUNCH = Launch(("run", "it"), Path("/shop/orders"), ENV, Path("/log"), 4001)


def unit(
    name: str = "orders", *, replicas: int = 1, phase: Phase = Phase.READY, wanted: bool = True, **sections: Any
) -> Unit:
    run = {"command": ["run", "it"], **sections.pop("run", {})}
    space = {"name": name, **sections.pop("space", {})}
    manifest = SpaceManifest.model_validate({"space": space, "run": run, **sections})
    process = Process(7, 1) if phase is Phase.READY else None
    made = (Replica(name, number + 1, phase=phase, wanted=wanted, process=process) for number in range(replicas))
    return Unit(name, manifest, frozenset({"bus"}), tuple(made))


BUS = replace(unit("bus"), engine=True)


def plan(
    known: Unit | None,
    written: Unit | None,
    now: Launch | None = LAUNCH,
    *,
    stale: bool = False,
    selected: bool = True,
) -> Plan:
    return plan_changes(
        {each.name: each for each in (BUS, known) if each is not None},
        [written] if written is not None else [],
        relaunches=[Relaunch("orders", LAUNCH, now)] if now is not None and known is not None else [],
        stale=frozenset({"orders"} if stale else ()),
        selected=frozenset({"orders"} if selected else ()),
    )


def told(made: Plan) -> list[str]:
    return [f"{each.kind} {each.space}: {each.why}" for each in made.changes]


def test_what_is_as_it_was_is_not_touched() -> None:
    assert plan(unit(), unit()) == Plan((), frozenset(), frozenset())
    assert plan(unit(build={"command": "make"}), unit(build={"command": "make"})).changes == ()


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (replace(LAUNCH, argv=("run", "that")), "command changed"),
        (replace(LAUNCH, folder=Path("/shop/apps/orders")), "its folder is another one"),
        (replace(LAUNCH, env={**ENV, "TOKEN": "n3w"}), "env TOKEN changed"),
        (replace(LAUNCH, env={"PATH": "/bin", "PORT": "4001", "NEW": "x"}), "env NEW, TOKEN changed"),
        (replace(LAUNCH, port=4002, env={**ENV, "PORT": "4002"}), "port changed"),
        (replace(LAUNCH, argv=("x",), env={**ENV, "PATH": ""}), "command changed; env PATH changed"),
    ],
)
def test_a_process_that_would_be_started_otherwise_is_started_again(now: Launch, why: str) -> None:
    made = plan(unit(), unit(), now)
    assert told(made) == [f"restart orders: {why}"]
    assert (made.renew, made.start) == ({"orders"}, frozenset())
    assert "s3cret" not in repr(made.changes)
    assert "n3w" not in repr(made.changes)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        (unit(build={"command": "make"}), "build command changed"),
        (unit(space={"kind": "job"}), "it is a job now"),
        (unit(limits={"memory": "64MB"}), "[limits] changed"),
        (unit(container={"image": "x:1"}), "[container] changed"),
        (unit(api={"serves": False}), "[api] serves changed"),
    ],
)
def test_what_counts_only_for_a_new_process(written: Unit, why: str) -> None:
    assert told(plan(unit(), written)) == [f"restart orders: {why}"]


def test_a_build_from_other_files() -> None:
    known = unit(build={"command": "make", "inputs": ["a"]})
    assert told(plan(known, known, stale=True)) == ["restart orders: build inputs changed"]


def test_what_counts_at_once_restarts_nothing() -> None:
    written = unit(ready={"http": "/up"}, restart={"policy": "never"}, events={"publishes": ["orders.placed"]})
    made = plan(unit(), replace(written, after=frozenset({"bus", "catalog"})))
    assert told(made) == ["update orders: [ready] [restart] [events] after changed; it runs on"]
    assert (made.renew, made.start) == (frozenset(), frozenset())


def test_one_that_is_new_or_gone() -> None:
    assert told(plan(None, unit())) == ["start orders: new"]
    assert told(plan(None, unit(), selected=False)) == ["add orders: new, and not among what is to start"]
    assert told(plan(unit(), None)) == ["stop orders: no longer part of the system"]
    leaving = replace(unit(), leaving=True)
    assert plan(leaving, None).changes == ()
    assert told(plan(leaving, unit())) == ["start orders: new"]


def test_another_number_of_replicas() -> None:
    (change,) = plan(unit(replicas=1), unit(replicas=3)).changes
    assert (change.kind, change.why, change.replicas) == ("scale", "from 1 to 3 replicas", 3)
    assert told(plan(unit(replicas=3), unit(replicas=1))) == ["scale orders: from 3 to 1 replica"]
    retiring = unit(replicas=2)
    retiring = replace(retiring, replicas=(retiring.replicas[0], replace(retiring.replicas[1], retired=True)))
    assert plan(retiring, unit(replicas=1)).changes == ()
    assert told(plan(unit(replicas=1), unit(replicas=2), replace(LAUNCH, argv=("y",)))) == [
        "scale orders: from 1 to 2 replicas",
        "restart orders: command changed",
    ]


@pytest.mark.parametrize(
    ("known", "why"),
    [
        (unit(phase=Phase.FAILED), "it had failed"),
        (unit(phase=Phase.STOPPED, wanted=False), "it was at rest"),
        (unit(phase=Phase.STOPPED), "it was at rest"),
    ],
)
def test_one_that_does_not_run_is_started_if_it_is_to(known: Unit, why: str) -> None:
    made = plan(known, unit(), None)
    assert told(made) == [f"start orders: {why}"]
    assert made.start == {"orders"}
    assert plan(known, unit(), None, selected=False).changes == ()


@pytest.mark.parametrize("phase", [Phase.WAITING, Phase.BACKOFF, Phase.BUILDING, Phase.STARTING])
def test_one_that_is_on_its_way_is_left_alone(phase: Phase) -> None:
    assert plan(unit(phase=phase), unit(), None).changes == ()


def test_a_job_that_is_done_stays_done_unless_it_is_another_one() -> None:
    done = unit(phase=Phase.COMPLETED, space={"kind": "job"})
    assert plan(done, unit(space={"kind": "job"}), None).changes == ()
    other = unit(space={"kind": "job"}, run={"env": {"A": "1"}, "env_file": ".env"}, api={"calls": ["x"], "port": 90})
    assert told(plan(done, other, None)) == [
        "restart orders: port changed; env_file changed; [api] calls changed; env A changed"
    ]


def test_one_that_was_stopped_and_is_not_asked_for_takes_on_what_is_new_and_rests() -> None:
    rests = unit(phase=Phase.STOPPED, wanted=False)
    made = plan(rests, unit(run={"command": ["y"]}), None, selected=False)
    assert (told(made), made.renew, made.start) == ([], frozenset(), frozenset())


def test_a_failed_one_whose_command_was_mended_is_built_and_started_again() -> None:
    made = plan(unit(phase=Phase.FAILED), unit(run={"command": ["y"]}), None)
    assert told(made) == ["restart orders: command changed"]
