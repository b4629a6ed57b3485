"""The life of a system: up, looked at, acted on, down, and nothing left."""

from __future__ import annotations

import json
import socket
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psutil
import pytest

pytestmark = pytest.mark.system


def test_a_life(make_system: Any, serve: Callable[..., str], idle: Callable[..., str]) -> None:
    system = make_system({"orders": serve("--say", "open for orders"), "clock": idle()})
    up = system.up()
    assert up.out == ""
    assert "orders.1: ready" in up.err
    assert "tiny  ● ready  bus ● ready" in up.err

    logs = system.run("logs", "orders")
    assert (logs.code, logs.out) == (0, "orders.1 | open for orders\n")

    got = system.run("call", "orders", "POST", "/things", '{"a": [1]}')
    assert (got.code, json.loads(got.out)) == (0, {"got": {"a": [1]}})

    first = system.replica("orders.1")["pid"]
    restarted = system.run("restart", "orders")
    assert (restarted.code, restarted.err) == (0, "orders: restarted\n")
    second = system.replica("orders.1")["pid"]
    assert second != first
    assert not psutil.pid_exists(first)

    assert system.run("stop", "orders").code == 0
    stopped = system.replica("orders.1")
    assert (stopped["state"], stopped["pid"], stopped["port"]) == ("stopped", None, stopped["port"])
    refused = system.run("call", "orders", "GET", "/health")
    assert (refused.code, refused.json["state"]) == (1, "stopped")
    assert "spacectl ps" in refused.err

    assert system.run("start", "orders").code == 0
    assert system.run("call", "orders", "GET", "/pid").json["pid"] == system.replica("orders.1")["pid"]

    down = system.run("down")
    assert (down.code, down.err) == (0, "stopping … (Ctrl-C kills)\nstopped\n")
    assert not system.marked()
    assert not system.here()
    assert system.run("logs", "orders").out.startswith("orders.1 | open for orders\n")


def test_ps_json_has_the_published_shape(make_system: Any, serve: Callable[..., str], idle: Callable[..., str]) -> None:
    system = make_system({"orders": serve(), "clock": idle(run="replicas = 2\n")})
    system.up()
    ps = system.ps()
    assert ps.keys() == {"system", "state", "since", "supervisor_pid", "gateway", "bus", "spaces", "revision"}
    assert (ps["system"], ps["state"], ps["supervisor_pid"]) == ("tiny", "ready", system.supervisors()[0].pid)
    age = datetime.now(UTC) - datetime.strptime(ps["since"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert 0 <= age.total_seconds() < 60
    assert ps["bus"]["state"] == "ready"
    assert ps["bus"]["url"].startswith("nats://127.0.0.1:")

    assert [space["name"] for space in ps["spaces"]] == ["clock", "orders"]
    clock, orders = ps["spaces"]
    assert {"name", "kind", "state", "desired", "ready", "runtime", "url", "replicas"} <= orders.keys()
    assert (orders["kind"], orders["state"], orders["desired"], orders["ready"]) == ("service", "ready", 1, 1)
    assert (clock["desired"], clock["ready"], clock["url"]) == (2, 2, None)
    assert [replica["name"] for replica in clock["replicas"]] == ["clock.1", "clock.2"]

    (replica,) = orders["replicas"]
    assert replica.keys() >= {
        "name", "state", "pid", "container", "port", "restarts", "started", "cpu_percent", "memory_bytes", "exit",
        "reason",
    }  # fmt: skip
    assert orders["url"] == f"{ps['gateway']['url']}/orders"
    assert psutil.Process(replica["pid"]).cmdline()[2].endswith("serve.py")
    assert (replica["container"], replica["restarts"], replica["exit"], replica["reason"]) == (None, 0, None, None)
    used = system.wait_for_replica("orders.1", lambda each: each["memory_bytes"])
    assert used["memory_bytes"] > 1_000_000
    assert used["cpu_percent"] >= 0


def test_every_process_carries_the_mark_and_listens_on_loopback_only(
    make_system: Any, serve: Callable[..., str]
) -> None:
    system = make_system({"orders": serve(), "cart": serve()})
    system.up()
    marked = system.marked()
    assert len(marked) == 4  # bus, gateway and two spaces
    listening = {
        connection.laddr.ip
        for process in [*marked, *system.supervisors()]
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN or connection.type == socket.SOCK_DGRAM
    }
    assert listening == {"127.0.0.1"}


def test_what_it_writes_is_private(make_system: Any, serve: Callable[..., str]) -> None:
    system = make_system({"orders": serve()})
    system.up()
    secret = json.loads((system.state / "secrets.json").read_text())["orders"]
    assert stat.S_IMODE(system.state.stat().st_mode) == 0o700
    holding = [path for path in system.state.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    assert {path.name for path in holding} >= {"secrets.json", "nats-server.conf"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in holding} == {0o600}
    assert stat.S_IMODE((system.state / "run" / "control.sock").stat().st_mode) == 0o600
    assert not [path for path in holding if path.suffix == ".log"]
    for words in (("ps",), ("ps", "--json"), ("logs", "--tail", "9999"), ("logs", "bus"), ("config",), ("up",)):
        done = system.run(*words)
        assert secret not in done.out + done.err


def test_what_a_replica_is_given(make_system: Any, serve: Callable[..., str]) -> None:
    env = 'env = { LOG_LEVEL = "debug", WHERE = "$DATA_DIR/x", FROM = "manifest", NATS_INBOX_PREFIX = "mine" }\n'
    system = make_system(
        {"orders": serve(run=f'{env}env_file = ".env"\n', more='[api]\ncalls = ["order-history"]\n'),
         "order-history": serve()}
    )  # fmt: skip
    folder = system.root / "spaces" / "orders"
    (folder / ".env").write_text("FROM=file\nTOKEN='a b'\n")
    system.up(env={"SEEN": "by all", "OTEL_X": "not by spaces", "VIRTUAL_ENV": "/nowhere", "SPACECTL_X": "ours"})
    got = system.run("call", "orders", "GET", "/env").json
    replica = system.replica("orders.1")
    edge = json.loads((system.state / "ports.json").read_text())["orders>order-history"]
    data = str(system.state / "data" / "orders")
    assert {name: got.get(name) for name in (
        "HOST", "PORT", "SPACE", "REPLICA", "SYSTEM", "DATA_DIR", "ORDER_HISTORY_URL", "PYTHONUNBUFFERED", "LOG_LEVEL",
        "WHERE", "FROM", "TOKEN", "NATS_INBOX_PREFIX", "SEEN"
    )} == {
        "HOST": "127.0.0.1", "PORT": str(replica["port"]), "SPACE": "orders", "REPLICA": "1", "SYSTEM": "tiny",
        "DATA_DIR": data, "ORDER_HISTORY_URL": f"http://127.0.0.1:{edge}", "PYTHONUNBUFFERED": "1",
        "LOG_LEVEL": "debug", "WHERE": f"{data}/x", "FROM": "manifest", "TOKEN": "a b", "NATS_INBOX_PREFIX": "mine",
        "SEEN": "by all",
    }  # fmt: skip
    assert got["NATS_URL"].startswith("nats://orders:")
    assert got["SPACECTL_INSTANCE"]
    assert not {"OTEL_X", "VIRTUAL_ENV", "SPACECTL_X"} & got.keys()


def test_down_with_data_removes_everything_it_wrote(make_system: Any, idle: Callable[..., str]) -> None:
    system = make_system({"clock": idle()})
    system.up()
    done = system.run("down", "--data")
    assert done.code == 0
    assert f"removed {system.state}" in done.err
    assert not system.state.exists()
    assert system.run("down", "--data").code == 4
    assert not system.state.exists()


def test_a_command_without_a_system_running_exits_4(make_system: Any, idle: Callable[..., str]) -> None:
    system = make_system({"clock": idle()})
    for words in (("ps",), ("down",), ("stop",), ("start", "clock"), ("restart",), ("call", "clock", "GET", "/")):
        done = system.run(*words)
        assert (done.code, done.out) == (4, ""), words
        assert done.err.startswith(f"error: no system is running in {system.root}\n  hint: "), words


def test_a_system_without_spaces_comes_up(make_system: Any) -> None:
    system = make_system({})
    assert "no space yet" in system.up().err
    assert system.ps()["state"] == "ready"
    assert system.run("down").code == 0
