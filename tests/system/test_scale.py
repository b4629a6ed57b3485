"""More and fewer replicas of spaces that run."""

from __future__ import annotations

import json
import socket
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.system


def space(system: Any, name: str) -> Any:
    return next(each for each in system.ps()["spaces"] if each["name"] == name)


def pids(system: Any) -> dict[str, int]:
    return {each["name"]: each["pid"] for space in system.ps()["spaces"] for each in space["replicas"]}


def answers(port: int) -> Any:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/env", timeout=10) as answer:
        return json.load(answer)


def test_up_and_down_again_without_touching_the_others(make_system: Any, serve: Callable[..., str]) -> None:
    system = make_system({"app": serve(), "other": serve()})
    system.up()
    before = pids(system)
    done = system.run("scale", "app=3")
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("app scales from 1 to 3 replicas\n")
    app = space(system, "app")
    assert (app["state"], app["desired"], app["ready"]) == ("ready", 3, 3)
    assert [answers(each["port"])["REPLICA"] for each in app["replicas"]] == ["1", "2", "3"]
    grown = pids(system)
    assert {name: pid for name, pid in grown.items() if name in before} == before

    assert system.run("scale", "app=1").code == 0
    assert pids(system) == before
    assert len(system.marked()) == 4  # with the bus and the gateway
    assert system.run("scale", "app=3").code == 0
    assert [each["port"] for each in space(system, "app")["replicas"]] == [each["port"] for each in app["replicas"]]


def test_to_none_and_back(make_system: Any, idle: Callable[..., str]) -> None:
    system = make_system({"app": idle(), "last": idle(run='\nafter = ["app"]')})
    system.up()
    last = system.replica("last.1")["pid"]
    assert system.run("scale", "app=0").code == 0
    assert (space(system, "app")["replicas"], space(system, "app")["desired"]) == ([], 0)
    assert system.run("scale", "app=2", "last=1").code == 0
    assert space(system, "app")["ready"] == 2
    assert system.replica("last.1")["pid"] == last


def test_what_cannot_be_scaled(make_system: Any, idle: Callable[..., str]) -> None:
    job = '[run]\ncommand = ["true"]\n[api]\nserves = false\n'
    system = make_system({"app": idle(), "seed": f'kind = "job"\n{job}'})
    assert system.run("scale", "app=2").code == 4  # nothing runs
    system.up()
    before = pids(system)
    for words, message in (
        (("ap=2",), 'error: no space is named "ap"\n  hint: did you mean "app"?\n'),
        (("app=2", "seed=2"), "error: seed is a job: it runs to its end and is not scaled\n"),
        (("app=101",), "error: app: 101 replicas are out of bounds\n  hint: take a number from 0 to 100\n"),
        (("app=-1",), 'error: "app=-1" is not a space and a number\n  hint: write SPACE=N, such as orders=3\n'),
        (("app",), 'error: "app" is not a space and a number\n  hint: write SPACE=N, such as orders=3\n'),
    ):
        done = system.run("scale", *words)
        assert (done.code, done.err) == (2, message)
    assert pids(system) == before
    assert system.run("scale", "app=1").err == "nothing changed\n"


def test_one_that_does_not_get_ready(make_system: Any, serve: Callable[..., str]) -> None:
    """The second replica dies; the first is not touched."""
    system = make_system({"app": serve(more='[restart]\npolicy = "never"\n')})
    folder = system.root / "spaces" / "app"
    run = (folder / "space.toml").read_text().partition("command = ")[2].splitlines()[0]
    words = json.loads(run)
    shell = f'test "$REPLICA" = 1 || {{ echo no room; exit 3; }}; exec {" ".join(words)}'
    (folder / "space.toml").write_text((folder / "space.toml").read_text().replace(run, json.dumps(shell)))
    system.up()
    pid = system.replica("app.1")["pid"]
    done = system.run("scale", "app=2")
    assert done.code == 5
    assert "app.2: failed: exited with code 3; policy never restarts nothing\n    no room\n" in done.err
    assert done.err.endswith("error: scale: app.2 did not get there\n  hint: `spacectl ps` shows how everything is\n")
    assert system.replica("app.1")["pid"] == pid


def test_only_the_first_replica_has_a_fixed_port(make_system: Any, serve: Callable[..., str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    system = make_system({"app": serve(more=f"[api]\nport = {port}\n")})
    system.up("--scale", "app=2")
    first, second = space(system, "app")["replicas"]
    assert first["port"] == port
    assert second["port"] != port
    assert answers(second["port"])["REPLICA"] == "2"


def test_a_number_that_was_asked_for_holds_until_the_manifest_has_another_one(
    make_system: Any, idle: Callable[..., str]
) -> None:
    system = make_system({"app": idle()})
    assert system.run("up", "--scale", "ap=2").code == 2
    system.up("--scale", "app=2")
    assert space(system, "app")["desired"] == 2
    assert "nothing changed\n" in system.up().err
    system.write_space("app", idle(run="\nreplicas = 3"))
    assert "app scales from 2 to 3 replicas\n" in system.up().err
    assert "app scales from 3 to 4 replicas\n" in system.up("--scale", "app=4").err
    assert space(system, "app")["ready"] == 4
    assert system.run("down").code == 0
    system.up()
    assert space(system, "app")["ready"] == 3
