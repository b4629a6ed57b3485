"""What starts when: `after`, jobs, profiles, names on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.system


def started(system: Any) -> list[str]:
    """The replicas in the order in which they were started, the bus left out."""
    notes = [json.loads(line) for line in system.log("supervisor").splitlines() if line.startswith("{")]
    return [note["subject"] for note in notes if note["kind"] == "started" and not note["subject"].startswith("bus")]


def told(system: Any, kind: str) -> list[str]:
    notes = [json.loads(line) for line in system.log("supervisor").splitlines() if line.startswith("{")]
    return [note["subject"] for note in notes if note["kind"] == kind]


def test_spaces_start_after_what_they_name_and_stop_before_it(make_system: Any, idle: Callable[..., str]) -> None:
    a, b = idle(run='after = ["b"]\n'), idle(run='after = ["c"]\n')
    c = idle(more='[events]\npublishes = ["c.done"]\n')
    system = make_system({"a": a, "b": b, "c": c, "d": idle()})
    system.up()
    order = started(system)
    assert [name for name in order if name != "d.1"] == ["c.1", "b.1", "a.1"]
    assert system.run("down").code == 0
    gone = told(system, "stopped")
    assert [name for name in gone if name != "d.1"] == ["a.1", "b.1", "c.1", "bus.1"]


def test_a_job_runs_to_completion_before_those_after_it(
    make_system: Any, run_program: Callable[..., str], idle: Callable[..., str]
) -> None:
    job = f'kind = "job"\n[run]\n{run_program("exits", "0", "migrated")}[api]\nserves = false\n'
    system = make_system({"migrate": job, "app": idle(run='after = ["migrate"]\n')})
    system.up()
    ps = system.ps()
    assert ps["state"] == "ready"
    assert [(space["name"], space["state"]) for space in ps["spaces"]] == [("app", "ready"), ("migrate", "completed")]
    assert system.replica("migrate.1")["exit"] == {"code": 0, "signal": None}
    assert started(system) == ["migrate.1", "app.1"]


def test_a_job_that_fails_holds_up_those_after_it(
    make_system: Any, run_program: Callable[..., str], idle: Callable[..., str]
) -> None:
    job = (
        f'kind = "job"\n[run]\n{run_program("exits", "9", "no database")}[api]\nserves = false\n'
        '[restart]\npolicy = "never"\n'
    )
    system = make_system({"migrate": job, "app": idle(run='after = ["migrate"]\n')})
    done = system.run("up", "--detach")
    assert done.code == 5
    assert "migrate.1: failed: exited with code 9" in done.err
    assert "    no database\n" in done.err
    assert "not ready: app.1, migrate.1" in done.err
    assert system.replica("app.1")["reason"] == "waiting for migrate (failed)"
    assert started(system) == ["migrate.1"]


def test_profiles_and_names_choose_what_starts(make_system: Any, idle: Callable[..., str]) -> None:
    traffic = 'profiles = ["traffic"]\n' + idle()
    system = make_system({"a": idle(run='after = ["b"]\n'), "b": idle(), "c": idle(), "driver": traffic})
    states = lambda: {space["name"]: space["state"] for space in system.ps()["spaces"]}  # noqa: E731

    system.up()
    assert states() == {"a": "ready", "b": "ready", "c": "ready", "driver": "stopped"}
    assert system.run("start", "driver").code == 0
    assert states()["driver"] == "ready"
    system.run("down")

    system.up("--profile", "traffic")
    assert set(states().values()) == {"ready"}
    system.run("down")

    system.up("a")
    assert states() == {"a": "ready", "b": "ready", "c": "stopped", "driver": "stopped"}
    assert system.run("start", "c").err == "c: ready\n"


def test_unknown_names_get_a_suggestion(make_system: Any, idle: Callable[..., str]) -> None:
    system = make_system({"orders": idle(), "driver": 'profiles = ["traffic"]\n' + idle()})
    for words, message in (
        (("up", "ordres"), 'no space is named "ordres"\n  hint: did you mean "orders"?'),
        (("up", "--profile", "trafic"), 'no space is in a profile named "trafic"\n  hint: did you mean "traffic"?'),
    ):
        done = system.run(*words)
        assert (done.code, done.err) == (2, f"error: {message}\n")
    system.up()
    for verb in ("start", "stop", "restart"):
        done = system.run(verb, "ordesr")
        assert (done.code, done.err) == (2, 'error: no space is named "ordesr"\n  hint: did you mean "orders"?\n')
    done = system.run("call", "oders", "GET", "/")
    assert (done.code, done.err) == (2, 'error: no space is named "oders"\n  hint: did you mean "orders"?\n')
    done = system.run("logs", "ordrs")
    assert (done.code, done.err) == (2, 'error: nothing named "ordrs" has a log\n  hint: did you mean "orders"?\n')
