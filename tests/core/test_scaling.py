from pathlib import Path

import pytest

from spacectl.core.scaling import Scaled, count_of, counts_of, scaled_to, still_asked
from spacectl.errors import UsageError
from spacectl.model.manifest import SpaceManifest, SystemManifest
from spacectl.model.system import Source, Space, System

SOURCE = Source("space.toml", (), {})


def space(name: str, replicas: int = 1, kind: str = "service") -> Space:
    decoded = {"space": {"name": name, "kind": kind}, "run": {"command": "x", "replicas": replicas}}
    return Space(SpaceManifest.model_validate(decoded), Path("/shop") / name, SOURCE)


def system(*spaces: Space) -> System:
    return System(SystemManifest.model_validate({"system": {"name": "shop"}}), Path("/shop"), SOURCE, spaces)


SHOP = system(space("catalog"), space("orders", 2), space("seed", kind="job"))


def test_what_is_asked_for_wins_over_the_manifest() -> None:
    scales = scaled_to(SHOP, {"orders": 5, "catalog": 0})
    assert scales == {"orders": Scaled(5, 2), "catalog": Scaled(0, 1)}
    assert counts_of(SHOP, scales) == {"catalog": 0, "orders": 5, "seed": 1}
    assert count_of(SHOP.spaces[1], {}) == 2


def test_until_the_manifest_says_something_else() -> None:
    scales = scaled_to(SHOP, {"orders": 5, "catalog": 3})
    again = system(space("catalog"), space("orders", 3), space("seed", kind="job"))
    assert still_asked(scales, SHOP) == scales
    assert still_asked(scales, again) == {"catalog": Scaled(3, 1)}
    assert still_asked(scales, system(space("orders", 2))) == {"orders": Scaled(5, 2)}


@pytest.mark.parametrize(
    ("name", "count", "message", "hint"),
    [
        ("ordres", 2, 'no space is named "ordres"', 'did you mean "orders"?'),
        ("zzz", 2, 'no space is named "zzz"', "spaces here: catalog, orders, seed"),
        ("seed", 2, "seed is a job: it runs to its end and is not scaled", None),
        ("orders", 101, "orders: 101 replicas are out of bounds", "take a number from 0 to 100"),
        ("orders", -1, "orders: -1 replicas are out of bounds", "take a number from 0 to 100"),
    ],
)
def test_what_cannot_be(name: str, count: int, message: str, hint: str | None) -> None:
    with pytest.raises(UsageError) as raised:
        scaled_to(SHOP, {name: count})
    assert (raised.value.message, raised.value.hint) == (message, hint)
