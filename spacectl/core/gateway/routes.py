"""Routes: which path goes to which space.

https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from spacectl.model.gateway import Document

_NOT_FOUND = 404
_LONGEST_BODY = 1024**2

_RETRY = {
    # Nothing was sent yet: what a space has seen of a request is never sent again.
    "retry_on": "connect-failure,refused-stream,reset-before-request",
    "num_retries": 4,
    "retry_host_predicate": [
        {
            "name": "envoy.retry_host_predicates.previous_hosts",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
            },
        }
    ],
    "host_selection_retry_max_attempts": 5,
    "retry_back_off": {"base_interval": "0.010s", "max_interval": "0.100s"},
}


def edge_routes(callee: str) -> Document:
    """The routes of a listener that leads to this space."""
    return _configuration(callee, [{"match": {"prefix": "/"}, "route": _way(callee)}])


def front_routes(spaces: Iterable[str]) -> Document:
    """The routes of the front door: a space below its name, which the space itself does not see."""
    names = tuple(spaces)
    routes = [route for name in names for route in _front_routes_of(name)]
    return _configuration("front", [*routes, _nothing_there(names)])


def _front_routes_of(space: str) -> list[Document]:
    way = {**_way(space), "prefix_rewrite": "/"}
    matches = ({"prefix": f"/{space}/"}, {"path": f"/{space}"})
    return [{"stat_prefix": space, "match": match, "route": way} for match in matches]


def _way(space: str) -> Document:
    # A stream may take as long as it likes.
    return {"cluster": space, "timeout": "0s", "retry_policy": _RETRY}


def _nothing_there(spaces: tuple[str, ...]) -> Document:
    body = {"error": "no space answers at this path", "spaces": list(spaces)}
    return {
        "match": {"prefix": "/"},
        "direct_response": {"status": _NOT_FOUND, "body": {"inline_string": json.dumps(body) + "\n"}},
        "response_headers_to_add": [
            {
                "header": {"key": "content-type", "value": "application/json"},
                "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
            }
        ],
    }


def _configuration(name: str, routes: list[Document]) -> Document:
    return {
        "name": name,
        "virtual_hosts": [{"name": name, "domains": ["*"], "routes": routes}],
        "max_direct_response_body_size_bytes": _LONGEST_BODY,
    }
