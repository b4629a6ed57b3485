"""Clusters: how requests are spread over the replicas of a space, and when one of them is passed over.

https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/cluster/v3/cluster.proto
"""

from __future__ import annotations

from spacectl.core.environment import HOST
from spacectl.model.gateway import Backend, BusWay, Document

_CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"

_NO_LIMIT = 1_000_000
"""Of connections, requests and retries at a time: the engine's own limits of 1,024, and of 3 retries, would refuse what
the space can do."""

_IDLE_S = "1s"
"""A connection that is idle for this long is closed, before the space closes it just when the next request is sent:
gunicorn waits for two seconds, uvicorn and Node for five."""

_TIMEOUT_S = "5s"


BUS_WAY = "bus~"
"""The name of the way to the bus in the engine; `~` is in no name of a space."""

METADATA = "spacectl"
"""Under this name a cluster carries the state of its space."""


def cluster(backend: Backend) -> Document:
    """The replicas of a space that get requests now."""
    endpoints = [{"endpoint": {"address": _address(port)}} for port in backend.ports]
    return {
        "@type": _CLUSTER,
        "name": backend.space,
        "type": "STATIC",
        "load_assignment": {"cluster_name": backend.space, "endpoints": [{"lb_endpoints": endpoints}]},
        "metadata": {"filter_metadata": {METADATA: {"state": backend.state}}},
        "connect_timeout": _TIMEOUT_S,
        "lb_policy": "ROUND_ROBIN",
        # Below a share of replicas that are well the engine would pick among all of them.
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        "circuit_breakers": {"thresholds": [_thresholds()]},
        "outlier_detection": _outlier_detection(),
        "typed_extension_protocol_options": {
            _HTTP_OPTIONS: {
                "@type": f"type.googleapis.com/{_HTTP_OPTIONS}",
                "common_http_protocol_options": {"idle_timeout": _IDLE_S},
                # As it came: a request in HTTP/2 (gRPC) goes on in HTTP/2, one in HTTP/1.1 in HTTP/1.1.
                "use_downstream_protocol_config": {"http_protocol_options": {}, "http2_protocol_options": {}},
            }
        },
    }


def bus_cluster(way: BusWay) -> Document:
    """The bus, as containers reach it."""
    endpoint = {"endpoint": {"address": _address(way.bus_port, way.bus_host)}}
    return {
        "name": BUS_WAY,
        "type": "STATIC",
        "load_assignment": {"cluster_name": BUS_WAY, "endpoints": [{"lb_endpoints": [endpoint]}]},
        "connect_timeout": _TIMEOUT_S,
        "circuit_breakers": {"thresholds": [_thresholds()]},
    }


def _address(port: int, host: str = HOST) -> Document:
    return {"socket_address": {"address": host, "port_value": port}}


def _thresholds() -> Document:
    limits = ("max_connections", "max_pending_requests", "max_requests", "max_retries")
    return {"priority": "DEFAULT", **dict.fromkeys(limits, _NO_LIMIT)}


def _outlier_detection() -> Document:
    """Pass over a replica whose connections fail, for a moment, as long as most others are well.

    An answer of the space, whatever its status, is the space's own affair.
    """
    return {
        "split_external_local_origin_errors": True,
        "consecutive_local_origin_failure": 5,
        "enforcing_consecutive_local_origin_failure": 100,
        "enforcing_local_origin_success_rate": 0,
        "enforcing_consecutive_5xx": 0,
        "enforcing_consecutive_gateway_failure": 0,
        "enforcing_success_rate": 0,
        "interval": "1s",
        "base_ejection_time": "1s",
        "max_ejection_time": "5s",
        "max_ejection_percent": 50,
        "always_eject_one_host": False,
    }
