"""Files that change: what restarts, what is built first, what runs on."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.system

WATCH = '[watch]\npaths = ["src"]\nignore = ["*.md"]\n'


def noted(system: Any, kind: str) -> int:
    return sum(1 for line in system.log("supervisor").splitlines() if json.loads(line)["kind"] == kind)


def test_a_change_restarts_the_space_and_no_other(make_system: Any, idle: Callable[..., str]) -> None:
    system = make_system({"app": idle(more=WATCH), "other": idle()})
    source = system.root / "spaces" / "app" / "src"
    source.mkdir()
    system.up()
    app, other = system.replica("app.1")["pid"], system.replica("other.1")["pid"]
    (source / "notes.md").write_text("ignored")
    (source / "main.py").write_text("changed")
    again = system.wait_for_replica("app.1", lambda each: each["state"] == "ready" and each["pid"] != app)
    assert again["restarts"] == 0  # it did not crash
    assert system.replica("other.1")["pid"] == other
    (source / "notes.md").write_text("ignored again")
    (source / "main.py").write_text("changed again")
    system.wait_for_replica("app.1", lambda each: each["state"] == "ready" and each["pid"] != again["pid"])
    assert noted(system, "changed") == 2


def test_a_failing_build_keeps_what_runs(make_system: Any, idle: Callable[..., str]) -> None:
    build = '[build]\ncommand = "cat src/main.py; ! grep broken src/main.py"\ninputs = ["src"]\n'
    system = make_system({"app": build + idle(more=WATCH + 'on_change = "build"\n')})
    source = system.root / "spaces" / "app" / "src"
    source.mkdir()
    (source / "main.py").write_text("good")
    up = system.foreground("up")
    up.until("app.1     | up")
    pid = system.replica("app.1")["pid"]
    (source / "main.py").write_text("broken\n")
    up.until("● app build failed: the build failed: exited with code 1; what ran before runs on")
    assert (system.replica("app.1")["pid"], system.replica("app.1")["state"]) == (pid, "ready")
    kept = "the build failed: exited with code 1; what ran before runs on"
    assert system.ps()["spaces"][0]["warnings"] == [kept]
    assert f"\n! app: {kept}\n" in system.run("ps").out
    (source / "main.py").write_text("mended\n")
    system.wait_for_replica("app.1", lambda each: each["state"] == "ready" and each["pid"] != pid)
    up.until("app.build | mended")
    assert system.ps()["spaces"][0]["warnings"] == []


@pytest.mark.parametrize("on_change", ["restart", "build"])
def test_a_loop_is_named_and_slowed_down(make_system: Any, wait_for: Callable[..., Any], on_change: str) -> None:
    """The build, or the program, writes a file that is watched, each time it runs."""
    write = "date +%N > src/made.py"
    build = f'[build]\ncommand = "{write}"\ninputs = ["src"]\n' if on_change == "build" else ""
    command = json.dumps("echo up; exec sleep 1000" if build else f"{write}; echo up; exec sleep 1000")
    run = f'[run]\ncommand = {command}\n[api]\nserves = false\n[ready]\nlog = "up"\n'
    system = make_system({"app": f'{build}{run}{WATCH}on_change = "{on_change}"\n'})
    source = system.root / "spaces" / "app" / "src"
    source.mkdir()
    system.up()
    (source / "main.py").write_text("changed")
    wait_for(lambda: noted(system, "loop"), "the loop told")
    told = system.run("logs", "spacectl", "--grep", "loop").out
    assert f"app loop: src/made.py changed during each of the last 5 {on_change}s: it seems to be a loop" in told
    assert f"the next {on_change} waits 5s" in told
    (warning,) = system.ps()["spaces"][0]["warnings"]
    assert warning in told
    assert f"! app: {warning}" in " ".join(system.run("ps").out.split())
    pid = system.replica("app.1")["pid"]
    wait_for(lambda: noted(system, "loop") == 2, "the next round")
    assert system.replica("app.1")["pid"] != pid


def test_no_watch_restarts_nothing(make_system: Any, idle: Callable[..., str], wait_for: Callable[..., Any]) -> None:
    """A space that is watched by another system tells when the change has been seen."""
    system, seeing = make_system({"app": idle(more=WATCH)}), make_system({"app": idle(more=WATCH)})
    source = system.root / "spaces" / "app" / "src"
    source.mkdir()
    (seeing.root / "spaces" / "app" / "src").symlink_to(source)
    system.up("--no-watch")
    seeing.up()
    pid = system.replica("app.1")["pid"]
    (source / "main.py").write_text("changed")
    wait_for(lambda: noted(seeing, "changed"), "the change seen")
    assert system.replica("app.1")["pid"] == pid
    assert noted(system, "changed") == 0


def test_a_space_that_gave_up_starts_again_when_it_is_mended(make_system: Any) -> None:
    command = json.dumps("test -e src/mended || exit 1; echo up; exec sleep 1000")
    rest = '[api]\nserves = false\n[ready]\nlog = "up"\n[restart]\npolicy = "never"\n'
    system = make_system({"app": f"[run]\ncommand = {command}\n{rest}{WATCH}"})
    source = system.root / "spaces" / "app" / "src"
    source.mkdir()
    assert system.run("up", "--detach").code == 5
    (source / "mended").touch()
    system.wait_for_replica("app.1", lambda each: each["state"] == "ready")
