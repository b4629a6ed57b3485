"""What spaces run as where somebody asks for it, and what a container is given and told."""

from __future__ import annotations

from ipaddress import IPv4Interface, IPv4Network
from pathlib import Path
from typing import Any

import pytest

from spacectl.core.assemble import BUS, GATEWAY, assemble
from spacectl.core.environment import Given, container_environment
from spacectl.core.gateway.documents import documents
from spacectl.core.gateway.plan import plan_gateway, port_names
from spacectl.core.runtimes import running_as
from spacectl.model.container import pseudo_pid
from spacectl.model.gateway import BusWay, Edge
from spacectl.model.manifest import ContainerSection, SpaceManifest, SystemManifest
from spacectl.model.state import Process
from spacectl.model.system import Source, Space, System


def manifest(name: str, **sections: Any) -> SpaceManifest:
    run = {"command": ["x"], **sections.pop("run", {})}
    return SpaceManifest.model_validate({"space": {"name": name}, "run": run, **sections})


def system(*manifests: SpaceManifest) -> System:
    source = Source("space.toml", (), {})
    spaces = tuple(Space(each, Path("/shop") / each.space.name, source) for each in manifests)
    return System(SystemManifest.model_validate({"system": {"name": "shop"}}), Path("/shop"), source, spaces)


CALLS = {"api": {"serves": False, "calls": ["catalog"]}, "events": {"publishes": ["cart.full"]}}


@pytest.mark.parametrize("runtime", ["process", "container"])
def test_whoever_asks_wins_over_the_manifests(runtime: Any) -> None:
    there = ContainerSection(image="redis:8")
    shop = system(manifest("cart"), manifest("cache", run={"runtime": "container"}, container={"image": "redis:8"}))
    asked = running_as(shop, runtime)
    assert [each.manifest.run.runtime for each in asked.spaces] == [runtime, runtime]
    assert [each.manifest.container for each in asked.spaces] == [ContainerSection(build="."), there]
    assert running_as(shop, None) is shop


def test_a_container_gets_nothing_of_the_environment_of_whoever_runs_it() -> None:
    space = manifest("cart", run={"env": {"KEY": "$SECRET", "PORT_AGAIN": "$PORT"}})
    given = Given("shop", "m", 1, "/data", "nats://x", "_INBOX.cart", 80, inherited={"SECRET": "s", "PATH": "/bin"})
    env = container_environment(space, given)
    assert (env["KEY"], env["PORT_AGAIN"], env["DATA_DIR"]) == ("s", "80", "/data")
    assert not env.keys() & {"SECRET", "PATH"}


def test_a_container_reaches_bus_and_others_by_the_gateway() -> None:
    inside = manifest("cart", run={"runtime": "container"}, container={"image": "cart:1"}, **CALLS)
    shop = system(inside, manifest("catalog"))
    bridge, ports = IPv4Interface("172.18.0.1/16"), {"gateway": 8080, "cart>catalog": 9}
    plan = plan_gateway(shop, ports, bridge=bridge, bus=("127.0.0.1", 4222))
    assert plan is not None
    among = IPv4Network("172.18.0.0/16")
    assert plan.edges == (Edge("cart", "catalog", 9, "172.18.0.1", among),)
    assert plan.bus == BusWay("172.18.0.1", 4222, "127.0.0.1", 4222, among)
    files = documents(plan, ())
    addresses = [each["address"]["socket_address"] for each in files["listeners.json"]["resources"]]
    assert [(each["address"], each["port_value"]) for each in addresses] == [
        ("127.0.0.1", 8080), ("172.18.0.1", 9), ("172.18.0.1", 4222),
    ]  # fmt: skip
    matches = [each["filter_chains"][0].get("filter_chain_match") for each in files["listeners.json"]["resources"]]
    only = {"source_prefix_ranges": [{"address_prefix": "172.18.0.0", "prefix_len": 16}]}
    assert matches == [None, only, only]
    assert assemble(shop, embedded_bus=True).units["cart"].after == {BUS, GATEWAY}


def test_the_gateway_is_there_for_the_way_to_the_bus_alone() -> None:
    quiet = {"api": {"serves": False}, "events": {"publishes": ["clock.tick"]}}
    assert port_names(system(manifest("clock", **quiet))) == []
    inside = manifest("clock", run={"runtime": "container"}, container={"image": "clock:1"}, **quiet)
    assert port_names(system(inside)) == ["gateway"]
    assert GATEWAY in assemble(system(inside), embedded_bus=True).units


def test_a_container_is_told_by_its_name() -> None:
    name = "shop-cart.1-0000abc"
    assert pseudo_pid(name) == -2 - 0xABC
    container = Process(pseudo_pid(name), 0, name)
    assert (container.is_container, container.told) == (True, f"container {name}")
    assert Process(12, 5).told == "pid 12"
