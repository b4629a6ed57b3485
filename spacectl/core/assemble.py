"""From a system as written to a system as supervised: units, their order, and which of them to start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from spacectl.model.manifest import ApiSection, RestartSection, RunSection, SpaceManifest, SpaceSection
from spacectl.model.state import Replica, State, Unit
from spacectl.model.system import Space, System
from spacectl.model.units import GiveUp

BUS = "bus"


def assemble(system: System, *, embedded_bus: bool, counts: Mapping[str, int] | None = None) -> State:
    """Every engine and space of a system, all at rest.

    Args:
        system: as it is written.
        embedded_bus: whether the bus is one of its engines.
        counts: how many replicas spaces have; those that are not in it have what their manifests say.
    """
    engines = (_bus(),) if embedded_bus else ()
    names = frozenset(engine.name for engine in engines)
    units = (*engines, *(_unit(space, names, (counts or {}).get(space.name)) for space in system.spaces))
    return State({unit.name: unit for unit in units})


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
    after = frozenset(space.manifest.run.after)
    return Unit(space.name, space.manifest, after | engines if _uses_bus(space) else after, replicas)


def _uses_bus(space: Space) -> bool:
    """Whether the bus lets a space do anything: what is not declared is refused."""
    events = space.manifest.events
    return bool(events.publishes or events.subscribes)


def _bus() -> Unit:
    manifest = SpaceManifest(
        space=SpaceSection(name=BUS, summary="NATS with JetStream"),
        run=RunSection(command=("nats-server",)),
        restart=RestartSection(policy="always", backoff_s=0.1, max_backoff_s=5.0, give_up=GiveUp(10, 60.0)),
        api=ApiSection(serves=False),
    )
    return Unit(BUS, manifest, frozenset(), (Replica(BUS, 1),), engine=True)
