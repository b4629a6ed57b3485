"""The gateway beside an Envoy with the least configuration that does the same: requests to one replica behind it."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from spacectl.adapters.envoy.files import ConfigFolder
from spacectl.adapters.envoy.program import command_line, find_envoy
from spacectl.core.gateway.documents import BOOTSTRAP, documents
from spacectl.model.gateway import Backend, Edge, Endpoint, GatewayPlan

_CONNECTIONS = 32
_MANAGER = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
_READY_WITHIN_S = 10.0


@dataclass(frozen=True)
class Way:
    """An Envoy that leads to the replica: its port and its process."""

    port: int
    pid: int


@dataclass(frozen=True)
class Cost:
    """What a request took, in microseconds: of the clock, and of the processor as far as this Envoy used it."""

    wall_us: float
    cpu_us: float


@contextmanager
def running(folder: Path) -> Iterator[tuple[Way, Way]]:
    """A replica that answers at once, and two ways to it: through the gateway, and through one set up by hand."""
    replica, front, edge, plain = _free_ports(4)
    plan = GatewayPlan("bench", front, ("orders",), (Edge("cart", "orders", edge),))
    behind = (Backend("orders", "ready", (Endpoint(replica),)),)
    with ExitStack() as stack:
        _write(folder / "replica", _static(replica, {"direct_response": {"status": 200, "body": _BODY}}))
        _write(folder / "plain", _static(plain, {"route": {"cluster": "orders"}}, to=replica))
        ConfigFolder(folder / "ours").write(documents(plan, behind))
        stack.enter_context(_envoy(folder / "replica", replica))
        ways = [stack.enter_context(_envoy(folder / name, port)) for name, port in (("ours", edge), ("plain", plain))]
        yield ways[0], ways[1]


def cost(way: Way, seconds: float) -> Cost:
    """What a request costs while 32 connections are kept busy for so long."""
    process = psutil.Process(way.pid)
    before = process.cpu_times()
    told = _load(way.port, seconds)
    after = process.cpu_times()
    if "Non-2xx" in told or "Socket errors" in told:
        raise RuntimeError(told)
    used_s = after.user + after.system - before.user - before.system
    return Cost(1e6 / _number(r"Requests/sec:\s+([0-9.]+)", told), used_s * 1e6 / _number(r"(\d+) requests in", told))


def _load(port: int, seconds: float) -> str:
    wrk = shutil.which("wrk")
    if wrk is None:
        words = [sys.executable, str(Path(__file__).with_name("load.py")), str(port), str(_CONNECTIONS), str(seconds)]
    else:
        url = f"http://127.0.0.1:{port}/some/path?q=1"
        words = [wrk, "--threads=1", f"--connections={_CONNECTIONS}", f"--duration={seconds:.0f}s", url]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def _number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(text)
    return float(found[1])


_BODY = {"inline_string": json.dumps({"order_id": "5644826f-a4ff-5624-9b54-0da886da7c6b", "status": "confirmed"})}


def _static(port: int, action: dict[str, Any], *, to: int | None = None) -> dict[str, Any]:
    """The least that an Envoy needs to answer, or to hand on."""
    manager = {
        "@type": _MANAGER,
        "stat_prefix": "plain",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [_routed(action)]}]},
        "http_filters": [{"name": "router", "typed_config": {"@type": _ROUTER}}],
    }
    chain = {"filters": [{"name": "http", "typed_config": manager}]}
    listener = {"name": "plain", "address": _address(port), "filter_chains": [chain]}
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": _address(to)}}]}] if to is not None else []
    cluster = {"name": "orders", "load_assignment": {"cluster_name": "orders", "endpoints": endpoints}}
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}


def _routed(action: dict[str, Any]) -> dict[str, Any]:
    return {"match": {"prefix": "/"}, **action}


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _write(folder: Path, bootstrap: dict[str, Any]) -> None:
    folder.mkdir()
    (folder / BOOTSTRAP).write_text(json.dumps(bootstrap), encoding="utf-8")


@contextmanager
def _envoy(folder: Path, port: int) -> Iterator[Way]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command_line(find_envoy(), BOOTSTRAP), cwd=folder, stderr=log)
    try:
        deadline = time.monotonic() + _READY_WITHIN_S
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((folder / "log").read_text(encoding="utf-8"))
            time.sleep(0.02)
        yield Way(port, process.pid)
    finally:
        process.kill()
        process.wait()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        held = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in held]
