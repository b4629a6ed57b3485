"""Listeners: the ports that callers connect to, and how what comes in is understood.

https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto
"""

from __future__ import annotations

from spacectl.core.environment import HOST
from spacectl.core.gateway.files import from_file, routes_file
from spacectl.core.gateway.routes import FRONT
from spacectl.model.gateway import Document, Edge, GatewayPlan

FRONT_STATS = "front"
_LISTENER = "type.googleapis.com/envoy.config.listener.v3.Listener"
_MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ROUTER = "envoy.extensions.filters.http.router.v3.Router"


def front_listener(plan: GatewayPlan) -> Document:
    """The front door, for people and checks."""
    return _listener(FRONT, plan.port, FRONT_STATS, FRONT)


def edge_listener(edge: Edge) -> Document:
    """Where one caller reaches one callee: whoever comes in here is that caller."""
    stats = edge_stats(edge.caller, edge.callee)
    return _listener(stats, edge.port, stats, edge.callee)


def edge_stats(caller: str, callee: str) -> str:
    """The name of an edge in the engine's statistics; `~` is in no name of a space."""
    return f"edge~{caller}~{callee}"


def names_of(plan: GatewayPlan) -> frozenset[str]:
    """The names of all listeners."""
    return frozenset({FRONT, *(edge_stats(edge.caller, edge.callee) for edge in plan.edges)})


def _listener(name: str, port: int, stats: str, routes: str) -> Document:
    return {
        "@type": _LISTENER,
        "name": name,
        "address": {"socket_address": {"address": HOST, "port_value": port}},
        "filter_chains": [{"filters": [{"name": _MANAGER, "typed_config": _manager(stats, routes)}]}],
    }


def _manager(stats: str, routes: str) -> Document:
    return {
        "@type": f"type.googleapis.com/{_MANAGER}",
        "stat_prefix": stats,
        "codec_type": "AUTO",
        "rds": {"route_config_name": routes, "config_source": from_file(routes_file(routes))},
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
        "local_reply_config": {"mappers": [_unreachable()]},
    }


def _unreachable() -> Document:
    """What is said in place of a space that was ready a moment ago and cannot be reached.

    The flags: no healthy upstream, connection failure, connection termination, reset by the space, overflow:
    https://www.envoyproxy.io/docs/envoy/latest/configuration/advanced/substitution_formatter
    """
    return {
        "filter": {"response_flag_filter": {"flags": ["UH", "UF", "UC", "UR", "UO"]}},
        "body_format_override": {
            "json_format": {"error": "%LOCAL_REPLY_BODY%", "space": "%UPSTREAM_CLUSTER%"},
            "content_type": "application/json",
        },
    }
