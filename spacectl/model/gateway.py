"""The gateway as values: who calls whom at which port, and which replicas answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Document = Mapping[str, Any]
"""A configuration file of the engine as plain JSON values."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A declared call: this caller reaches this callee at a port of its own."""

    caller: str
    callee: str
    port: int


@dataclass(frozen=True, slots=True)
class GatewayPlan:
    """What the gateway is to open.

    Attributes:
        port: of the front door.
        spaces: every space that serves an API, in order of name.
        edges: every declared call between spaces.
    """

    system: str
    port: int
    spaces: tuple[str, ...]
    edges: tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a replica answers. `draining`: it finishes what it has, and gets nothing new."""

    port: int
    draining: bool = False


@dataclass(frozen=True, slots=True)
class Backend:
    """A space behind the gateway.

    Attributes:
        state: in one word, for those who call it while no replica is ready.
        endpoints: its replicas that get requests, and those that finish theirs.
    """

    space: str
    state: str
    endpoints: tuple[Endpoint, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether a request can be answered now."""
        return any(not endpoint.draining for endpoint in self.endpoints)
