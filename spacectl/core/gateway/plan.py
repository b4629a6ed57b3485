"""What the gateway opens, and what stands behind it now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Interface
from itertools import compress
from operator import is_not

from spacectl.core.assemble import GATEWAY, in_containers, needs_gateway, serving
from spacectl.core.environment import HOST
from spacectl.model.gateway import Backend, BusWay, Edge, GatewayPlan
from spacectl.model.phase import Phase
from spacectl.model.state import State, Unit
from spacectl.model.system import System


def port_names(system: System) -> list[str]:
    """Under which names the gateway's ports are kept: the front door, then one for each declared call."""
    if not needs_gateway(system):
        return []
    return [GATEWAY, *(edge_name(caller, callee) for caller, callee in _calls(system))]


def edge_name(caller: str, callee: str) -> str:
    """The name of a declared call among the ports: `cart>catalog`."""
    return f"{caller}>{callee}"


def is_edge(name: str) -> bool:
    """Whether a port of this name is that of a declared call."""
    return ">" in name


def plan_gateway(
    system: System, ports: Mapping[str, int], *, bridge: IPv4Interface | None = None, bus: tuple[str, int] | None = None
) -> GatewayPlan | None:
    """What the gateway is to open; None for a system that serves nothing.

    Args:
        system: as it is written.
        ports: by engine and declared call.
        bridge: this machine's address in the network of the system's containers, and that network; None where it has
            none.
        bus: host and port of the bus, where containers reach it only through the gateway.
    """
    if not needs_gateway(system):
        return None
    inside = frozenset() if bridge is None else frozenset(in_containers(system))
    edges = tuple(
        _edge(caller, callee, ports[edge_name(caller, callee)], bridge if caller in inside else None)
        for caller, callee in _calls(system)
    )
    way = None if bridge is None or bus is None else BusWay(str(bridge.ip), bus[1], *bus, bridge.network)
    return GatewayPlan(system.name, ports[GATEWAY], tuple(serving(system)), edges, way)


def _edge(caller: str, callee: str, port: int, bridge: IPv4Interface | None) -> Edge:
    if bridge is None:
        return Edge(caller, callee, port, HOST)
    return Edge(caller, callee, port, str(bridge.ip), bridge.network)


def backends(state: State, ports: Mapping[str, int]) -> tuple[Backend, ...]:
    """Every space that serves an API, as it is now."""
    units = sorted((unit for unit in state.units.values() if unit.serves), key=lambda unit: unit.name)
    return tuple(_backend(unit, ports) for unit in units)


def look_alike(before: Mapping[str, Unit], now: Mapping[str, Unit]) -> bool:
    """Whether nothing has changed that `backends` tells: nearly every change is but a probe that went well."""
    if before.keys() != now.keys():
        return False
    changed = compress(now, map(is_not, now.values(), map(before.__getitem__, now)))
    return all(_look(before[name]) == _look(now[name]) for name in changed)


def _look(unit: Unit) -> tuple[object, ...]:
    return unit.serves, [(each.name, each.phase, each.wanted) for each in unit.replicas]


def _backend(unit: Unit, ports: Mapping[str, int]) -> Backend:
    ready = tuple(ports[each.name] for each in unit.replicas if each.phase is Phase.READY)
    return Backend(unit.name, str(unit.phase), ready)


def _calls(system: System) -> Iterator[tuple[str, str]]:
    callees = set(serving(system))
    for space in system.spaces:
        for callee in space.manifest.api.calls:
            if callee in callees:
                yield space.name, callee
