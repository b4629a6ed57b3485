"""Routes: which path goes to which space, and what is said while nobody there can answer.

https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from spacectl.model.gateway import Backend, Document

FRONT = "~front"
"""The routes of the front door; no space can have this name."""

_ROUTES = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"
_UNAVAILABLE = 503
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


def edge_routes(backend: Backend) -> Document:
    """The routes of every listener that leads to this space."""
    return _configuration(backend.space, backend.space, [_route(backend, {"prefix": "/"})])


def front_routes(behind: Iterable[Backend]) -> Document:
    """The routes of the front door: a space below its name, which the space itself does not see."""
    spaces = tuple(behind)
    routes = [route for each in spaces for route in _front_routes_of(each)]
    return _configuration(FRONT, "front", [*routes, _nothing_there(spaces)])


def _front_routes_of(backend: Backend) -> list[Document]:
    matches = ({"prefix": f"/{backend.space}/"}, {"path": f"/{backend.space}"})
    return [{"stat_prefix": backend.space, **_route(backend, match, rewrite="/")} for match in matches]


def _route(backend: Backend, match: Document, *, rewrite: str | None = None) -> Document:
    if not backend.is_open:
        text = f"{backend.space} is not ready"
        body = {"error": text, "space": backend.space, "state": backend.state}
        return {"match": match, **_answer(_UNAVAILABLE, body)}
    prefix = {} if rewrite is None else {"prefix_rewrite": rewrite}
    # A stream may take as long as it likes.
    way = {"cluster": backend.space, "timeout": "0s", "retry_policy": _RETRY}
    return {"match": match, "route": way | prefix}


def _nothing_there(spaces: Iterable[Backend]) -> Document:
    body = {"error": "no space answers at this path", "spaces": [each.space for each in spaces]}
    return {"match": {"prefix": "/"}, **_answer(_NOT_FOUND, body)}


def _answer(status: int, body: Document) -> Document:
    return {
        "direct_response": {"status": status, "body": {"inline_string": json.dumps(body) + "\n"}},
        "response_headers_to_add": [
            {
                "header": {"key": "content-type", "value": "application/json"},
                "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
            }
        ],
    }


def _configuration(name: str, host: str, routes: list[Document]) -> Document:
    return {
        "@type": _ROUTES,
        "name": name,
        "virtual_hosts": [{"name": host, "domains": ["*"], "routes": routes}],
        "max_direct_response_body_size_bytes": _LONGEST_BODY,
    }
