from pathlib import Path
from typing import Any

from spacectl.core.assemble import assemble, select, serving, with_dependencies
from spacectl.model.manifest import SpaceManifest, SystemManifest
from spacectl.model.phase import Phase
from spacectl.model.system import Source, Space, System


def system(**spaces: dict[str, Any]) -> System:
    """Each space is stated by the keys of its [run], its profiles, its kind and its [api]."""
    source = Source("space.toml", (), {})
    made = []
    for name, run in spaces.items():
        space = {"name": name, "profiles": run.pop("profiles", []), "kind": run.pop("kind", "service")}
        decoded = {"space": space, "api": run.pop("api", {}), "run": {"command": ["x"], **run}}
        made.append(Space(SpaceManifest.model_validate(decoded), Path("/shop") / name, source))
    return System(SystemManifest.model_validate({"system": {"name": "shop"}}), Path("/shop"), source, tuple(made))


SHOP = system(
    cart={"after": ["catalog"]},
    catalog={"after": ["seed"], "replicas": 3},
    seed={},
    shopper={"after": ["cart"], "profiles": ["traffic", "demo"]},
    probe={"profiles": ["debug"]},
)


def test_everything_is_there_and_at_rest() -> None:
    state = assemble(SHOP, embedded_bus=True)
    assert list(state.units) == ["bus", "gateway", "cart", "catalog", "seed", "shopper", "probe"]
    replicas = [replica for unit in state.units.values() for replica in unit.replicas]
    assert [each.name for each in replicas if each.unit == "catalog"] == ["catalog.1", "catalog.2", "catalog.3"]
    assert all(each.phase is Phase.STOPPED and not each.wanted for each in replicas)


def test_the_engines_come_before_everything() -> None:
    state = assemble(SHOP, embedded_bus=True)
    assert [unit.name for unit in state.units.values() if unit.engine] == ["bus", "gateway"]
    assert state.units["bus"].after == state.units["gateway"].after == frozenset()
    assert state.units["seed"].after == {"bus", "gateway"}
    assert state.units["cart"].after == {"bus", "gateway", "catalog"}
    assert not state.units["gateway"].serves


def test_an_existing_bus_is_nothing_to_supervise() -> None:
    state = assemble(SHOP, embedded_bus=False)
    assert "bus" not in state.units
    assert state.units["cart"].after == {"gateway", "catalog"}


def test_where_nothing_serves_there_is_no_gateway() -> None:
    quiet = system(cart={"api": {"serves": False}}, seed={"kind": "job"})
    state = assemble(quiet, embedded_bus=True)
    assert list(state.units) == ["bus", "cart", "seed"]
    assert serving(quiet) == []
    assert serving(SHOP) == ["cart", "catalog", "seed", "shopper", "probe"]


def test_a_space_may_have_no_replica() -> None:
    assert assemble(system(cart={"replicas": 0}), embedded_bus=False).units["cart"].replicas == ()


def test_what_is_started() -> None:
    assert select(SHOP, (), ()) == {"cart", "catalog", "seed"}
    assert select(SHOP, (), ("demo",)) == {"cart", "catalog", "seed", "shopper"}
    assert select(SHOP, (), ("demo", "debug")) == {"cart", "catalog", "seed", "shopper", "probe"}
    assert select(SHOP, ("catalog",), ()) == {"catalog", "seed"}
    assert select(SHOP, ("shopper",), ()) == {"cart", "catalog", "seed", "shopper"}
    assert select(SHOP, ("seed",), ("debug",)) == {"seed"}


def test_a_profile_brings_what_its_spaces_are_after() -> None:
    shop = system(load={"after": ["helper"], "profiles": ["traffic"]}, helper={"profiles": ["never"]})
    assert select(shop, (), ("traffic",)) == {"load", "helper"}
    assert select(shop, (), ()) == frozenset()


def test_dependencies_near_and_far_even_in_a_circle() -> None:
    after = {"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": ["a"]}
    assert with_dependencies(after, ["b"]) == {"a", "b", "c", "d"}
    assert with_dependencies(after, ["x"]) == {"x"}
    assert with_dependencies(after, []) == frozenset()
