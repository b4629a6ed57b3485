"""Programs that behave badly: they run, and when they are to end, all of what they started ends."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

pytestmark = pytest.mark.system

REST = '[api]\nserves = false\n[ready]\nlog = "up"\n[stop]\ntimeout = "500ms"\n'


def test_one_that_closes_its_streams(make_system: Any, run_program: Callable[..., str]) -> None:
    system = make_system({"mute": f"[run]\n{run_program('closes_streams')}{REST}"})
    system.up()
    pid = system.replica("mute.1")["pid"]
    log = system.state / "logs" / "mute.1.log"
    assert all(Path(file.path) != log for file in psutil.Process(pid).open_files())
    assert system.run("logs", "mute").out == "mute.1 | up\n"
    assert system.run("restart", "mute").code == 0
    assert system.run("logs", "mute").out == "mute.1 | up\nmute.1 | up\n"
    assert (system.state / "data" / "mute" / "own.log").read_text() == "this is mine\n"
    assert system.run("down").code == 0
    assert not system.here()


def test_one_that_leaves_zombies(make_system: Any, run_program: Callable[..., str]) -> None:
    system = make_system({"careless": f"[run]\n{run_program('zombies')}{REST}"})
    system.up()
    pid = system.replica("careless.1")["pid"]
    children = psutil.Process(pid).children()
    assert len(children) == 20
    assert {child.status() for child in children} == {psutil.STATUS_ZOMBIE}
    assert system.run("stop", "careless").code == 0
    assert not any(child.is_running() for child in children)
    assert system.run("down").code == 0


def test_children_in_process_groups_of_their_own(make_system: Any, run_program: Callable[..., str]) -> None:
    system = make_system({"shell": f"[run]\n{run_program('regroups')}{REST}"})
    system.up()
    pids = [int(word) for word in (system.state / "data" / "shell" / "pids").read_text().split()]
    main = system.replica("shell.1")["pid"]
    assert all(psutil.pid_exists(pid) for pid in pids)
    assert system.run("restart", "shell").code == 0
    assert system.replica("shell.1")["pid"] != main
    assert not any(psutil.pid_exists(pid) for pid in pids)
    pids = [int(word) for word in (system.state / "data" / "shell" / "pids").read_text().split()]
    assert system.run("down").code == 0
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_what_is_left_of_one_whose_main_process_has_ended_is_named(
    make_system: Any, run_program: Callable[..., str]
) -> None:
    system = make_system({"shell": f"[run]\n{run_program('regroups')}{REST.replace('500ms', '1000s')}"})
    system.up()
    down = system.foreground("down")
    down.until("shell.1 (stopping")
    said = r"^still there after \d+s: shell\.1 \(stopping for \d+s, its main process has ended\)$"
    assert re.search(said, down.err, re.MULTILINE)
    down.interrupt()
    assert down.ended() == 0
    assert not system.marked()


def test_a_stop_may_be_given_a_deadline(make_system: Any, run_program: Callable[..., str]) -> None:
    """Whatever the manifests allow, and however many wait for one another."""
    stubborn = f"[run]\n{run_program('stubborn')}"
    rest = '[api]\nserves = false\n[ready]\nlog = "not"\n[stop]\ntimeout = "1000s"\n'
    system = make_system({"first": stubborn + rest, "second": f'{stubborn}after = ["first"]\n{rest}'})
    system.up()
    pids = {name: system.replica(f"{name}.1")["pid"] for name in ("first", "second")}
    down = system.run("down", "--timeout", "500ms")
    assert down.code == 0
    assert down.err == "stopping … (Ctrl-C kills)\nnot down within 500ms: killing …\nstopped\n"
    assert not any(psutil.pid_exists(pid) for pid in pids.values())
    noted = [json.loads(line) for line in system.log("supervisor").splitlines()]
    stopping = [each["subject"] for each in noted if each["kind"] == "stopping"]
    assert [name for name in stopping if name != "bus.1"] == ["second.1"]


def test_a_deadline_that_is_none(make_system: Any, idle: Callable[..., str]) -> None:
    system = make_system({"app": idle()})
    system.up()
    done = system.run("down", "--timeout", "soon")
    assert (done.code, done.err.splitlines()[0]) == (2, 'error: "soon" is not a duration')
    assert system.replica("app.1")["state"] == "ready"
