"""How containers reach what listens on this machine: by a network of the system's own, and the gateway in it."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Interface
from urllib.parse import urlsplit

from spacectl.adapters.private_files import make_folder
from spacectl.core.assemble import BUS, in_containers
from spacectl.core.environment import HOST
from spacectl.model.layout import Layout
from spacectl.model.system import System

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_NATS_PORT = 4222


def network_of(system: System, layout: Layout, instance: str) -> tuple[str | None, IPv4Interface | None]:
    """The name of the network for the system's containers, and this machine's address in it, with its addresses.

    Raises:
        MachineError: there is no engine that could run them, or it may not be used.
    """
    if not in_containers(system):
        return None, None
    from spacectl.adapters.containers.engine import INSTANCE, SYSTEM, Engine

    name = f"spacectl-{system.name}-{instance[:8]}"
    make_folder(layout.run)
    make_folder(layout.containers)  # whoever looks for leftovers is to ask the engine from now on
    return name, Engine().network(name, {INSTANCE: instance, SYSTEM: system.name})


def seen_from(url: str, bridge: str | None) -> str:
    """The address of an existing bus for a space; containers reach one on this machine by way of the gateway."""
    host = urlsplit(url).hostname
    if bridge is None or host not in _LOOPBACK:
        return url
    head, _, port = url.rpartition(":") if urlsplit(url).port else (url, "", str(_NATS_PORT))
    return f"{head.removesuffix(host)}{bridge}:{port}"


def place_of(system: System, ports: Mapping[str, int]) -> tuple[str, int] | None:
    """Host and port of a bus that listens only on this machine; None where containers reach it themselves."""
    external = system.manifest.bus.url
    if external is None:
        return HOST, ports[BUS]
    found = urlsplit(external)
    return (HOST, found.port or _NATS_PORT) if found.hostname in _LOOPBACK else None
