"""Makes ready what a system needs before anything of it runs: folders, programs, ports, passwords."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from spacectl.adapters.envoy.files import ConfigFolder
from spacectl.adapters.envoy.program import find_envoy
from spacectl.adapters.nats_config import render_config
from spacectl.adapters.nats_server import find_nats_server
from spacectl.adapters.network_ports import PortHold, Reservation, owner
from spacectl.adapters.private_files import load_passwords, make_folder, read_json, write_access, write_private
from spacectl.core.assemble import BUS, GATEWAY, assemble, select
from spacectl.core.bus import bus_url, embedded_access, external_access, plan_bus, plan_server, users_of
from spacectl.core.environment import HOST
from spacectl.core.gateway.documents import documents
from spacectl.core.gateway.plan import backends, edge_name, plan_gateway, port_names
from spacectl.core.hints import did_you_mean
from spacectl.errors import MachineError, UsageError
from spacectl.model.bus import BusAccess, BusPlan
from spacectl.model.gateway import GatewayPlan
from spacectl.model.layout import Layout
from spacectl.model.manifest import Port
from spacectl.model.system import Space, System

_FRONT_DOOR = range(8080, 8100)
"""Where people expect it; the first of them that is free."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A system that can be started.

    Attributes:
        nats_server: the program of the embedded bus; None where an existing server is used.
        envoy: the program of the gateway; None where no space serves an API.
        ports: by replica (`orders.1`), engine (`bus`, `gateway`) and declared call (`cart>orders`).
        nats_urls: of each space, with its own user and password.
        front_door: keeps the gateway's port from others, also while the gateway is started again.
        selected: the spaces to start.
        instance: marks every process of this system.
    """

    system: System
    layout: Layout
    selected: frozenset[str]
    nats_server: Path | None
    envoy: Path | None
    ports: Mapping[str, int]
    gateway: GatewayPlan | None
    front_door: PortHold | None
    bus_plan: BusPlan
    bus_access: BusAccess
    nats_urls: Mapping[str, str] = field(repr=False)
    instance: str = ""
    inherited: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def front_door_url(self) -> str | None:
        """Where people and checks reach every API; None where no space serves one."""
        return None if self.gateway is None else f"http://{HOST}:{self.gateway.port}"

    def call_url(self, caller: str, callee: str) -> str:
        """Where this caller reaches the API of this callee."""
        return f"http://{HOST}:{self.ports[edge_name(caller, callee)]}"


def prepare(system: System, layout: Layout, names: Iterable[str], profiles: Iterable[str]) -> Prepared:
    """Make everything ready, starting nothing.

    Raises:
        UsageError: a name or profile that the system does not have.
        MachineError: the machine lacks a program, a port or room on its disk.
    """
    _check_names(system, names, profiles)
    selected = select(system, names, profiles)
    _refuse_containers(system, selected)
    for folder in (layout.run, layout.logs, layout.builds, layout.bus_store):
        make_folder(folder)
    for space in system.spaces:
        make_folder(layout.data(space.name))
    plan = plan_bus(system)
    external = system.manifest.bus.url
    program = None if external is not None else find_nats_server()
    envoy = find_envoy() if port_names(system) else None
    ports, front_door = _ports(system, layout, embedded=program is not None)
    access, urls = _bus(system, layout, plan, ports)
    return Prepared(
        system=system,
        layout=layout,
        selected=selected,
        nats_server=program,
        envoy=envoy,
        ports=ports,
        gateway=_gateway(system, layout, ports),
        front_door=front_door,
        bus_plan=plan,
        bus_access=access,
        nats_urls=urls,
        instance=instance_of(layout.root),
        inherited=dict(os.environ),
    )


def instance_of(root: Path) -> str:
    """The mark of every process of the system in a folder: the same for every run of it."""
    return hashlib.sha256(os.fsencode(root)).hexdigest()[:20]


def _check_names(system: System, names: Iterable[str], profiles: Iterable[str]) -> None:
    known = [space.name for space in system.spaces]
    for name in names:
        if name not in known:
            raise UsageError(f'no space is named "{name}"', hint=did_you_mean(name, known))
    declared = sorted({profile for space in system.spaces for profile in space.manifest.space.profiles})
    for profile in profiles:
        if profile not in declared:
            hint = did_you_mean(profile, declared) or f"profiles here: {', '.join(declared) or 'none'}"
            raise UsageError(f'no space is in a profile named "{profile}"', hint=hint)


def _refuse_containers(system: System, selected: frozenset[str]) -> None:
    for space in system.spaces:
        if space.name in selected and space.manifest.run.runtime == "container":
            raise MachineError(
                f'{space.name}: runtime = "container" is not part of this version of spacectl',
                hint=f'set [run] runtime = "process" in {space.source.file}',
            )


def _bus(
    system: System, layout: Layout, plan: BusPlan, ports: Mapping[str, int]
) -> tuple[BusAccess, Mapping[str, str]]:
    external = system.manifest.bus.url
    if external is not None:
        access = external_access(plan, external)
        write_access(layout.bus_access, access)
        return access, {space.name: external for space in system.spaces}
    passwords = load_passwords(layout.secrets, users_of(plan))
    server = plan_server(system, port=ports[BUS], store=layout.bus_store)
    write_private(layout.bus_config, render_config(server, plan, passwords))
    access = embedded_access(plan, server, passwords)
    write_access(layout.bus_access, access)
    urls = {space.name: bus_url(space.name, passwords[space.name], HOST, ports[BUS]) for space in system.spaces}
    return access, urls


def _gateway(system: System, layout: Layout, ports: Mapping[str, int]) -> GatewayPlan | None:
    plan = plan_gateway(system, ports)
    if plan is not None:
        at_rest = backends(assemble(system, embedded_bus=False), ports)
        ConfigFolder(layout.gateway).write_missing(documents(plan, at_rest))
    return plan


def _ports(system: System, layout: Layout, *, embedded: bool) -> tuple[Mapping[str, int], PortHold | None]:
    before = {name: port for name, port in read_json(layout.ports).items() if isinstance(port, int)}
    given: dict[str, int] = {}
    with Reservation(str(layout.root)) as reservation:
        for name, port, where in _fixed(system, embedded=embedded):
            if not reservation.take(port):
                hint = f'stop it, or set {where} port = "auto"'
                raise MachineError(f"{name}: port {port} is in use by {owner(port)}", hint=hint)
            given[name] = port
        if embedded and BUS not in given:
            # Not the usual 4222: two systems that start side by side would both find it free, and one would lose.
            given[BUS] = reservation.first(*_preferred(before, BUS))
        if GATEWAY in port_names(system) and GATEWAY not in given:
            given[GATEWAY] = reservation.first(*_preferred(before, GATEWAY), *_FRONT_DOOR)
        for name in (*_replicas(system), *port_names(system)):
            if name not in given:
                given[name] = reservation.first(*_preferred(before, name))
        # Two systems that start side by side would both find 8080 free, and one would lose it for good.
        front_door = reservation.keep(given[GATEWAY]) if GATEWAY in given else None
    write_private(layout.ports, json.dumps(before | given, indent=1) + "\n")
    return given, front_door


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


def _replicas(system: System) -> list[str]:
    return [replica for space in system.spaces for replica in replica_names(space)]


def replica_names(space: Space) -> list[str]:
    """The replicas a space is to have."""
    return [f"{space.name}.{number}" for number in range(1, max(1, space.manifest.run.replicas) + 1)]
