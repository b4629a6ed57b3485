"""From a system as written to a system as supervised: units, their order, and which of them to start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from spacectl.model.manifest import ApiSection, RestartSection, RunSection, SpaceManifest, SpaceSection
from spacectl.model.state import Replica, State, Unit, serves
from spacectl.model.system import Space, System
from spacectl.model.units import GiveUp

BUS = "bus"
GATEWAY = "gateway"
ENGINES = (BUS, GATEWAY)


def assemble(system: System, *, embedded_bus: bool, counts: Mapping[str, int] | None = None) -> State:
    """Every engine and space of a system, all at rest.

    Args:
        system: as it is written.
        embedded_bus: whether the bus is one of its engines.
        counts: how many replicas spaces have; those that are not in it have what their manifests say.
    """
    engines = [_bus()] if embedded_bus else []
    if needs_gateway(system):
        engines.append(_gateway())
    names = frozenset(engine.name for engine in engines)
    units = (*engines, *(_unit(space, names, (counts or {}).get(space.name)) for space in system.spaces))
    return State({unit.name: unit for unit in units})


def serving(system: System) -> list[str]:
    """The spaces whose API can be called; a job, which ends by itself, is none of them."""
    return [space.name for space in system.spaces if serves(space.manifest)]


def in_containers(system: System) -> list[str]:
    """The spaces whose replicas are containers."""
    return [space.name for space in system.spaces if space.manifest.run.runtime == "container"]


def needs_gateway(system: System) -> bool:
    """Whether there is something for the gateway to open: an API, or the way to the bus out of a container."""
    return bool(serving(system) or in_containers(system))


def select(system: System, names: Iterable[str], profiles: Iterable[str]) -> frozenset[str]:
    """The spaces to start: those named with all they are after; unnamed, those whose profiles are asked for."""
    after = {space.name: space.manifest.run.after for space in system.spaces}
    asked = set(profiles)
    chosen = list(names) or [space.name for space in system.spaces if _is_in(space, asked)]
    return with_dependencies(after, chosen)


def with_dependencies(after: Mapping[str, Iterable[str]], names: Iterable[str]) -> frozenset[str]:
    """The names and everything they are after, near and far."""
    found: set[str] = set()
    ahead = list(names)
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += after.get(name, ())
    return frozenset(found)


def _is_in(space: Space, profiles: set[str]) -> bool:
    own = space.manifest.space.profiles
    return not own or not profiles.isdisjoint(own)


def _unit(space: Space, engines: frozenset[str], count: int | None) -> Unit:
    count = space.manifest.run.replicas if count is None else count
    replicas = tuple(Replica(space.name, number) for number in range(1, count + 1))
    after = frozenset(space.manifest.run.after) | (engines & _used(space))
    return Unit(space.name, space.manifest, after, replicas)


def _used(space: Space) -> set[str]:
    """The engines that let a space do anything: what it does not declare is refused, or leads nowhere."""
    events, calls = space.manifest.events, space.manifest.api.calls
    uses_bus = bool(events.publishes or events.subscribes)
    by_gateway = calls or (uses_bus and space.manifest.run.runtime == "container")
    return ({BUS} if uses_bus else set()) | ({GATEWAY} if by_gateway else set())


def _bus() -> Unit:
    return _engine(BUS, "NATS with JetStream", "nats-server")


def _gateway() -> Unit:
    return _engine(GATEWAY, "Envoy", "envoy")


def _engine(name: str, summary: str, program: str) -> Unit:
    manifest = SpaceManifest(
        space=SpaceSection(name=name, summary=summary),
        run=RunSection(command=(program,)),
        restart=RestartSection(policy="always", backoff_s=0.1, max_backoff_s=5.0, give_up=GiveUp(10, 60.0)),
        api=ApiSection(serves=False),
    )
    return Unit(name, manifest, frozenset(), (Replica(name, 1),), engine=True)
