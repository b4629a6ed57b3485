"""The gateway of a real system: calls go through it, and none is lost while replicas come and go."""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
import stat
import sys
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psutil
import pytest
from load import Load

pytestmark = pytest.mark.system

GET = """
import sys, urllib.request
print(urllib.request.build_opener(urllib.request.ProxyHandler({})).open(sys.argv[1], timeout=20).read().decode())
"""

REQUESTS = int(os.environ.get("SPACECTL_TEST_REQUESTS", "3000"))
"""How many are sent while a space is restarted; more by hand."""


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that this process listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def shop(make_system: Any, serve: Callable[..., str]) -> Any:
    """Two replicas of orders, and cart, which calls it."""
    system = make_system({"orders": serve(run="replicas = 2\n"), "cart": serve(more='[api]\ncalls = ["orders"]\n')})
    system.up()
    return system


def get(url: str, **options: Any) -> httpx.Response:
    return httpx.get(url, trust_env=False, timeout=20, **options)


def edge_url(system: Any) -> str:
    """Where cart reaches orders."""
    url: str = system.run("call", "cart", "GET", "/env").json["ORDERS_URL"]
    return url


def test_people_and_callers_reach_a_space(shop: Any) -> None:
    ps = shop.ps()
    gateway = ps["gateway"]
    assert gateway.keys() == {"state", "url", "pid", "restarts", "reason"}
    assert (gateway["state"], gateway["restarts"], gateway["reason"]) == ("ready", 0, None)
    assert {space["name"]: space["url"] for space in ps["spaces"]} == {
        "cart": f"{gateway['url']}/cart",
        "orders": f"{gateway['url']}/orders",
    }
    pids = {replica["pid"] for space in ps["spaces"] if space["name"] == "orders" for replica in space["replicas"]}
    for url in (f"{gateway['url']}/orders", edge_url(shop)):
        assert {get(f"{url}/pid").json()["pid"] for _ in range(8)} == pids
    assert f"gateway ● ready  {gateway['url']}" in shop.run("ps").out
    assert get(f"{gateway['url']}/nope").json()["spaces"] == ["cart", "orders"]
    assert shop.run("call", "orders", "POST", "/echo", '{"a": 1}').json == {"got": {"a": 1}}


def test_what_it_writes_is_private_and_it_listens_on_loopback_only(shop: Any) -> None:
    folder = shop.state / "run" / "gateway"
    found = [path for path in folder.rglob("*") if not path.is_dir()]
    assert {path.name for path in found} >= {"bootstrap.json", "listeners.json", "clusters.json", "admin.sock"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in found} == {0o600}
    gateway = psutil.Process(shop.ps()["gateway"]["pid"])
    listening = gateway.net_connections("inet")
    assert {each.laddr.ip for each in listening if each.status == psutil.CONN_LISTEN} == {"127.0.0.1"}
    soft, hard = gateway.rlimit(psutil.RLIMIT_NOFILE)
    assert soft == hard  # each connection is a file


@pytest.mark.timeout(300)
def test_a_restart_under_load_loses_no_request(shop: Any) -> None:
    urls = [shop.ps()["spaces"][1]["url"], edge_url(shop)]
    restarts = 0
    with Load(urls) as load:
        while load.count < REQUESTS or restarts < 3:
            assert shop.run("restart", "orders", within_s=60).code == 0
            restarts += 1
            assert not load.failures
    assert not load.failures
    assert load.count >= REQUESTS
    assert len(load.pids) >= 2 * restarts  # each restart brought two new ones, and they answered


@pytest.mark.timeout(300)
def test_scaling_under_load_loses_no_request(shop: Any) -> None:
    urls = [shop.ps()["spaces"][1]["url"], edge_url(shop)]
    numbers = itertools.cycle((4, 1, 3, 2))
    scaled = 0
    with Load(urls) as load:
        while load.count < REQUESTS or scaled < 4:
            assert shop.run("scale", f"orders={next(numbers)}", within_s=60).code == 0
            scaled += 1
            assert not load.failures
    assert not load.failures
    assert load.count >= REQUESTS
    assert len(load.pids) > 4  # those that came later answered too


@pytest.mark.timeout(300)
def test_a_killed_supervisor_and_the_next_one_lose_no_request(shop: Any, wait_for: Callable[..., Any]) -> None:
    urls = [shop.ps()["spaces"][1]["url"], edge_url(shop)]
    before = shop.ps()
    with Load(urls) as load:
        for _ in range(3):
            (supervisor,) = shop.supervisors()
            supervisor.kill()
            wait_for(lambda: not shop.supervisors(), "the supervisor gone")
            shop.up()
            count = load.count
            wait_for(lambda count=count: load.failures or load.count > count + 50, "requests that are answered")
    assert not load.failures
    after = shop.ps()
    assert (after["gateway"], after["bus"]["pid"]) == (before["gateway"], before["bus"]["pid"])
    assert load.pids == {each["pid"] for each in after["spaces"][1]["replicas"]}


def test_what_is_added_while_it_runs_is_reached_through_it(
    make_system: Any, serve: Callable[..., str], idle: Callable[..., str], wait_for: Callable[..., Any]
) -> None:
    """The first API of a system brings the gateway; calls that are declared later get an address of their own."""
    system = make_system({"clock": idle()})
    system.up()
    assert system.ps()["gateway"] is None
    system.write_space("orders", serve())
    system.up()
    url = system.ps()["gateway"]["url"]
    assert get(f"{url}/orders/pid").json()["pid"] == system.replica("orders.1")["pid"]

    system.write_space("cart", serve(more='[api]\ncalls = ["orders"]\n'))
    system.up()
    edge = get(f"{url}/cart/env").json()["ORDERS_URL"]
    wait_for(lambda: _status(f"{edge}/pid") == 200, "the new edge open")
    system.up()
    assert get(f"{url}/orders/pid").json()["pid"] == system.replica("orders.1")["pid"]


def _status(url: str) -> int | None:
    try:
        return get(url).status_code
    except httpx.TransportError:
        return None


def test_a_restart_that_fails_leaves_a_replica_that_answers(make_system: Any, run_program: Callable[..., str]) -> None:
    serve = json.loads(run_program("serve").removeprefix("command = "))
    command = json.dumps(["sh", "-c", f"test -e fine && exec {' '.join(serve)}"])
    system = make_system({"orders": f'[run]\ncommand = {command}\nreplicas = 2\n[restart]\npolicy = "never"\n'})
    fine = system.root / "spaces" / "orders" / "fine"
    fine.touch()
    system.up()
    url, before = system.ps()["spaces"][0]["url"], system.replica("orders.2")["pid"]
    fine.unlink()
    failed = system.run("restart", "orders")
    assert failed.code == 5
    assert "orders.1: failed: exited with code 1" in failed.err
    assert [system.replica(name)["state"] for name in ("orders.1", "orders.2")] == ["failed", "ready"]
    assert get(f"{url}/pid").json() == {"pid": before}


def test_what_is_in_hand_is_finished_before_a_space_is_told_to_end(make_system: Any, serve: Callable[..., str]) -> None:
    system = make_system({"orders": serve()})
    system.up()
    url = system.ps()["spaces"][0]["url"]
    client = system.start(program=(sys.executable, "-c", GET, f"{url}/slow"))
    system.wait_for_replica("orders.1", lambda _: "slow" in system.log("orders.1"))
    pid = system.replica("orders.1")["pid"]
    assert system.run("stop", "orders").code == 0
    out, _ = client.communicate(timeout=20)
    assert (client.returncode, json.loads(out)) == (0, {"pid": pid})
    answer = get(f"{url}/pid")
    assert answer.status_code == 503
    assert answer.json() == {"error": "orders is not ready", "space": "orders", "state": "stopped"}


def test_a_space_that_crashes_is_told_to_those_who_call_it(make_system: Any, serve: Callable[..., str]) -> None:
    system = make_system({"orders": serve(more='[restart]\nbackoff = "30s"\n')})
    system.up()
    url = system.ps()["spaces"][0]["url"]
    os.kill(system.replica("orders.1")["pid"], signal.SIGKILL)
    system.wait_for_replica("orders.1", lambda each: each["state"] == "backoff")
    answer = get(f"{url}/pid")
    assert (answer.status_code, answer.json()["state"]) == (503, "backoff")


def test_the_gateway_is_restarted_and_knows_everything_again(shop: Any, wait_for: Callable[..., Any]) -> None:
    url = shop.ps()["spaces"][1]["url"]
    before = shop.ps()["gateway"]
    os.kill(before["pid"], signal.SIGKILL)
    wait_for(lambda: shop.ps()["gateway"]["restarts"] == 1 and shop.ps()["gateway"]["state"] == "ready", "a new one")
    after = shop.ps()["gateway"]
    assert (after["url"], after["pid"] != before["pid"]) == (before["url"], True)
    assert get(f"{url}/pid").status_code == 200
    assert [replica["restarts"] for space in shop.ps()["spaces"] for replica in space["replicas"]] == [0, 0, 0]


def test_a_gateway_that_hangs_holds_up_no_stop(shop: Any) -> None:
    os.kill(shop.ps()["gateway"]["pid"], signal.SIGSTOP)
    assert shop.run("stop", "orders").code == 0
    os.kill(shop.ps()["gateway"]["pid"], signal.SIGCONT)


def test_a_port_that_is_taken(make_system: Any, serve: Callable[..., str], taken: int) -> None:
    system = make_system({"orders": serve()}, f"[gateway]\nport = {taken}\n")
    done = system.run("up", "--detach")
    assert done.code == 6
    assert f"error: gateway: port {taken} is in use by " in done.err
    assert f'(pid {os.getpid()})\n  hint: stop it, or set [gateway] port = "auto"\n' in done.err
    assert not system.here()


def test_a_system_that_serves_nothing_has_no_gateway(make_system: Any, idle: Callable[..., str]) -> None:
    system = make_system({"clock": idle()})
    system.up()
    assert system.ps()["gateway"] is None
    assert "gateway" not in system.run("ps").out
    assert not (system.state / "logs" / "gateway.log").exists()
