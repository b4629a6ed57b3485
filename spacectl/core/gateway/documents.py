"""The files that Envoy reads: one for the start, then those it watches.

All of them are resources of Envoy's xDS API v3 as JSON, delivered by files:
https://www.envoyproxy.io/docs/envoy/latest/configuration/overview/xds_api

A file of routes or endpoints may hold one resource only, so that each space has its own of both. What changes while the
system runs are these two: whoever is connected stays connected.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from spacectl.core.gateway.clusters import cluster, load_assignment
from spacectl.core.gateway.files import endpoints_file, from_file, resources, routes_file
from spacectl.core.gateway.listeners import edge_listener, front_listener
from spacectl.core.gateway.routes import FRONT, edge_routes, front_routes
from spacectl.model.gateway import Backend, Document, GatewayPlan

BOOTSTRAP = "bootstrap.json"
ADMIN_SOCKET = "admin.sock"
_LISTENERS = "listeners.json"
_CLUSTERS = "clusters.json"
_OWNER_ONLY = 0o600
_CONNECTIONS = "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig"
_MOST_CONNECTIONS = 1_000_000


def documents(plan: GatewayPlan, behind: Iterable[Backend]) -> Mapping[str, Document]:
    """Every file by its path below the folder that the engine runs in, in the order in which to write them.

    What is pointed at comes before what points at it.
    """
    spaces = tuple(behind)
    files = live_documents(spaces)
    files[_CLUSTERS] = resources(cluster(each.space) for each in spaces)
    listeners = [front_listener(plan), *(edge_listener(edge) for edge in plan.edges)]
    files[_LISTENERS] = resources(listeners)
    files[BOOTSTRAP] = bootstrap(plan)
    return files


def live_documents(spaces: Iterable[Backend], before: Iterable[Backend] = ()) -> dict[str, Document]:
    """The files that follow the states of replicas: of those spaces that are not as they were before.

    Endpoints come before routes: a route that is opened finds the replica.
    """
    behind = tuple(spaces)
    known = set(before)
    changed = [each for each in behind if each not in known]
    files: dict[str, Document] = {endpoints_file(each.space): resources([load_assignment(each)]) for each in changed}
    files |= {routes_file(each.space): resources([edge_routes(each)]) for each in changed}
    if changed or not behind:
        files[routes_file(FRONT)] = resources([front_routes(behind)])
    return files


def bootstrap(plan: GatewayPlan) -> Document:
    """The file for the start: where everything else is, and a private socket for questions."""
    return {
        "node": {"id": plan.system, "cluster": "spacectl"},
        "admin": {"address": {"pipe": {"path": ADMIN_SOCKET, "mode": _OWNER_ONLY}}},
        "dynamic_resources": {"lds_config": from_file(_LISTENERS), "cds_config": from_file(_CLUSTERS)},
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
