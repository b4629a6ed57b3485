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


def assemble(system: System, *, embedded_bus: bool) -> State:
    """Every engine and space of a system, all at rest."""
    engines = [_bus()] if embedded_bus else []
    if serving(system):
        engines.append(_gateway())
    after_all = frozenset(engine.name for engine in engines)
    units = (*engines, *(_unit(space, after_all) for space in system.spaces))
    return State({unit.name: unit for unit in units})


def serving(system: System) -> list[str]:
    """The spaces whose API can be called; a job, which ends by itself, is none of them."""
    return [space.name for space in system.spaces if serves(space.manifest)]


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


def _unit(space: Space, engines: frozenset[str]) -> Unit:
    replicas = tuple(Replica(space.name, number) for number in range(1, space.manifest.run.replicas + 1))
    return Unit(space.name, space.manifest, engines | frozenset(space.manifest.run.after), replicas)


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
