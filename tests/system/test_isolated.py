"""Copies of a system beside it: other ports, other data, other events."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.system


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def env(system: Any, *where: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(system.run("call", *where, "app", "GET", "/env").out)
    return found


def test_a_copy_beside_the_first(make_system: Any, serve: Callable[..., str]) -> None:
    fixed = f"[api]\nport = {free_port()}\n[events]\npublishes = ['app.said']\n"
    system = make_system({"app": serve(more=fixed)}, f"[bus]\nport = {free_port()}\n")
    system.up()
    done = system.up("--isolated", "--scale", "app=2")
    folder = Path(done.out.strip())
    assert folder == system.state / "isolated" / "1"
    assert f"isolated copy 1; other commands reach it with --system {folder}\n" in done.err
    copy = ("--system", str(folder))

    one, two = system.ps(), system.run("ps", "--json", *copy).json
    assert (two["system"], two["state"]) == ("tiny", "ready")
    assert one["supervisor_pid"] != two["supervisor_pid"]
    assert one["bus"]["url"] != two["bus"]["url"]
    ports = [each["port"] for ps in (one, two) for each in ps["spaces"][0]["replicas"]]
    assert len(set(ports)) == 3
    first, second = env(system), env(system, *copy)
    assert first["DATA_DIR"] == str(system.state / "data" / "app")
    assert second["DATA_DIR"] == str(folder / "data" / "app")
    assert all(first[name] != second[name] for name in ("PORT", "NATS_URL", "SPACECTL_INSTANCE"))

    assert system.run("send", "app.said", "{}", *copy).code == 0
    assert len(system.run("tap", "--no-follow", "--since", "1h", *copy).out.splitlines()) == 1
    assert system.run("tap", "--no-follow", "--since", "1h").out == ""

    assert "nothing changed\n" in system.run("up", "--detach", *copy).err
    assert system.run("down", *copy).code == 0
    assert system.run("ps", *copy).code == 4
    assert system.ps() | {"spaces": []} == one | {"spaces": []}
    assert system.run("down", "--data", *copy).code == 0
    assert not (system.state / "isolated").exists()
    assert system.run("ps", *copy).code == 4
    assert system.replica("app.1")["state"] == "ready"


def test_each_is_one_more(make_system: Any, idle: Callable[..., str]) -> None:
    """Three at once, without the first: none gets in the way of another."""
    system = make_system({"app": idle()})
    ups = [system.foreground("up", "--isolated", "--detach") for _ in range(3)]
    assert [up.ended() for up in ups] == [0, 0, 0]
    folders = sorted(up.out.strip() for up in ups)
    assert folders == [str(system.state / "isolated" / number) for number in "123"]
    assert system.run("ps").code == 4
    urls = {system.run("ps", "--json", env={"SPACECTL_SYSTEM": folder}).json["bus"]["url"] for folder in folders}
    assert len(urls) == 3
    assert system.run("down", cwd=Path(folders[1])).code == 0  # the nearest one upwards
    assert system.up("--isolated").out.strip() == folders[1]


def test_removing_the_data_of_the_first_spares_copies_that_run(make_system: Any, idle: Callable[..., str]) -> None:
    system = make_system({"app": '[build]\ncommand = "true"\n' + idle()})
    system.up()
    running, resting = (system.up("--isolated").out.strip() for _ in range(2))
    assert system.run("down", "--system", resting).code == 0
    done = system.run("down", "--data")
    assert f"kept {running}: this isolated copy runs\nremoved all else in {system.state}\n" in done.err
    assert sorted(path.name for path in system.state.iterdir()) == ["builds", "isolated"]
    assert [str(path) for path in (system.state / "isolated").iterdir()] == [running]
    assert system.run("restart", "--system", running).code == 0
    assert system.run("down", "--system", running).code == 0
    assert system.run("down", "--data").code == 0
    assert not system.state.exists()


def test_in_the_foreground(make_system: Any, idle: Callable[..., str]) -> None:
    system = make_system({"app": idle()})
    system.up()
    before = system.replica("app.1")["pid"]
    copy = system.foreground("up", "--isolated")
    copy.until("app.1 | up")
    copy.interrupt()
    assert copy.ended() == 130
    assert system.replica("app.1")["pid"] == before
    assert len(system.marked()) == 2


def test_two_never_build_one_space_at_the_same_time(make_system: Any, idle: Callable[..., str]) -> None:
    """A build that finds another one at work fails; what was built already is not built again."""
    build = "mkdir building && echo once >> built && sleep 0.5 && rmdir building"
    system = make_system({"app": f'[build]\ncommand = "{build}"\n{idle()}'})
    ups = [system.foreground("up", "--detach", *words) for words in ((), ("--isolated",), ("--isolated",))]
    assert [up.ended() for up in ups] == [0, 0, 0]
    assert (system.root / "spaces" / "app" / "built").read_text() == "once\n"


def test_a_copy_that_is_not_there(make_system: Any, idle: Callable[..., str]) -> None:
    system = make_system({"app": idle()})
    folder = system.state / "isolated" / "7"
    done = system.run("up", "--system", str(folder))
    assert done.code == 4
    assert f"error: no system in {folder}: there is no such isolated copy\n" in done.err
