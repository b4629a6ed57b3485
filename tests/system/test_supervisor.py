"""One supervisor per system, and what happens to it: started twice, killed, stopped in its tracks, hit by a bug."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import psutil
import pytest

pytestmark = pytest.mark.system


def test_of_three_at_once_one_starts_it_and_the_others_find_nothing_to_change(
    make_system: Any, idle: Callable[..., str]
) -> None:
    system = make_system({"app": idle()})
    ups = [system.foreground("up", "--detach") for _ in range(3)]
    assert [up.ended() for up in ups] == [0, 0, 0]
    assert sorted("nothing changed\n" in up.err for up in ups) == [False, True, True]
    assert len(system.supervisors()) == 1
    assert len(system.marked()) == 2


def test_two_systems_side_by_side_do_not_meet(make_system: Any, serve: Callable[..., str]) -> None:
    systems = [make_system({"app": serve()}) for _ in range(2)]
    ups = [system.foreground("up", "--detach") for system in systems]
    assert [up.ended() for up in ups] == [0, 0]
    one, two = (system.ps() for system in systems)
    assert one["bus"]["url"] != two["bus"]["url"]
    assert (one["bus"]["restarts"], two["bus"]["restarts"]) == (0, 0)
    assert systems[0].run("down").code == 0
    assert systems[1].replica("app.1")["state"] == "ready"


def test_down_and_up_again_at_once(make_system: Any, serve: Callable[..., str]) -> None:
    system = make_system({"app": serve()})
    system.up()
    port = system.replica("app.1")["port"]
    down = system.foreground("down")
    down.until("stopping")
    assert down.ended() == 0
    system.up()
    assert system.replica("app.1")["port"] == port


def test_down_while_up_is_starting(make_system: Any, idle: Callable[..., str]) -> None:
    system = make_system({"app": '[build]\ncommand = "echo compiling; exec sleep 1000"\n' + idle()})
    up = system.foreground("up", "--detach")
    up.until("app: building: compiling")
    assert system.run("down").code == 0
    assert up.ended() == 1
    assert up.err.endswith("error: the system was taken down by someone else\n")
    assert not system.here()


@pytest.fixture
def orphaned(make_system: Any, idle: Callable[..., str], run_program: Callable[..., str], wait_for: Any) -> Any:
    """A system whose supervisor was killed; its spaces run on."""
    stubborn = f'[run]\n{run_program("stubborn")}[api]\nserves = false\n[ready]\nlog = "not"\n'
    system = make_system({"app": idle(), "mule": stubborn})
    system.up()
    pids = {f"{r['name']} (pid {r['pid']})" for space in system.ps()["spaces"] for r in space["replicas"]}
    system.left = {*pids, f"bus.1 (pid {system.ps()['bus']['pid']})"}
    (supervisor,) = system.supervisors()
    os.kill(supervisor.pid, signal.SIGKILL)
    wait_for(lambda: not system.supervisors(), "the supervisor gone")
    return system


def test_a_killed_supervisor_is_told_of(orphaned: Any) -> None:
    assert len(orphaned.marked()) == 3
    for words in (("ps",), ("ps", "--json"), ("stop",), ("call", "app", "GET", "/")):
        done = orphaned.run(*words)
        assert (done.code, done.out) == (4, "")
        message, _, hint = done.err.rstrip().partition("\n")
        assert message.startswith(
            f"error: the supervisor of the system in {orphaned.root} was killed, and its processes"
        )
        assert set(message.rpartition(": ")[2].split(", ")) == orphaned.left
        assert hint == "  hint: `spacectl up` takes them over, `spacectl down` ends them"
    assert len(orphaned.marked()) == 3
    orphaned.run("down", within_s=20)


def test_down_ends_what_a_killed_supervisor_left(orphaned: Any) -> None:
    down = orphaned.foreground("down")
    down.until("stopping")
    down.interrupt()  # the mule would take its ten seconds
    assert down.ended() == 0
    assert "ended what a killed supervisor had left behind: app.1 (pid" in down.err
    assert not orphaned.marked()
    assert orphaned.run("down").code == 4
    orphaned.up()


def test_a_supervisor_killed_under_the_foreground(make_system: Any, idle: Callable[..., str]) -> None:
    system = make_system({"app": idle()})
    up = system.foreground("up")
    up.until("showing logs")
    os.kill(system.ps()["supervisor_pid"], signal.SIGKILL)
    assert up.ended() == 1
    assert "error: the supervisor ended unexpectedly (killed by signal 9); what runs on: app.1 (pid " in up.err
    assert system.run("down").code == 0


def test_down_ends_a_supervisor_that_does_not_answer(make_system: Any, idle: Callable[..., str]) -> None:
    system = make_system({"app": idle()})
    system.up()
    os.kill(system.ps()["supervisor_pid"], signal.SIGSTOP)
    down = system.run("down", within_s=60)
    assert down.code == 0, down.err
    assert "the supervisor has not answered for 5s: it is killed\n" in down.err
    assert not system.marked()
    assert not system.here()


def test_terminating_the_supervisor_ends_everything(
    make_system: Any, idle: Callable[..., str], wait_for: Callable[..., Any]
) -> None:
    system = make_system({"app": idle()})
    system.up()
    os.kill(system.ps()["supervisor_pid"], signal.SIGTERM)
    wait_for(lambda: not system.here() and not system.marked(), "all gone")
    assert '"kind": "stopped"' in system.log("supervisor")


def test_the_bus_comes_back_when_it_is_killed(make_system: Any, serve: Callable[..., str], wait_for: Any) -> None:
    system = make_system({"app": serve()})
    system.up()
    before = system.ps()["bus"]
    os.kill(before["pid"], signal.SIGKILL)
    wait_for(lambda: (bus := system.ps()["bus"])["state"] == "ready" and bus["pid"] != before["pid"], "the bus back")
    after = system.ps()["bus"]
    assert (after["url"], after["restarts"]) == (before["url"], 1)
    assert psutil.pid_exists(after["pid"])
    assert system.replica("app.1")["restarts"] == 0


def test_a_bug_in_the_supervisor_leaves_nothing_and_keeps_its_traceback(
    make_system: Any, idle: Callable[..., str]
) -> None:
    """A folder where the control socket is made stands for a bug: nobody has thought of that."""
    for mode in ("--detach", "--watch"):
        system = make_system({"app": idle()})
        (system.state / "run" / ".control.sock").mkdir(parents=True)
        done = system.run("up", mode)
        log = system.state / "logs" / "supervisor.log"
        assert done.code == 70
        assert f"error: the supervisor ended unexpectedly (exit code 70); its traceback is in {log}\n" in done.err
        assert "Traceback (most recent call last)" in log.read_text()
        assert not system.marked()
        assert not system.here()
