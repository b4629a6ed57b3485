"""Spaces that do not get ready, or do not end: what is said, which exit code says it, and that nothing stays behind."""

from __future__ import annotations

import json
import re
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

pytestmark = pytest.mark.system

NO_API = "[api]\nserves = false\n"


def test_a_space_that_exits_at_once_is_given_up(make_system: Any, run_program: Callable[..., str], serve: Any) -> None:
    crashing = f"[run]\n{run_program('exits', '3', 'starting', 'no such table: [orders]')}{NO_API}"
    system = make_system(
        {"sick": crashing + '[restart]\nbackoff = "50ms"\ngive_up = "3 in 60s"\n', "well": serve()},
    )
    done = system.run("up", "--detach")
    assert done.code == 5
    reason = "gave up after 3 crashes in 1m; the last: exited with code 3"
    log = system.state / "logs" / "sick.1.log"
    assert f"sick.1: failed: {reason}\n    starting\n    no such table: [orders]\n    log: {log}\n" in done.err
    assert done.err.endswith(
        "error: not ready: sick.1\n  hint: what runs, runs on: `spacectl ps` shows it, `spacectl down` stops it\n"
    )
    assert "well.1: ready" in done.err

    replica = system.replica("sick.1")
    assert (replica["state"], replica["reason"], replica["restarts"]) == ("failed", reason, 2)
    assert (replica["exit"], replica["tail"][-1]) == ({"code": 3, "signal": None}, "no such table: [orders]")
    assert (system.ps()["state"], system.replica("well.1")["state"]) == ("failed", "ready")
    assert reason in system.run("ps").out

    again = system.run("start", "sick")
    assert again.code == 5
    assert f"sick.1: failed: {reason}" in again.err
    assert again.err.endswith("error: start: sick.1 did not get there\n  hint: `spacectl ps` shows how everything is\n")
    assert system.run("restart", "sick").code == 5
    assert system.run("stop", "sick").err == "sick: stopped\n"


def test_a_space_that_recovers_gets_ready(make_system: Any, tmp_path: Path) -> None:
    """It crashes as long as a file is missing, as a space does whose database is not there yet."""
    flag = tmp_path / "flag"
    command = json.dumps(f"test -e '{flag}' || exit 1; echo up; exec sleep 1000")
    system = make_system({"late": f'[run]\ncommand = {command}\n{NO_API}[ready]\nlog = "up"\n'})
    up = system.foreground("up", "--detach")
    up.until("late.1: backoff (exited with code 1)")
    flag.touch()
    assert up.ended() == 0
    assert system.replica("late.1")["restarts"] >= 1


def test_a_space_that_never_gets_ready(make_system: Any, serve: Callable[..., str], idle: Callable[..., str]) -> None:
    system = make_system({"deaf": idle("I am here").replace(NO_API + '[ready]\nlog = "I am here"\n', ""),
                          "ill": serve("--health", "503")})  # fmt: skip
    done = system.run("up", "--detach", "--timeout", "2s")
    assert done.code == 5
    assert "deaf.1: starting: connection refused\n    I am here\n" in done.err
    assert "ill.1: starting: /health answers 503\n    hello\n" in done.err
    assert "error: not ready within 2s: deaf.1, ill.1\n" in done.err
    assert {space["state"] for space in system.ps()["spaces"]} == {"starting"}


def test_start_timeout_ends_and_restarts_it(make_system: Any, serve: Callable[..., str]) -> None:
    system = make_system({"ill": serve("--health", "500", more='[ready]\nstart_timeout = "500ms"\n')})
    up = system.foreground("up", "--detach", "--timeout", "20s")
    up.until("ill.1: backoff (not ready within 500ms: /health answers 500)")
    first = int(next(note["text"] for note in notes(system, "started", "ill.1")).removeprefix("pid "))
    assert not psutil.pid_exists(first)
    up.interrupt()
    assert up.ended() == 130


def notes(system: Any, kind: str, subject: str) -> list[Any]:
    lines = [json.loads(line) for line in system.log("supervisor").splitlines() if line.startswith("{")]
    return [note for note in lines if (note["kind"], note["subject"]) == (kind, subject)]


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ('["./no-such-program"]', "command not found: './no-such-program'"),
        ('["no-such-program", "x"]', "command not found: 'no-such-program'"),
        ('["space.toml"]', "command not found: 'space.toml'"),
        ('["./space.toml"]', "cannot run './space.toml': it is not executable"),
    ],
)
def test_a_command_that_cannot_run(make_system: Any, command: str, reason: str) -> None:
    system = make_system({"broken": f"[run]\ncommand = {command}\n"})
    done = system.run("up", "--detach")
    assert done.code == 5
    assert f"broken.1: failed: {reason}\n" in done.err
    assert system.replica("broken.1")["restarts"] == 0


def test_a_build_that_fails(make_system: Any, idle: Callable[..., str]) -> None:
    script = "for i in $(seq 1 30); do echo line $i; done; echo error: no matching version >&2; exit 7"
    system = make_system({"app": f"[build]\ncommand = {json.dumps(script)}\n" + idle()})
    done = system.run("up", "--detach")
    assert done.code == 5
    assert "app.1: failed: the build failed: exited with code 7\n    line 22\n" in done.err
    assert f"    error: no matching version\n    log: {system.state}/logs/app.build.log\n" in done.err
    assert "line 1\n" in system.run("logs", "app.build").out
    assert not [process for process in system.marked() if process.environ()["SPACE"] != "bus"]


def test_a_build_is_not_repeated_until_its_inputs_change(make_system: Any, idle: Callable[..., str]) -> None:
    build = 'command = "echo built >> builds; sleep 0"\ninputs = ["wanted"]'
    system = make_system({"app": f"[build]\n{build}\n" + idle()})
    folder = system.root / "spaces" / "app"
    (folder / "wanted").write_text("one")
    system.up()
    system.run("down")
    system.up()
    assert (folder / "builds").read_text() == "built\n"
    (folder / "wanted").write_text("two")
    assert system.run("restart", "app").code == 0
    assert (folder / "builds").read_text() == "built\nbuilt\n"


def test_a_build_that_takes_longer_than_the_timeout(make_system: Any, idle: Callable[..., str]) -> None:
    system = make_system({"app": '[build]\ncommand = "echo fetching wheels; exec sleep 1000"\n' + idle()})
    up = system.foreground("up", "--detach", "--timeout", "4s")
    up.until("app: building: fetching wheels")
    assert up.ended() == 5
    assert f"app.1: building\n    fetching wheels\n    log: {system.state}/logs/app.build.log\n" in up.err
    assert "error: not ready within 4s: app.1\n" in up.err
    assert system.run("down").code == 0
    assert not system.marked()


def test_what_ignores_sigterm_is_named_then_killed(make_system: Any, run_program: Callable[..., str]) -> None:
    stubborn = f'[run]\n{run_program("stubborn")}{NO_API}[ready]\nlog = "not"\n[stop]\ntimeout = "3s"\n'
    system = make_system({"mule": stubborn})
    system.up()
    pid = system.replica("mule.1")["pid"]
    began = time.monotonic()
    down = system.run("down")
    assert down.code == 0
    assert time.monotonic() - began >= 3
    assert re.search(rf"^still there after [23]s: mule\.1 \(stopping for [23]s, pid {pid}\)$", down.err, re.MULTILINE)
    assert notes(system, "killed", "mule.1")[0]["text"] == "still there 3s after SIGTERM: killed"
    assert not psutil.pid_exists(pid)


def test_stop_says_who_is_late(make_system: Any, run_program: Callable[..., str]) -> None:
    stubborn = f'[run]\n{run_program("stubborn")}{NO_API}[ready]\nlog = "not"\n[stop]\ntimeout = "1000s"\n'
    system = make_system({"mule": stubborn})
    system.up()
    pid = system.replica("mule.1")["pid"]
    stop = system.run("stop", "mule", "--timeout", "1s")
    assert stop.code == 5
    assert stop.err.startswith(f"mule.1: stopping (pid {pid})\nerror: stop: mule.1 did not get there within 1s\n")
    down = system.foreground("down")
    down.until("mule.1 (stopping")
    down.interrupt()  # which kills
    assert down.ended() == 0
    assert not system.marked()


@pytest.mark.parametrize("word", ["SIGHUP", "SIGINT", "SIGTERM"])
def test_the_stop_signal_reaches_a_space_that_does_not_handle_it(make_system: Any, word: str) -> None:
    """Nothing may be ignored on its behalf: what a parent ignores stays ignored over exec."""
    script = "import time; print('up', flush=True); time.sleep(1000)"
    command = json.dumps(
        [sys.executable, "-S", "-c", f"import signal; signal.signal(signal.SIGINT, signal.SIG_DFL); {script}"]
    )
    stop = f'[stop]\nsignal = "{word}"\ntimeout = "60s"\n'
    system = make_system({"plain": f'[run]\ncommand = {command}\n{NO_API}[ready]\nlog = "up"\n{stop}'})
    system.up(preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))  # as nohup does
    assert system.run("stop", "plain").code == 0
    assert system.replica("plain.1")["exit"] == {"code": None, "signal": int(signal.Signals[word])}


def test_a_daemon_that_hides_ends_with_its_space(make_system: Any, run_program: Callable[..., str]) -> None:
    hiding = f'[run]\n{run_program("hides")}{NO_API}[ready]\nlog = "daemon started"\n[stop]\ntimeout = "1s"\n'
    system = make_system({"hider": hiding})
    system.up()
    daemon = int((system.state / "data" / "hider" / "daemon").read_text())
    assert psutil.Process(daemon).environ() == {}
    assert system.run("down").code == 0
    assert not psutil.pid_exists(daemon)


def test_a_grandchild_that_holds_the_port_goes_before_the_restart(
    make_system: Any, run_program: Callable[..., str], wait_for: Callable[..., Any]
) -> None:
    leaving = f'[run]\n{run_program("leaves_first", "1")}[ready]\nlog = "never written"\n'
    system = make_system({"rude": leaving + '[restart]\nbackoff = "50ms"\ngive_up = "1000 in 1s"\n'})
    up = system.foreground("up", "--detach", "--timeout", "20s")
    wait_for(lambda: system.log("rude.1").count("listens") >= 4, "three restarts")
    up.interrupt()
    assert up.ended() == 130
    assert "Address already in use" not in system.log("rude.1")
    assert not system.marked()


def test_a_flood_of_output_is_kept_whole(make_system: Any, run_program: Callable[..., str]) -> None:
    flood = f'[run]\n{run_program("flood", "200000")}{NO_API}[ready]\nlog = "flooded"\n'
    system = make_system({"loud": flood})
    system.up()
    lines = system.log("loud.1").splitlines()
    assert len(lines) == 200_001
    assert [int(line[:9]) for line in lines[:-1]] == list(range(200_000))
    shown = system.run("logs", "loud", "--tail", "2").out
    assert shown == f"loud.1 | 000199999 {'x' * 89}\nloud.1 | flooded\n"


def test_no_answer_from_the_bus_is_told(make_system: Any, idle: Callable[..., str], tmp_path: Path) -> None:
    broken = tmp_path / "nats-server"
    broken.write_text("#!/bin/sh\necho '[FTL] no room at the inn'\nexit 1\n")
    broken.chmod(0o755)
    system = make_system({"app": idle(more='[events]\npublishes = ["app.opened"]\n')})
    done = system.run("up", "--detach", "--timeout", "2s", env={"SPACECTL_NATS_SERVER": str(broken)})
    assert done.code == 5
    assert "    [FTL] no room at the inn\n" in done.err
    assert f"    log: {system.state}/logs/bus.log\n" in done.err
    assert "error: not ready within 2s: bus" in done.err
