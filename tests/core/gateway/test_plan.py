"""What the gateway opens, and what stands behind it as replicas come and go."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spacectl.core.assemble import assemble
from spacectl.core.gateway.plan import backends, look_alike, plan_gateway, port_names
from spacectl.model.gateway import Backend, Edge, GatewayPlan
from spacectl.model.manifest import SpaceManifest, SystemManifest
from spacectl.model.phase import Phase
from spacectl.model.state import Probing, State
from spacectl.model.system import Source, Space, System


def system(**spaces: dict[str, Any]) -> System:
    """Each space is stated by its sections."""
    source = Source("space.toml", (), {})
    made = []
    for name, sections in spaces.items():
        run = {"command": ["x"], **sections.pop("run", {})}
        decoded = {"space": {"name": name, **sections.pop("space", {})}, "run": run, **sections}
        made.append(Space(SpaceManifest.model_validate(decoded), Path("/shop") / name, source))
    return System(SystemManifest.model_validate({"system": {"name": "shop"}}), Path("/shop"), source, tuple(made))


SHOP = system(
    cart={"api": {"calls": ["catalog"]}},
    catalog={"run": {"replicas": 2}},
    seed={"space": {"kind": "job"}, "api": {"calls": ["catalog", "cart"]}},
    shopper={"api": {"serves": False, "calls": ["cart"]}},
)
PORTS = {
    "gateway": 8080, "cart>catalog": 1, "seed>catalog": 2, "seed>cart": 3, "shopper>cart": 4, "cart.1": 11,
    "catalog.1": 21, "catalog.2": 22, "seed.1": 31, "shopper.1": 41,
}  # fmt: skip


def in_phases(**phases: Phase) -> State:
    """The shop with these replicas in these phases: `catalog_1=…`."""
    state = assemble(SHOP, embedded_bus=True)
    for name, phase in phases.items():
        state = state.with_replica(replace(state.replica(name.replace("_", ".")), phase=phase, wanted=True))
    return state


def test_a_port_for_the_front_door_and_for_each_declared_call() -> None:
    assert port_names(SHOP) == ["gateway", "cart>catalog", "seed>catalog", "seed>cart", "shopper>cart"]
    edges = (
        Edge("cart", "catalog", 1), Edge("seed", "catalog", 2), Edge("seed", "cart", 3), Edge("shopper", "cart", 4)
    )  # fmt: skip
    assert plan_gateway(SHOP, PORTS) == GatewayPlan("shop", 8080, ("cart", "catalog"), edges)


def test_where_nothing_serves_nothing_is_opened() -> None:
    quiet = system(clock={"api": {"serves": False}})
    assert port_names(quiet) == []
    assert plan_gateway(quiet, {}) is None


def test_at_rest_nothing_stands_behind_it() -> None:
    assert backends(assemble(SHOP, embedded_bus=True), PORTS) == (
        Backend("cart", "stopped"),
        Backend("catalog", "stopped"),
    )


@pytest.mark.parametrize(
    ("phase", "is_in"),
    [(phase, phase is Phase.READY) for phase in Phase],
)
def test_only_a_ready_replica_is_in(phase: Phase, is_in: bool) -> None:
    state = in_phases(catalog_1=phase, catalog_2=Phase.READY)
    assert backends(state, PORTS)[1].ports == ((21, 22) if is_in else (22,))


def test_its_state_is_that_of_the_space() -> None:
    assert backends(in_phases(cart_1=Phase.BACKOFF), PORTS)[0] == Backend("cart", "backoff")


def test_a_probe_that_went_well_shows_nothing_new() -> None:
    before = in_phases(cart_1=Phase.READY)
    cart = before.replica("cart.1")
    probed = before.with_replica(replace(cart, ready=Probing(due_at=1.0)))
    assert probed.units is not before.units
    assert look_alike(before.units, probed.units)
    for other in (
        before.with_replica(replace(cart, phase=Phase.UNHEALTHY)),
        before.with_replica(replace(cart, wanted=False)),
        before.with_unit(replace(before.units["cart"], replicas=(cart, replace(cart, number=2)))),
        State({name: unit for name, unit in before.units.items() if name != "cart"}),
    ):
        assert not look_alike(before.units, other.units)
