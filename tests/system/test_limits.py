"""`[limits]`: kept by the kernel where it can, and told where it cannot."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spacectl.adapters.cgroups import CONTROLLERS, find
from spacectl.wiring.prepare import instance_of

PLACE = find()

pytestmark = pytest.mark.system
can = pytest.mark.skipif(PLACE.controllers != CONTROLLERS, reason=f"no groups of cgroup v2 here: {PLACE.why}")
cannot = pytest.mark.skipif(PLACE.controllers == CONTROLLERS, reason="limits can be kept here")

HUNGRY = "import pathlib, time\nprint('up', flush=True)\nwhile not pathlib.Path('eat').exists(): time.sleep(0.01)\n"
HUNGRY += "food = bytearray(200 * 1024**2)\ntime.sleep(1000)"
REST = '[api]\nserves = false\n[ready]\nlog = "up"\n[restart]\npolicy = "never"\n'


@cannot
def test_limits_that_cannot_be_kept_are_told(make_system: Any, idle: Callable[..., str]) -> None:
    more = "[limits]\nmemory = '64MB'\n"
    spaces = {"hungry": idle(more=more), "modest": idle(more=more), "busy": idle(more=f"{more}cpu = 0.5\n")}
    system = make_system(spaces | {"free": idle()})
    done = system.up()
    memory, both = (f"[limits] {keys} not kept: {PLACE.why}; {PLACE.fix}" for keys in ("memory", "memory and cpu"))
    assert done.err.count("not kept") == 2
    assert f"! busy: {both}\n! hungry, modest: {memory}\n" in done.err
    assert {space["name"]: space["warnings"] for space in system.ps()["spaces"]} == {
        "busy": [both], "free": [], "hungry": [memory], "modest": [memory]
    }  # fmt: skip
    assert f"! hungry, modest: {memory}" in " ".join(system.run("ps").out.split())
    limits = next(each for each in system.run("doctor", "--json").json["findings"] if each["name"] == "limits")
    assert (limits["ok"], limits["found"], limits["fix"]) == (False, PLACE.why, PLACE.fix)


@can
def test_who_uses_more_memory_is_killed_and_told_why(make_system: Any) -> None:
    run = f"[run]\ncommand = {json.dumps([sys.executable, '-S', '-c', HUNGRY])}\n"
    system = make_system({"hungry": f"{run}{REST}[limits]\nmemory = '64MB'\n"})
    system.up()
    (system.root / "spaces" / "hungry" / "eat").touch()
    replica = system.wait_for_replica("hungry.1", lambda each: each["state"] == "failed")
    assert replica["reason"] == "killed: it used more than memory = 64MB; policy never restarts nothing"
    assert replica["exit"] == {"code": None, "signal": 9}
    assert system.ps()["spaces"][0]["warnings"] == []


@can
def test_a_group_for_each_replica_which_goes_with_it(make_system: Any, serve: Callable[..., str]) -> None:
    limited = serve(more="[limits]\ncpu = 0.5\nmemory = '256MB'\n")
    system = make_system({"modest": limited, "free": serve()})
    system.up()
    pid = system.replica("modest.1")["pid"]
    (line,) = [line for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines() if line.startswith("0::")]
    assert line.endswith(f"/spacectl-{instance_of(system.root)}/modest.1")
    free = Path(f"/proc/{system.replica('free.1')['pid']}/cgroup").read_text()
    assert f"spacectl-{instance_of(system.root)}/" not in free
    assert PLACE.folder is not None
    group = PLACE.folder / f"spacectl-{instance_of(system.root)}" / "modest.1"
    assert (group / "cpu.max").read_text() == "50000 100000\n"
    assert (group / "memory.max").read_text() == f"{256 * 10**6 // 4096 * 4096}\n"
    assert system.run("restart", "modest").code == 0
    assert system.replica("modest.1")["pid"] != pid
    assert system.run("down").code == 0
    assert not group.parent.exists()


@can
def test_a_command_that_cannot_run_is_told_as_well_with_limits(make_system: Any) -> None:
    limits = "[limits]\nmemory = '64MB'\n"
    system = make_system(
        {
            "none": f'[run]\ncommand = ["no-such-program"]\n{limits}',
            "text": f'[run]\ncommand = ["./space.toml"]\n{limits}',
        }
    )
    done = system.run("up", "--detach")
    assert "none.1: failed: command not found: 'no-such-program'\n" in done.err
    assert "text.1: failed: cannot run './space.toml': it is not executable\n" in done.err
