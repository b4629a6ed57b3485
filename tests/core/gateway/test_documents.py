"""The files of the engine; that it understands them and does as they say is tested with the engine itself."""

from __future__ import annotations

import json
from typing import Any

from spacectl.core.gateway.documents import ADMIN_SOCKET, BOOTSTRAP, documents
from spacectl.core.gateway.listeners import names_of
from spacectl.model.gateway import Backend, Edge, GatewayPlan

PLAN = GatewayPlan("shop", 8080, ("cart", "catalog"), (Edge("cart", "catalog", 20001), Edge("seed", "catalog", 20002)))
READY = Backend("catalog", "ready", (21, 22))
AWAY = Backend("cart", "backoff")
FILES: Any = documents(PLAN, (AWAY, READY))


def resources(name: str) -> list[Any]:
    found: list[Any] = FILES[name]["resources"]
    return found


def manager(listener: Any) -> Any:
    return listener["filter_chains"][0]["filters"][0]["typed_config"]


def test_what_is_pointed_at_comes_before_what_points_at_it() -> None:
    assert list(FILES) == ["clusters.json", "listeners.json", BOOTSTRAP]


def test_all_of_it_is_plain_json() -> None:
    assert json.loads(json.dumps(FILES)) == FILES


def test_the_names_that_statistics_are_found_by() -> None:
    listeners = resources("listeners.json")
    assert [manager(each)["stat_prefix"] for each in listeners] == ["front", "edge~cart~catalog", "edge~seed~catalog"]
    assert {each["name"] for each in listeners} == names_of(PLAN)
    assert [each["name"] for each in resources("clusters.json")] == ["cart", "catalog"]
    (host,) = manager(listeners[0])["route_config"]["virtual_hosts"]
    assert host["name"] == "front"
    assert [route.get("stat_prefix") for route in host["routes"]] == ["cart", "cart", "catalog", "catalog", None]


def test_everything_is_on_loopback_and_the_admin_is_a_private_socket() -> None:
    for listener in resources("listeners.json"):
        assert listener["address"]["socket_address"]["address"] == "127.0.0.1"
    assert FILES[BOOTSTRAP]["admin"]["address"] == {"pipe": {"path": ADMIN_SOCKET, "mode": 0o600}}


def test_a_cluster_has_the_replicas_that_get_requests_and_the_state_of_its_space() -> None:
    cart, catalog = resources("clusters.json")
    assert cart["load_assignment"]["endpoints"] == [{"lb_endpoints": []}]
    assert cart["metadata"]["filter_metadata"] == {"spacectl": {"state": "backoff"}}
    (group,) = catalog["load_assignment"]["endpoints"]
    addresses = [each["endpoint"]["address"]["socket_address"] for each in group["lb_endpoints"]]
    assert addresses == [{"address": "127.0.0.1", "port_value": port} for port in (21, 22)]
