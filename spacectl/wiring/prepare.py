"""Makes ready what a system needs before anything of it runs: folders, programs, ports, passwords."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Interface
from pathlib import Path

from spacectl.adapters.envoy.files import ConfigFolder
from spacectl.adapters.envoy.program import find_envoy
from spacectl.adapters.manifests import load
from spacectl.adapters.nats_config import render_config
from spacectl.adapters.nats_server import find_nats_server
from spacectl.adapters.network_ports import PortHold
from spacectl.adapters.private_files import load_passwords, make_folder, write_access, write_private
from spacectl.core.adopting import NOTHING_LEFT, Survivors, held_ports
from spacectl.core.assemble import BUS, assemble, in_containers, select, serving
from spacectl.core.bus import bus_url, embedded_access, external_access, plan_bus, plan_server, users_of
from spacectl.core.environment import HOST
from spacectl.core.gateway.documents import documents
from spacectl.core.gateway.plan import backends, edge_name, plan_gateway, port_names
from spacectl.core.hints import did_you_mean
from spacectl.core.isolating import isolated
from spacectl.core.runtimes import running_as
from spacectl.core.scaling import Scales, counts_of, scaled_to, still_asked
from spacectl.errors import UsageError
from spacectl.model.bus import BusAccess, BusPlan
from spacectl.model.gateway import GatewayPlan
from spacectl.model.layout import Layout
from spacectl.model.manifest import Runtime
from spacectl.model.system import System
from spacectl.wiring.ports import give_ports, read_ports
from spacectl.wiring.reaching import network_of, place_of, seen_from


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
        scales: how many replicas were asked for, where that is not what the manifest says.
        survivors: what an earlier supervisor left running, to be taken over.
        network: the name of the network that the system's containers are in; None where it has none.
        bridge: the address that this machine has in it, and which addresses there are.
        runtime: what every space runs as, where somebody asked for that; None for what manifests say.
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
    scales: Scales = field(default_factory=dict)
    survivors: Survivors = NOTHING_LEFT
    network: str | None = None
    bridge: IPv4Interface | None = None
    runtime: Runtime | None = None

    @property
    def counts(self) -> Mapping[str, int]:
        """How many replicas each space is to have."""
        return counts_of(self.system, self.scales)

    @property
    def front_door_url(self) -> str | None:
        """Where people and checks reach every API; None where no space serves one."""
        return None if self.gateway is None else f"http://{HOST}:{self.gateway.port}"

    @property
    def urls(self) -> Mapping[str, str]:
        """Where people and checks reach the API of each space that serves one."""
        return {name: f"{self.front_door_url}/{name}" for name in serving(self.system)}

    def call_url(self, caller: str, callee: str) -> str:
        """Where this caller reaches the API of this callee."""
        host = HOST if self.bridge is None or caller not in in_containers(self.system) else self.bridge.ip
        return f"http://{host}:{self.ports[edge_name(caller, callee)]}"


def read_manifests(layout: Layout) -> System:
    """The system as its manifests say, or as an isolated copy of it is.

    Raises:
        ManifestError: something is wrong with them.
    """
    system = load(layout.root)
    return system if layout.copy is None else isolated(system)


def choose(system: System, names: Iterable[str], profiles: Iterable[str]) -> frozenset[str]:
    """The spaces to start: those named with all they are after; unnamed, those whose profiles are asked for.

    Raises:
        UsageError: a name or profile that the system does not have.
    """
    _check_names(system, names, profiles)
    return select(system, names, profiles)


def prepare(
    system: System,
    layout: Layout,
    names: Iterable[str],
    profiles: Iterable[str],
    *,
    counts: Mapping[str, int] | None = None,
    survivors: Survivors = NOTHING_LEFT,
    runtime: Runtime | None = None,
) -> Prepared:
    """Make everything ready, starting nothing.

    Args:
        system: what its manifests say.
        layout: where it keeps its files.
        names: the spaces to start; all that are in no other profile when none is named.
        profiles: start the spaces of these too.
        counts: how many replicas spaces are to have, where that is not what the manifest says.
        survivors: what an earlier supervisor left running; it keeps its ports, and what else held for it.
        runtime: what every space is to run as; None for what the manifests say.

    Raises:
        UsageError: a name or profile that the system does not have.
        MachineError: the machine lacks a program, a port or room on its disk.
    """
    selected = choose(system, names, profiles)
    runtime = runtime or survivors.runtime
    system = running_as(system, runtime)
    network, bridge = network_of(system, layout, instance_of(layout.home))
    scales = {**still_asked(survivors.scales, system), **scaled_to(system, counts or {})}
    _make_folders(system, layout)
    plan = plan_bus(system)
    external = system.manifest.bus.url
    program = None if external is not None else find_nats_server()
    held = held_ports(survivors.adopted, read_ports(layout))
    envoy = find_envoy() if port_names(system) else None
    ports, front_door = give_ports(system, layout, scales, embedded=program is not None, held=held)
    access, urls = _bus(system, layout, plan, ports, bridge)
    prepared = Prepared(
        system=system,
        layout=layout,
        selected=selected,
        nats_server=program,
        envoy=envoy,
        ports=ports,
        gateway=_gateway(system, layout, ports, bridge),
        front_door=front_door,
        bus_plan=plan,
        bus_access=access,
        nats_urls=urls,
        instance=instance_of(layout.home),
        inherited=survivors.inherited or dict(os.environ),
        scales=scales,
        survivors=survivors,
        network=network,
        bridge=bridge,
        runtime=runtime,
    )
    write_bus(prepared, plan)
    return prepared


def prepare_again(
    before: Prepared,
    system: System,
    *,
    selected: frozenset[str],
    counts: Mapping[str, int],
    held: Iterable[str],
) -> Prepared:
    """Make ready what a running system is to become; what runs of it is not touched, nor what its bus is told.

    Args:
        before: what it is now.
        system: what its manifests say now, with all that cannot change while it runs as it was.
        selected: the spaces to start beside those that were to run before.
        counts: how many replicas spaces are to have from now on, beside what was asked for before.
        held: the replicas and engines that there are; their ports stay theirs.

    Raises:
        UsageError: a number of replicas that cannot be.
        MachineError: the machine lacks a port or room on its disk.
    """
    selected |= before.selected & {space.name for space in system.spaces}
    system = running_as(system, before.runtime)
    if before.network is None and in_containers(system):
        raise UsageError(
            f"{in_containers(system)[0]} is to run in a container, and nothing here did when the system came up",
            hint="`spacectl down`, then `up`",
        )
    scales = {**still_asked(before.scales, system), **scaled_to(system, counts)}
    _make_folders(system, before.layout)
    names = [*held, *port_names(before.system)]
    kept = {name: before.ports[name] for name in names if name in before.ports}
    envoy = before.envoy or (find_envoy() if port_names(system) else None)
    embedded = before.nats_server is not None
    ports, front_door = give_ports(system, before.layout, scales, embedded=embedded, held=kept)
    plan = plan_bus(system)
    access, urls = _bus(system, before.layout, plan, ports, before.bridge)
    return replace(
        before,
        system=system,
        selected=selected,
        envoy=envoy,
        ports={**kept, **ports},
        gateway=_gateway(system, before.layout, ports, before.bridge) or before.gateway,
        front_door=before.front_door or front_door,
        bus_plan=plan,
        bus_access=access,
        nats_urls={**before.nats_urls, **urls},
        scales=scales,
    )


def write_bus(prepared: Prepared, plan: BusPlan) -> None:
    """Write down how the bus is to run, for whom, and how to reach it.

    Raises:
        MachineError: it cannot be written.
    """
    layout = prepared.layout
    if prepared.nats_server is not None:
        server = plan_server(prepared.system, port=prepared.ports[BUS], store=layout.bus_store)
        passwords = load_passwords(layout.secrets, users_of(plan))
        write_private(layout.bus_config, render_config(server, plan, passwords))
    write_access(layout.bus_access, prepared.bus_access)


def _make_folders(system: System, layout: Layout) -> None:
    for folder in (layout.run, layout.logs, layout.builds, layout.bus_store):
        make_folder(folder)
    for space in system.spaces:
        make_folder(layout.data(space.name))


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


def _bus(
    system: System, layout: Layout, plan: BusPlan, ports: Mapping[str, int], bridge: IPv4Interface | None
) -> tuple[BusAccess, Mapping[str, str]]:
    inside = {} if bridge is None else dict.fromkeys(in_containers(system), str(bridge.ip))
    external = system.manifest.bus.url
    if external is not None:
        urls = {space.name: seen_from(external, inside.get(space.name)) for space in system.spaces}
        return external_access(plan, external), urls
    passwords = load_passwords(layout.secrets, users_of(plan))
    server = plan_server(system, port=ports[BUS], store=layout.bus_store)
    access = embedded_access(plan, server, passwords)
    urls = {
        space.name: bus_url(space.name, passwords[space.name], inside.get(space.name, HOST), ports[BUS])
        for space in system.spaces
    }
    return access, urls


def _gateway(
    system: System, layout: Layout, ports: Mapping[str, int], bridge: IPv4Interface | None
) -> GatewayPlan | None:
    plan = plan_gateway(system, ports, bridge=bridge, bus=place_of(system, ports))
    if plan is not None:
        at_rest = backends(assemble(system, embedded_bus=False), ports)
        ConfigFolder(layout.gateway).write_missing(documents(plan, at_rest))
    return plan
