"""The files that Envoy reads: one for the start, then two that it watches.

What they hold are resources of Envoy's xDS API v3 as JSON, delivered by files:
https://www.envoyproxy.io/docs/envoy/latest/configuration/overview/xds_api

Listeners with their routes stay as they are. What changes while the system runs is all in one file, the clusters: Envoy
takes one of the kernel's inotify instances for each file that it watches, and a user has no more than 128 of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from spacectl.core.gateway.clusters import bus_cluster, cluster
from spacectl.core.gateway.listeners import bus_listener, edge_listener, front_listener
from spacectl.model.gateway import Backend, Document, GatewayPlan

BOOTSTRAP = "bootstrap.json"
ADMIN_SOCKET = "admin.sock"
_LISTENERS = "listeners.json"
_CLUSTERS = "clusters.json"
_OWNER_ONLY = 0o600
_CONNECTIONS = "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig"
_MOST_CONNECTIONS = 1_000_000


def documents(plan: GatewayPlan, spaces: Iterable[Backend]) -> Mapping[str, Document]:
    """Every file by its path below the folder that the engine runs in, in the order in which to write them.

    What is pointed at comes before what points at it.
    """
    listeners = [front_listener(plan), *(edge_listener(edge) for edge in plan.edges)]
    if plan.bus is not None:
        listeners.append(bus_listener(plan.bus))
    return {**live_documents(spaces), _LISTENERS: _resources(listeners), BOOTSTRAP: bootstrap(plan)}


def live_documents(spaces: Iterable[Backend]) -> Mapping[str, Document]:
    """The file that follows the states of replicas."""
    return {_CLUSTERS: _resources(cluster(each) for each in spaces)}


def bootstrap(plan: GatewayPlan) -> Document:
    """The file for the start: where everything else is, and a private socket for questions."""
    static = {} if plan.bus is None else {"static_resources": {"clusters": [bus_cluster(plan.bus)]}}
    return {
        **static,
        "node": {"id": plan.system, "cluster": "spacectl"},
        "admin": {"address": {"pipe": {"path": ADMIN_SOCKET, "mode": _OWNER_ONLY}}},
        "dynamic_resources": {"lds_config": _from_file(_LISTENERS), "cds_config": _from_file(_CLUSTERS)},
        "overload_manager": {"resource_monitors": [_connections()]},
    }


def _connections() -> Document:
    """Any number of connections: the engine warns at each start where no number is given."""
    return {
        "name": "envoy.resource_monitors.global_downstream_max_connections",
        "typed_config": {
            "@type": f"type.googleapis.com/{_CONNECTIONS}",
            "max_active_downstream_connections": _MOST_CONNECTIONS,
        },
    }


def _from_file(path: str) -> Document:
    """A source of configuration: the file, read again whenever another one is moved into its place."""
    return {"resource_api_version": "V3", "path_config_source": {"path": f"./{path}"}}


def _resources(resources: Iterable[Document]) -> Document:
    return {"resources": list(resources)}
