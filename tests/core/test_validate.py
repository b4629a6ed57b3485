"""The rules where they need no file; each rule's messages stand in tests/adapters/manifests/broken.txt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from spacectl.core.validate import problems
from spacectl.model.manifest import SpaceManifest, SystemManifest
from spacectl.model.system import Source, Space, System


def space(name: str, **sections: Any) -> Space:
    manifest = SpaceManifest.model_validate({"space": {"name": name}, "run": {"command": "run"}, **sections})
    return Space(manifest, Path("/shop/spaces") / name, Source(f"spaces/{name}/space.toml", (), {}))


def system(*spaces: Space, **sections: Any) -> System:
    manifest = SystemManifest.model_validate({"system": {"name": "shop"}, **sections})
    return System(manifest, Path("/shop"), Source("system.toml", (), {}), spaces)


def told(*spaces: Space, unread: tuple[str | None, ...] = (), **sections: Any) -> list[str]:
    return [f"{found.key}: {found.message}" for found in problems(system(*spaces, **sections), unread=unread)]


def test_a_good_system_has_none() -> None:
    orders = space("orders", events={"publishes": ["orders.placed"]}, api={"calls": ["cart"]})
    cart = space("cart", events={"subscribes": ["orders.placed"]}, run={"command": "run", "after": ["orders"]})
    assert told(orders, cart) == []


def test_a_problem_without_a_position_still_names_its_file_and_key() -> None:
    (problem,) = problems(system(space("orders", api={"calls": ["cart"]})))
    assert (problem.file, problem.line, problem.key, problem.source) == (
        "spaces/orders/space.toml",
        0,
        "api.calls[0]",
        "",
    )


def test_nobody_is_blamed_for_naming_a_space_that_could_not_be_read() -> None:
    orders = space(
        "orders",
        api={"calls": ["cart", "basket"]},
        events={"subscribes": ["cart.filled", "basket.filled"]},
        run={"command": "run", "after": ["cart"]},
    )
    about_basket = [
        'api.calls[1]: there is no space "basket"',
        'events.subscribes[1]: nobody publishes "basket.filled"',
    ]
    assert told(orders, unread=("cart",)) == about_basket
    assert told(orders, unread=(None,)) == []


def test_a_space_that_was_read_is_known_not_to_publish() -> None:
    orders = space("orders", events={"subscribes": ["cart.filled"]})
    assert told(orders, space("cart"), unread=(None,)) == ['events.subscribes[0]: nobody publishes "cart.filled"']


def test_a_space_may_subscribe_to_itself() -> None:
    assert told(space("orders", events={"publishes": ["orders.due"], "subscribes": ["orders.due"]})) == []


def test_ports_of_an_existing_bus_are_not_ours() -> None:
    bus = {"url": "nats://elsewhere:4222", "port": 4222}
    assert told(bus=bus, gateway={"port": 4222}) == []
    assert told(bus={"port": 4222}, gateway={"port": 4222}) == ["gateway.port: port 4222 is also used in system.toml"]


def test_several_automatic_ports_are_fine() -> None:
    assert told(space("orders"), space("cart"), gateway={"port": "auto"}) == []


def test_a_container_may_be_built_on_change() -> None:
    container = {"container": {"build": "."}, "run": {"command": "run", "runtime": "container"}}
    assert told(space("orders", **container, watch={"on_change": "build"})) == []


def test_port_may_be_set_where_nothing_listens() -> None:
    orders = {"run": {"command": "run", "env": {"PORT": "9"}}, "api": {"serves": False}}
    assert told(space("orders", **orders)) == []


def test_regular_expressions_that_only_warn_are_fine(recwarn: Any) -> None:
    assert told(space("orders", ready={"log": "[[a]"})) == []
    assert not recwarn.list


def test_two_knots_are_two_problems() -> None:
    def after(name: str, other: str) -> Space:
        return space(name, run={"command": "run", "after": [other]})

    assert told(after("a", "b"), after("b", "a"), after("c", "d"), after("d", "c")) == [
        "run.after[0]: these wait for each other: a -> b -> a",
        "run.after[0]: these wait for each other: c -> d -> c",
    ]
