"""Gives out ports: to every replica, engine and declared call, the same ones again as long as they are free."""

from __future__ import annotations

import json
from collections.abc import Mapping

from spacectl.adapters.network_ports import PortHold, Reservation, owner
from spacectl.adapters.private_files import read_json, write_private
from spacectl.core.assemble import BUS, GATEWAY
from spacectl.core.gateway.plan import port_names
from spacectl.core.scaling import Scales, counts_of
from spacectl.errors import MachineError
from spacectl.model.layout import Layout
from spacectl.model.manifest import Port
from spacectl.model.system import System

_FRONT_DOOR = range(8080, 8100)
"""Where people expect it; the first of them that is free."""


def give_ports(
    system: System, layout: Layout, scales: Scales, *, embedded: bool, held: Mapping[str, int]
) -> tuple[Mapping[str, int], PortHold | None]:
    """The port of every replica, engine and call; those that are held stay, unless the manifest asks for another one.

    The front door's is kept from others, unless it is held already.
    """
    before = read_ports(layout)
    given: dict[str, int] = {}
    with Reservation(str(layout.home), held.values()) as reservation:
        for name, port, where in _fixed(system, embedded=embedded):
            if held.get(name) != port and not reservation.take(port):
                hint = f'stop it, or set {where} port = "auto"'
                raise MachineError(f"{name}: port {port} is in use by {owner(port)}", hint=hint)
            given[name] = port
        # The bus gets not the usual 4222: two systems that start side by side would both find it free.
        names = (*((BUS,) if embedded else ()), *port_names(system), *_replicas(system, scales))
        for name in sorted(names, key=lambda name: name not in before):  # who had one before finds it again
            if name not in given:
                usual = _FRONT_DOOR if name == GATEWAY else ()
                given[name] = held[name] if name in held else reservation.first(*_preferred(before, name), *usual)
        # Two systems that start side by side would both find 8080 free, and one would lose it for good.
        door = given.get(GATEWAY)
        front_door = None if door is None or held.get(GATEWAY) == door else reservation.keep(door)
    write_private(layout.ports, json.dumps(before | given, indent=1) + "\n")
    return given, front_door


def read_ports(layout: Layout) -> dict[str, int]:
    """The ports that were given out before, by replica and engine."""
    return {name: port for name, port in read_json(layout.ports).items() if isinstance(port, int)}


def _fixed(system: System, *, embedded: bool) -> list[tuple[str, int, str]]:
    """The ports that manifests ask for by number: (who, port, where it is written)."""
    asked: list[tuple[str, Port, str]] = [
        (f"{space.name}.1", space.manifest.api.port, f"[api] in {space.source.file}:") for space in system.spaces
    ]
    if embedded:
        asked.append((BUS, system.manifest.bus.port, "[bus]"))
    if port_names(system):
        asked.append((GATEWAY, system.manifest.gateway.port, "[gateway]"))
    return [(name, port, where) for name, port, where in asked if isinstance(port, int)]


def _preferred(before: Mapping[str, int], name: str) -> tuple[int, ...]:
    return (before[name],) if name in before else ()


def _replicas(system: System, scales: Scales) -> list[str]:
    """Every replica; where a space is to have none its first too, for callers are given its address."""
    counts = counts_of(system, scales)
    return [f"{name}.{number}" for name, count in counts.items() for number in range(1, max(1, count) + 1)]
