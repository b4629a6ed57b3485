"""Listeners: the ports that callers connect to, and how what comes in is understood.

https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto
"""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any

from spacectl.core.environment import HOST
from spacectl.core.gateway.clusters import BUS_WAY, METADATA
from spacectl.core.gateway.routes import edge_routes, front_routes
from spacectl.model.gateway import BusWay, Document, Edge, GatewayPlan

FRONT = "front"
"""The name of the front door, in the engine's statistics too; those of edges hold a `~`."""

_LISTENER = "type.googleapis.com/envoy.config.listener.v3.Listener"
_MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_TCP_PROXY = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"
_ROUTER = "envoy.extensions.filters.http.router.v3.Router"


def front_listener(plan: GatewayPlan) -> Document:
    """The front door, for people and checks."""
    return _listener(FRONT, plan.port, front_routes(plan.spaces))


def edge_listener(edge: Edge) -> Document:
    """Where one caller reaches one callee: whoever comes in here is that caller."""
    name = edge_stats(edge.caller, edge.callee)
    return _listener(name, edge.port, edge_routes(edge.callee), edge.host, edge.among)


def bus_listener(way: BusWay) -> Document:
    """Where containers reach the bus: bytes go through as they are."""
    proxy = {
        "@type": f"type.googleapis.com/{_TCP_PROXY}",
        "stat_prefix": BUS_WAY,
        "cluster": BUS_WAY,
        "idle_timeout": "0s",
    }
    return {
        "@type": _LISTENER,
        "name": BUS_WAY,
        **_place(way.host, way.port, way.among),
        "filter_chains": [{**_only(way.among), "filters": [{"name": _TCP_PROXY, "typed_config": proxy}]}],
    }


def edge_stats(caller: str, callee: str) -> str:
    """The name of an edge in the engine's statistics; `~` is in no name of a space."""
    return f"edge~{caller}~{callee}"


def names_of(plan: GatewayPlan) -> frozenset[str]:
    """The names of all listeners."""
    to_bus = set() if plan.bus is None else {BUS_WAY}
    return frozenset({FRONT, *to_bus, *(edge_stats(edge.caller, edge.callee) for edge in plan.edges)})


def _place(host: str, port: int, among: IPv4Network | None) -> Document:
    """Where it listens; at a bridge before it is there, too: some engines make one with the first container in it."""
    place: dict[str, Any] = {"address": {"socket_address": {"address": host, "port_value": port}}}
    return place if among is None else place | {"freebind": True}


def _only(among: IPv4Network | None) -> Document:
    """Lets nobody else in: a connection that matches no chain is closed at once.

    Who has a route to the address of a bridge reaches it from other machines too.
    https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/listener/v3/listener_components.proto
    """
    if among is None:
        return {}
    prefix = {"address_prefix": str(among.network_address), "prefix_len": among.prefixlen}
    return {"filter_chain_match": {"source_prefix_ranges": [prefix]}}


def _listener(name: str, port: int, routes: Document, host: str = HOST, among: IPv4Network | None = None) -> Document:
    return {
        "@type": _LISTENER,
        "name": name,
        **_place(host, port, among),
        "filter_chains": [{**_only(among), "filters": [{"name": _MANAGER, "typed_config": _manager(name, routes)}]}],
    }


def _manager(stats: str, routes: Document) -> Document:
    return {
        "@type": f"type.googleapis.com/{_MANAGER}",
        "stat_prefix": stats,
        "codec_type": "AUTO",
        "route_config": routes,
        "http_filters": [
            {
                "name": _ROUTER,
                "typed_config": {"@type": f"type.googleapis.com/{_ROUTER}", "suppress_envoy_headers": True},
            }
        ],
        "http_protocol_options": {"accept_http_10": True, "default_host_for_http_10": HOST},
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        # A caller that is gone has closed its connection: on one machine nothing is lost on the way.
        "stream_idle_timeout": "0s",
        "server_header_transformation": "PASS_THROUGH",
        # One that a caller sends goes on as it is; to make one up for each request is no business of ours.
        "generate_request_id": False,
        "local_reply_config": {"mappers": [_not_ready(), _unreachable()]},
    }


def _not_ready() -> Document:
    """What is said for a space without a ready replica (no healthy upstream).

    The flags: https://www.envoyproxy.io/docs/envoy/latest/configuration/advanced/substitution_formatter
    """
    return _reply(["UH"], {
        "error": "%UPSTREAM_CLUSTER% is not ready",
        "space": "%UPSTREAM_CLUSTER%",
        "state": f"%METADATA(CLUSTER:{METADATA}:state)%",
    })  # fmt: skip


def _unreachable() -> Document:
    """What is said for a space that was ready a moment ago: connection failed or cut, reset, too many."""
    return _reply(["UF", "UC", "UR", "UO"], {"error": "%LOCAL_REPLY_BODY%", "space": "%UPSTREAM_CLUSTER%"})


def _reply(flags: list[str], body: Document) -> Document:
    return {
        "filter": {"response_flag_filter": {"flags": flags}},
        "body_format_override": {"json_format": body, "content_type": "application/json"},
    }
