"""The files of the engine; that it understands them and does as they say is tested with the engine itself."""

from __future__ import annotations

import json
from typing import Any

from spacectl.core.gateway.documents import ADMIN_SOCKET, BOOTSTRAP, documents, live_documents
from spacectl.core.gateway.listeners import names_of
from spacectl.model.gateway import Backend, Edge, Endpoint, GatewayPlan

PLAN = GatewayPlan("shop", 8080, ("cart", "catalog"), (Edge("cart", "catalog", 20001), Edge("seed", "catalog", 20002)))
READY = Backend("catalog", "ready", (Endpoint(21), Endpoint(22, draining=True)))
AWAY = Backend("cart", "backoff")
FILES: Any = documents(PLAN, (AWAY, READY))


def resources(name: str) -> list[Any]:
    found: list[Any] = FILES[name]["resources"]
    return found


def manager(listener: Any) -> Any:
    return listener["filter_chains"][0]["filters"][0]["typed_config"]


def test_what_is_pointed_at_comes_before_what_points_at_it() -> None:
    assert list(FILES) == [
        "endpoints/cart.json", "endpoints/catalog.json", "routes/cart.json", "routes/catalog.json",
        "routes/~front.json", "clusters.json", "listeners.json", BOOTSTRAP,
    ]  # fmt: skip


def test_all_of_it_is_plain_json() -> None:
    assert json.loads(json.dumps(FILES)) == FILES


def test_the_names_that_statistics_are_found_by() -> None:
    listeners = resources("listeners.json")
    assert [manager(each)["stat_prefix"] for each in listeners] == ["front", "edge~cart~catalog", "edge~seed~catalog"]
    assert {each["name"] for each in listeners} == names_of(PLAN)
    assert [each["name"] for each in resources("clusters.json")] == ["cart", "catalog"]
    assert resources("endpoints/catalog.json")[0]["cluster_name"] == "catalog"
    (host,) = resources("routes/~front.json")[0]["virtual_hosts"]
    assert host["name"] == "front"
    prefixes = [route.get("stat_prefix") for route in host["routes"]]
    assert prefixes == ["cart", "cart", "catalog", "catalog", None]


def test_everything_is_on_loopback_and_the_admin_is_a_private_socket() -> None:
    for listener in resources("listeners.json"):
        assert listener["address"]["socket_address"]["address"] == "127.0.0.1"
    assert FILES[BOOTSTRAP]["admin"]["address"] == {"pipe": {"path": ADMIN_SOCKET, "mode": 0o600}}


def test_who_is_draining_is_not_picked() -> None:
    (group,) = resources("endpoints/catalog.json")[0]["endpoints"]
    states = [each["health_status"] for each in group["lb_endpoints"]]
    assert states == ["HEALTHY", "DRAINING"]


def test_a_space_without_a_ready_replica_says_so() -> None:
    (route,) = resources("routes/cart.json")[0]["virtual_hosts"][0]["routes"]
    assert route["direct_response"]["status"] == 503
    body = json.loads(route["direct_response"]["body"]["inline_string"])
    assert body == {"error": "cart is not ready", "space": "cart", "state": "backoff"}


def test_only_what_changed_is_written_again() -> None:
    before = (AWAY, READY)
    assert live_documents(before, before) == {}
    now = (Backend("cart", "ready", (Endpoint(11),)), READY)
    assert list(live_documents(now, before)) == ["endpoints/cart.json", "routes/cart.json", "routes/~front.json"]
