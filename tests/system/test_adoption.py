"""A supervisor that is killed: what it ran runs on, the next one takes it over, and `down` ends it without any."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable, Mapping
from typing import Any

import psutil
import pytest

pytestmark = pytest.mark.system


@pytest.fixture
def kill_supervisor(wait_for: Callable[..., Any]) -> Callable[[Any], None]:
    """Ends the supervisor of a system with SIGKILL."""

    def kill(system: Any) -> None:
        (supervisor,) = system.supervisors()
        supervisor.kill()
        wait_for(lambda: not system.supervisors(), "the supervisor gone")

    return kill


def pids(system: Any) -> Mapping[str, int | None]:
    """The pids of the bus and of every replica."""
    ps = system.ps()
    return {"bus": ps["bus"]["pid"]} | {each["name"]: each["pid"] for s in ps["spaces"] for each in s["replicas"]}


def lives(pid: int) -> bool:
    """Whether a process runs; who took it in may not have waited for it yet."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_what_ran_is_taken_over_without_a_restart(
    make_system: Any, serve: Callable[..., str], idle: Callable[..., str], kill_supervisor: Callable[[Any], None]
) -> None:
    publisher = '[events]\npublishes = ["clock.ticked"]\n'
    system = make_system({"app": serve(run="replicas = 2\n"), "clock": idle(more=publisher), "off": serve()})
    system.up()
    assert system.run("stop", "off").code == 0
    before = system.ps()
    ran = pids(system)
    kill_supervisor(system)

    up = system.up("app")
    assert f"the supervisor was killed; taking over bus.1 (pid {ran['bus']}), gateway.1 (pid " in up.err
    assert f"app.1 (pid {ran['app.1']})" in up.err
    assert pids(system) == ran
    after = system.ps()
    assert (after["state"], after["bus"]["state"], after["bus"]["url"]) == ("ready", "ready", before["bus"]["url"])
    assert [(each["started"], each["restarts"], each["port"]) for s in after["spaces"] for each in s["replicas"]] == [
        (each["started"], each["restarts"], each["port"]) for s in before["spaces"] for each in s["replicas"]
    ]
    assert system.run("send", "clock.ticked", "{}").code == 0
    assert system.run("logs", "clock").out == "clock.1 | up\n"
    kinds = [json.loads(line)["kind"] for line in system.log("supervisor").splitlines() if '"app.1"' in line]
    assert kinds == ["started", "ready", "adopted"]

    os.kill(ran["app.2"] or 0, signal.SIGKILL)
    killed = system.wait_for_replica("app.2", lambda each: each["state"] == "ready" and each["pid"] != ran["app.2"])
    assert killed["restarts"] == 1
    assert system.run("down").code == 0
    assert not system.here()
    assert not system.marked()


def test_it_may_happen_again_and_again(
    make_system: Any, serve: Callable[..., str], kill_supervisor: Callable[[Any], None]
) -> None:
    system = make_system({"app": serve()})
    system.up()
    ran = pids(system)
    for _ in range(3):
        kill_supervisor(system)
        system.up()
        assert pids(system) == ran


def test_what_was_not_recorded_yet_is_found_by_its_mark(
    make_system: Any, serve: Callable[..., str], kill_supervisor: Callable[[Any], None]
) -> None:
    system = make_system({"app": serve(), "cart": serve()})
    system.up()
    ran = pids(system)
    kill_supervisor(system)
    (system.state / "run" / "units" / "app.json").unlink()
    (system.state / "run" / "units" / "cart.json").write_text("{")
    system.up()
    assert pids(system) == ran


def test_what_ended_unseen_is_started_again_and_what_it_left_is_ended(
    make_system: Any, idle: Callable[..., str], run_program: Callable[..., str], wait_for: Callable[..., Any],
    kill_supervisor: Callable[[Any], None],
) -> None:  # fmt: skip
    leaver = f'[run]\n{run_program("hides")}[api]\nserves = false\n[ready]\nlog = "daemon started"\n'
    system = make_system({"leaver": leaver, "other": idle()})
    system.up()
    ran = pids(system)
    daemon = int((system.state / "data" / "leaver" / "daemon").read_text())
    kill_supervisor(system)
    child = psutil.Popen(
        ["sleep", "1000"], env={"SPACECTL_INSTANCE": instance(system), "SPACE": "gone", "REPLICA": "1"}
    )
    os.kill(ran["leaver.1"] or 0, signal.SIGKILL)
    wait_for(lambda: not lives(ran["leaver.1"] or 0), "it gone")
    up = system.up()
    child.wait()
    assert "ending what else it left behind: gone.1 (pid" in up.err
    now = pids(system)
    assert now["leaver.1"] != ran["leaver.1"]
    assert {**now, "leaver.1": 0} == {**ran, "leaver.1": 0}
    os.kill(daemon, signal.SIGKILL)  # it had cleared its environment and left its session: nobody can know it


def instance(system: Any) -> str:
    return str(system.marked()[0].environ()["SPACECTL_INSTANCE"])


def test_a_completed_job_is_not_run_again(
    make_system: Any, idle: Callable[..., str], run_program: Callable[..., str], kill_supervisor: Callable[[Any], None]
) -> None:
    job = f'kind = "job"\n[run]\n{run_program("exits", "0", "migrated")}[api]\nserves = false\n'
    system = make_system({"migrate": job, "app": idle(run='after = ["migrate"]\n')})
    system.up()
    kill_supervisor(system)
    system.up()
    assert system.replica("migrate.1")["state"] == "completed"
    assert system.log("migrate.1").strip() == "migrated"
    assert system.ps()["state"] == "ready"


def test_a_space_that_is_gone_from_the_manifests_is_ended(
    make_system: Any, idle: Callable[..., str], kill_supervisor: Callable[[Any], None]
) -> None:
    system = make_system({"app": idle(), "old": idle()})
    system.up()
    ran = pids(system)
    kill_supervisor(system)
    shutil.rmtree(system.root / "spaces" / "old")
    up = system.up()
    assert f"ending what else it left behind: old.1 (pid {ran['old.1']})" in up.err
    assert pids(system) == {name: pid for name, pid in ran.items() if name != "old.1"}


def test_down_needs_neither_a_supervisor_nor_its_records(
    make_system: Any, idle: Callable[..., str], serve: Callable[..., str], kill_supervisor: Callable[[Any], None]
) -> None:
    system = make_system({"app": serve(), "clock": idle()})
    system.up()
    kill_supervisor(system)
    shutil.rmtree(system.state / "run")
    down = system.run("down")
    assert down.code == 0
    assert "ended what a killed supervisor had left behind: app.1 (pid " in down.err
    assert not system.marked()
    assert not system.here()


def test_down_ends_what_cleared_its_environment_by_its_record_and_with_its_own_signal(
    make_system: Any, kill_supervisor: Callable[[Any], None]
) -> None:
    line = (
        "env -i sh -c 'trap : TERM; trap \\\"echo interrupted; exit 0\\\" INT; echo up; while :; do sleep 0.05; done'"
    )
    bare = f'[run]\ncommand = "exec {line}"\n[api]\nserves = false\n[ready]\nlog = "up"\n[stop]\nsignal = "SIGINT"\n'
    system = make_system({"bare": bare})
    system.up()
    pid = system.replica("bare.1")["pid"]
    kill_supervisor(system)
    assert system.run("down").code == 0
    assert not lives(pid)
    assert system.log("bare.1") == "up\ninterrupted\n"
    assert not system.here()


def test_the_foreground_takes_over_too(
    make_system: Any, serve: Callable[..., str], kill_supervisor: Callable[[Any], None]
) -> None:
    system = make_system({"app": serve("--say", "open")})
    system.up()
    ran = pids(system)
    kill_supervisor(system)
    up = system.foreground("up")
    up.until("showing logs")
    assert pids(system) == ran
    up.interrupt()
    assert up.ended() == 130
    assert not system.here()
    assert not system.marked()


def test_what_was_changed_meanwhile_is_restarted_and_nothing_else(
    make_system: Any, idle: Callable[..., str], serve: Callable[..., str], kill_supervisor: Callable[[Any], None]
) -> None:
    system = make_system({"app": serve(), "clock": idle()})
    system.up()
    assert system.run("scale", "app=2").code == 0
    ran = pids(system)
    kill_supervisor(system)
    system.write_space("clock", idle("other"))
    system.up(env={"UNRELATED": "of another shell"})
    now = pids(system)
    assert {**now, "clock.1": 0} == {**ran, "clock.1": 0}
    assert now["clock.1"] != ran["clock.1"]
    assert "command changed" in system.log("supervisor")

    kill_supervisor(system)
    system.up()
    again = system.up()
    assert "nothing changed" in again.err
    assert pids(system) == now
