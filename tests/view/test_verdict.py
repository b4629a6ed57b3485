from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import pytest

from spacectl.model.report import ChangesReport, EngineReport, PsReport, ReplicaReport, SpaceChange, SpaceReport
from spacectl.view.verdict import changed, is_lost, is_there, missing, missing_engines, resting, settled, unbuilt


def space(
    name: str, *states: str, kind: Literal["service", "job"] = "service", desired: int | None = None
) -> SpaceReport:
    replicas = tuple(
        ReplicaReport(name=f"{name}.{number}", state=state, pid=None, container=None, port=None, restarts=0,
                      started=None, cpu_percent=None, memory_bytes=None, exit=None, reason=None)
        for number, state in enumerate(states, 1)
    )  # fmt: skip
    return SpaceReport(
        name=name, kind=kind, state=states[0], desired=len(states) if desired is None else desired, ready=0,
        runtime="process", url=None, replicas=replicas,
    )  # fmt: skip


def system(*spaces: SpaceReport, bus: str = "ready") -> PsReport:
    engine = EngineReport(state=bus, url=None)
    return PsReport(system="s", state="", since="", supervisor_pid=1, gateway=None, bus=engine, spaces=spaces)


@pytest.mark.parametrize(
    ("each", "there", "lost"),
    [
        (space("a", "ready"), True, False),
        (space("a", "ready", "starting"), False, False),
        (space("a", "backoff"), False, False),
        (space("a", "failed"), False, True),
        (space("a", "ready", "failed"), False, True),
        (space("a", "stopped"), False, True),
        (space("a", "stopped", desired=0), True, False),
        (space("a", "completed", kind="job"), True, False),
        (space("a", "ready", kind="job"), False, False),
        (space("a", "failed", kind="job"), False, True),
    ],
)
def test_there_and_lost(each: SpaceReport, there: bool, lost: bool) -> None:
    assert (is_there(each), is_lost(each)) == (there, lost)


@pytest.mark.parametrize(
    ("spaces", "bus", "names", "expected"),
    [
        ([space("a", "ready"), space("b", "completed", kind="job")], "ready", None, True),
        ([space("a", "ready")], "external", None, True),
        ([space("a", "ready")], "backoff", None, False),
        ([], "ready", None, True),
        ([], "starting", None, False),
        ([space("a", "ready"), space("b", "starting")], "ready", None, False),
        ([space("a", "ready"), space("b", "starting")], "ready", ["a"], True),
        # Once something is lost, those that may still arrive are waited for, and those that wait for it are not.
        ([space("a", "failed"), space("b", "starting")], "ready", None, False),
        ([space("a", "failed"), space("b", "waiting"), space("c", "ready")], "ready", None, True),
        ([space("a", "failed"), space("b", "building")], "ready", None, False),
        ([space("a", "failed"), space("b", "backoff")], "ready", None, False),
        ([space("a", "failed")], "starting", None, False),
        ([space("a", "failed")], "backoff", None, True),
        ([space("a", "waiting"), space("b", "waiting")], "failed", None, True),
        ([space("a", "starting")], "failed", None, False),
    ],
)
def test_settled(spaces: Iterable[SpaceReport], bus: str, names: list[str] | None, expected: bool) -> None:
    assert settled(system(*spaces, bus=bus), names) is expected


def test_missing_names_the_replicas_that_are_not_there() -> None:
    ps = system(space("a", "ready", "failed"), space("b", "stopped", desired=0), space("c", "waiting"))
    assert [each.name for each in missing(ps)] == ["a.2", "c.1"]
    assert [each.name for each in missing(ps, ["c"])] == ["c.1"]


@pytest.mark.parametrize(
    ("state", "expected"), [("stopped", True), ("failed", True), ("stopping", False), ("ready", False)]
)
def test_resting(state: str, expected: bool) -> None:
    assert resting(system(space("a", state), space("b", "ready")), ["a"]) is expected


def run(name: str, *pids: int, reason: str | None = None) -> SpaceReport:
    """A space whose replicas are ready, with these processes."""
    made = space(name, *["ready"] * len(pids)) if pids else space(name, "ready").model_copy(update={"replicas": ()})
    replicas = [each.model_copy(update={"pid": pid}) for each, pid in zip(made.replicas, pids, strict=True)]
    return made.model_copy(update={"replicas": tuple(replicas), "reason": reason, "desired": len(pids)})


def asked(kind: Literal["start", "restart", "scale", "stop"], replicas: int | None = None) -> ChangesReport:
    change = SpaceChange(space="a", kind=kind, why="", replicas=replicas)
    return ChangesReport(changes=(change,), spaces=() if kind == "stop" else ("a",))


@pytest.mark.parametrize(
    ("report", "before", "now", "expected"),
    [
        (ChangesReport(changes=(), spaces=("a",)), [run("a", 1)], [run("a", 1)], True),
        (ChangesReport(changes=(), spaces=("a",)), [run("a", 1)], [space("a", "starting")], False),
        (asked("start"), [], [], False),
        (asked("start"), [], [run("a", 1)], True),
        (asked("stop"), [run("a", 1)], [run("a", 1)], False),
        (asked("stop"), [run("a", 1)], [], True),
        (asked("restart"), [run("a", 1, 2)], [run("a", 3, 2)], False),
        (asked("restart"), [run("a", 1, 2)], [run("a", 3, 4)], True),
        (asked("restart"), [run("a", 1)], [run("a", 1, reason="the build failed")], True),
        (asked("scale", 2), [run("a", 1)], [run("a", 1)], False),
        (asked("scale", 2), [run("a", 1)], [run("a", 1, 2)], True),
        (asked("scale", 2), [run("a", 1, 2, 3)], [run("a", 1, 2, 3)], False),
        (asked("scale", 0), [run("a", 1)], [run("a")], True),
    ],
)
def test_whether_a_change_is_done(
    report: ChangesReport, before: list[SpaceReport], now: list[SpaceReport], expected: bool
) -> None:
    assert changed(system(*before), system(*now), report) is expected


def test_nobody_waits_for_what_somebody_else_has_changed_since() -> None:
    wish = asked("scale", 4).model_copy(update={"revision": 1})
    before, now = system(run("a", 1)), system(run("a", 1, 2))
    assert not changed(before, now.model_copy(update={"revision": 1}), wish)
    assert changed(before, now.model_copy(update={"revision": 2}), wish)
    restart = asked("restart").model_copy(update={"revision": 1})
    assert not changed(before, before.model_copy(update={"revision": 2}), restart)  # it will come all the same
    assert changed(before, system().model_copy(update={"revision": 2}), asked("start"))


def test_what_runs_on_because_its_build_failed() -> None:
    assert unbuilt(system(run("a", 1, reason="exit 2"), run("b", 2)), asked("restart")) == ("a (exit 2)",)
    assert unbuilt(system(run("a", 1, reason="exit 2")), asked("scale", 1)) == ()
    assert unbuilt(system(run("a", 1)), asked("restart")) == ()


@pytest.mark.parametrize(("state", "there"), [("ready", True), ("starting", False), ("failed", False)])
def test_without_its_gateway_a_system_is_not_there(state: str, there: bool) -> None:
    ps = system(space("a", "ready")).model_copy(update={"gateway": EngineReport(state=state, url=None)})
    assert settled(ps) == (there or state == "failed")
    assert list(missing_engines(ps)) == ([] if there else ["gateway"])
