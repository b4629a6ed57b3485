"""`up` on a system that runs: what changed in its manifests changes, and nothing else."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.system


def pids(system: Any) -> dict[str, int]:
    found = {each["name"]: each["pid"] for space in system.ps()["spaces"] for each in space["replicas"]}
    return found | {"bus": system.ps()["bus"]["pid"]}


def test_nothing_changed(make_system: Any, idle: Callable[..., str]) -> None:
    system = make_system({"app": idle(), "traffic": 'profiles = ["busy"]\n' + idle()})
    system.up()
    before = pids(system)
    assert system.up().err == "nothing changed\n"
    done = system.run("up")
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("nothing changed\nthe system runs on; ")
    assert pids(system) == before
    assert "traffic starts: it was at rest\n" in system.up("--profile", "busy").err
    assert "nothing changed\n" in system.up().err  # what runs, runs on
    assert {**pids(system), "traffic.1": None} == before


def test_only_what_changed_restarts(make_system: Any, idle: Callable[..., str]) -> None:
    system = make_system({"app": idle(), "other": idle(), "third": idle()})
    system.up()
    before = pids(system)
    system.write_space("app", idle("again"))
    system.write_space("other", idle(run='\nenv = { TOKEN = "s3cret" }'))
    system.write_space("third", idle(more="failures = 9\n[stop]\ntimeout = '3s'\n"))
    done = system.up()
    assert "app restarts: command changed\n" in done.err
    assert "other restarts: env TOKEN changed\n" in done.err
    assert "third takes on what is new: [ready] [stop] changed; it runs on\n" in done.err
    assert "s3cret" not in done.out + done.err + system.log("supervisor")
    after = pids(system)
    assert {name for name in after if after[name] != before[name]} == {"app.1", "other.1"}
    assert [system.replica(name)["restarts"] for name in ("app.1", "other.1")] == [0, 0]
    assert system.up().err == "nothing changed\n"


def test_what_an_env_file_holds_counts_too(make_system: Any, serve: Callable[..., str]) -> None:
    system = make_system({"app": serve(run='\nenv_file = ".env"'), "caller": serve(more='[api]\ncalls = ["app"]\n')})
    (system.root / "spaces" / "app" / ".env").write_text("COLOUR=blue\n")
    system.up()
    before = pids(system)
    (system.root / "spaces" / "app" / ".env").write_text("COLOUR=green\n")
    assert "app restarts: env COLOUR changed\n" in system.up().err
    after = pids(system)
    assert {name for name in after if after[name] != before[name]} == {"app.1"}
    assert json.loads(system.run("call", "app", "GET", "/env").out)["COLOUR"] == "green"


def test_a_new_space_and_one_that_is_gone(
    make_system: Any, idle: Callable[..., str], run_program: Callable[..., str], wait_for: Callable[..., Any]
) -> None:
    """Both speak on the bus: the new one must be known to it, and the old one until it has gone."""

    def on_the_bus(name: str, program: str, ready: str) -> str:
        run = f"[run]\n{run_program(program, f'{name}.said')}"
        return f'{run}[api]\nserves = false\n[ready]\nlog = "{ready}"\n[events]\npublishes = ["{name}.said"]\n'

    system = make_system({"app": idle(), "old": on_the_bus("old", "farewell", "connected")})
    system.up()
    before = pids(system)
    (system.root / "spaces" / "old" / "space.toml").unlink()
    system.write_space("new", on_the_bus("new", "publish", "published"))
    done = system.up()
    assert "new starts: new\nold stops and is removed: no longer part of the system\n" in done.err
    after = pids(system)
    assert {"app.1", "bus"} == {name for name in after if after[name] == before.get(name)}
    assert set(after) == {"app.1", "new.1", "bus"}
    assert system.log("new.1").splitlines() == ["published"]
    assert system.log("old.1").splitlines() == ["connected", "done"]
    config = system.state / "run" / "nats-server.conf"
    wait_for(lambda: '"old"' not in config.read_text(), "the user of the old space gone")
    assert '"new"' in config.read_text()
    seen = system.run("tap", "--no-follow", "--json", "--since", "1h").out
    assert {json.loads(line)["subject"] for line in seen.splitlines()} == {"new.said", "old.said"}
    assert len(system.marked()) == 3


def test_a_permission_that_is_new_needs_no_restart(
    make_system: Any, run_program: Callable[..., str], wait_for: Callable[..., Any]
) -> None:
    def manifest(*subjects: str) -> str:
        run = f"[run]\n{run_program('farewell', 'app.later')}"
        return f'{run}[api]\nserves = false\n[ready]\nlog = "connected"\n[events]\npublishes = {json.dumps(subjects)}\n'

    system = make_system({"app": manifest("app.first")})
    system.up()
    before = pids(system)
    system.write_space("app", manifest("app.first", "app.later"))
    assert "app takes on what is new: [events] changed; it runs on\n" in system.up().err
    assert pids(system) == before
    assert system.run("stop", "app").code == 0
    assert system.log("app.1").splitlines() == ["connected", "done"]
    # And one that is taken away holds no longer.
    system.write_space("app", manifest("app.first"))
    assert system.run("up", "--detach").code == 0
    assert system.run("stop", "app").code == 0
    wait_for(lambda: "Permissions Violation" in system.log("app.1"), "the refusal")


def test_what_cannot_change_while_it_runs_is_told(make_system: Any, idle: Callable[..., str]) -> None:
    system = make_system({"app": idle()})
    system.up()
    before = pids(system)
    manifest = system.root / "system.toml"
    manifest.write_text(manifest.read_text().replace("tiny", "small") + '[bus]\nsync = "always"\n')
    told = "counts at the next `up` after a `down`: [system] name, [bus] sync in system.toml\n"
    for _ in range(2):
        assert told in system.up().err
    assert pids(system) == before
    assert system.ps()["system"] == "tiny"


def test_a_wrong_manifest_touches_nothing(make_system: Any, idle: Callable[..., str]) -> None:
    system = make_system({"app": idle(), "other": idle()})
    system.up()
    before = pids(system)
    system.write_space("other", idle("again"))
    system.write_space("app", idle(run="\nreplica = 2"))
    done = system.run("up", "--detach")
    assert done.code == 3
    assert "spaces/app/space.toml:" in done.err
    assert 'did you mean "replicas"?' in done.err
    assert pids(system) == before


def test_a_build_that_fails_leaves_what_runs(make_system: Any, idle: Callable[..., str]) -> None:
    build = '[build]\ncommand = "! grep broken input"\ninputs = ["input"]\n'
    system = make_system({"app": build + idle()})
    (system.root / "spaces" / "app" / "input").write_text("good")
    system.up()
    before = pids(system)
    assert system.up().err == "nothing changed\n"
    (system.root / "spaces" / "app" / "input").write_text("broken")
    done = system.run("up", "--detach")
    assert done.code == 5
    assert "app restarts: build inputs changed\n" in done.err
    assert "! app: the build failed: exited with code 1; what ran before runs on\n" in done.err
    assert pids(system) == before
    (system.root / "spaces" / "app" / "input").write_text("mended")
    assert "app restarts: build inputs changed\n" in system.up().err
    after = pids(system)
    assert (after["app.1"] != before["app.1"], after["bus"]) == (True, before["bus"])


def test_naming_a_space_starts_what_it_is_after(make_system: Any, idle: Callable[..., str]) -> None:
    spaces = {"first": idle(), "second": idle(run='\nafter = ["first"]'), "third": idle(run='\nafter = ["second"]')}
    system = make_system({**spaces, "other": idle(), "apart": idle()})
    system.up("other")
    other = system.replica("other.1")["pid"]
    done = system.up("third")
    for name in spaces:
        assert f"{name} starts: it was at rest\n" in done.err
    states = {name: system.replica(f"{name}.1")["state"] for name in (*spaces, "other", "apart")}
    assert states == {"first": "ready", "second": "ready", "third": "ready", "other": "ready", "apart": "stopped"}
    assert system.replica("other.1")["pid"] == other
    assert system.run("up", "thrid").code == 2


def test_one_that_was_stopped_or_failed_is_started_again(make_system: Any, idle: Callable[..., str]) -> None:
    system = make_system({"app": idle(), "bad": '[run]\ncommand = ["./missing"]\n[api]\nserves = false\n'})
    assert system.run("up", "--detach").code == 5
    assert system.run("stop", "app").code == 0
    system.write_space("bad", idle())
    done = system.up()
    assert "app starts: it was at rest\n" in done.err
    assert "bad restarts: command changed\n" in done.err
    assert all(pids(system).values())


def test_what_is_watched_follows_the_manifest(make_system: Any, idle: Callable[..., str]) -> None:
    system = make_system({"app": idle()})
    source = system.root / "spaces" / "app" / "src"
    source.mkdir()
    system.up()
    pid = system.replica("app.1")["pid"]
    system.write_space("app", idle(more='[watch]\npaths = ["src"]\n'))
    assert "app takes on what is new: [watch] changed; it runs on\n" in system.up().err
    assert system.replica("app.1")["pid"] == pid
    number = iter(range(10**6))

    def restarted(replica: Any) -> bool:
        (source / "main.py").write_text(f"{next(number)}")  # the watch may not have begun when it first changes
        return replica["state"] == "ready" and replica["pid"] != pid

    system.wait_for_replica("app.1", restarted)


def test_up_while_the_system_goes_down_waits_and_starts_it(
    make_system: Any, idle: Callable[..., str], run_program: Callable[..., str]
) -> None:
    stubborn = f'[run]\n{run_program("stubborn")}[api]\nserves = false\n[ready]\nlog = "not"\n[stop]\ntimeout = "1h"\n'
    system = make_system({"app": idle(), "mule": stubborn})
    system.up()
    before = system.ps()["supervisor_pid"]
    mule = system.replica("mule.1")["pid"]
    down = system.foreground("down")
    down.until("stopping")
    up = system.foreground("up", "--detach")
    up.until(f"waiting for the supervisor (pid {before}), which is starting or stopping the system")
    os.kill(mule, signal.SIGKILL)
    assert (down.ended(), up.ended()) == (0, 0)
    assert system.ps()["supervisor_pid"] != before
    assert system.replica("app.1")["state"] == "ready"
    assert system.run("down", "--timeout", "200ms").code == 0


def test_up_says_who_holds_the_system_once_it_has_waited_long_enough(
    make_system: Any, run_program: Callable[..., str]
) -> None:
    stubborn = f'[run]\n{run_program("stubborn")}[api]\nserves = false\n[ready]\nlog = "not"\n[stop]\ntimeout = "1h"\n'
    system = make_system({"mule": stubborn})
    system.up()
    pid = system.ps()["supervisor_pid"]
    down = system.foreground("down")
    down.until("still there after")
    done = system.run("up", "--timeout", "200ms")
    assert done.code == 4
    assert f"is held by the supervisor (pid {pid}), which is still starting or stopping it\n" in done.err
    down.interrupt()
    assert down.ended() == 0


def test_two_changes_at_once(make_system: Any, idle: Callable[..., str]) -> None:
    """Each waits for the other; what both asked for holds."""
    system = make_system({"app": idle(), "other": idle()})
    system.up()
    system.write_space("third", idle())
    commands = [
        system.foreground("scale", "app=2"),
        system.foreground("up", "--detach"),
        system.foreground("scale", "other=3"),
        system.foreground("up", "--detach", "--scale", "app=4"),
    ]
    assert [each.ended() for each in commands] == [0, 0, 0, 0]
    ready = {space["name"]: space["ready"] for space in system.ps()["spaces"]}
    assert ready["other"] == 3
    assert ready["third"] == 1
    assert ready["app"] in {2, 4}  # whichever came last
    assert len(system.marked()) == sum(ready.values()) + 1
