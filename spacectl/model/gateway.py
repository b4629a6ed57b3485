"""The gateway as values: who calls whom at which port, and which replicas answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

Document = Mapping[str, Any]
"""A configuration file of the engine as plain JSON values."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A declared call: this caller reaches this callee at a port of its own.

    Attributes:
        host: the address of this machine that it listens on.
        among: the addresses from which it is reached, as a network; None for all that have a way to the host.
    """

    caller: str
    callee: str
    port: int
    host: str = "127.0.0.1"
    among: IPv4Network | None = None


@dataclass(frozen=True, slots=True)
class BusWay:
    """The way to the bus for containers, which do not reach what listens on loopback.

    Attributes:
        host, port: where they find it.
        bus_host, bus_port: where it is.
        among: the network that they are in; nobody else gets through.
    """

    host: str
    port: int
    bus_host: str
    bus_port: int
    among: IPv4Network


@dataclass(frozen=True, slots=True)
class GatewayPlan:
    """What the gateway is to open.

    Attributes:
        port: of the front door.
        spaces: every space that serves an API, in order of name.
        edges: every declared call between spaces.
        bus: the way to the bus for containers; None where there is none.
    """

    system: str
    port: int
    spaces: tuple[str, ...]
    edges: tuple[Edge, ...]
    bus: BusWay | None = None


@dataclass(frozen=True, slots=True)
class Backend:
    """A space behind the gateway.

    Attributes:
        state: in one word, for those who call it while no replica is ready.
        ports: of the replicas that get requests.
    """

    space: str
    state: str
    ports: tuple[int, ...] = ()
