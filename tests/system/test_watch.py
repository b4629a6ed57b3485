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
    (source / "main.py").write_text("mended\n")
    system.wait_for_replica("app.1", lambda each: each["state"] == "ready" and each["pid"] != pid)
    up.until("app.build | mended")


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
