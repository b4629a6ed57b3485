from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from spacectl.model.manifest import SpaceManifest, SystemManifest
from spacectl.model.report_config import ConfigReport
from spacectl.model.system import Source, Space, System
from spacectl.model.units import WRITTEN
from spacectl.view.config import config_report, space_toml, system_toml


def space(name: str, **sections: Any) -> Space:
    manifest = SpaceManifest.model_validate({"space": {"name": name}, "run": {"command": "run"}, **sections})
    return Space(manifest, Path("/shop/spaces") / name, Source(f"spaces/{name}/space.toml", (), {}))


def system(*spaces: Space) -> System:
    manifest = SystemManifest.model_validate({"system": {"name": "shop"}})
    return System(manifest, Path("/shop"), Source("system.toml", (), {}), spaces)


def read_back(table: Any) -> SpaceManifest:
    return SpaceManifest.model_validate(table, by_alias=True, by_name=False, context=WRITTEN)


def test_reads_back_to_the_same_manifests() -> None:
    orders = space(
        "orders", alive={"http": "/x", "timeout": "250ms"}, limits={"memory": "1GiB", "cpu": 1}, container={}
    )
    cart = space("cart", run={"command": ["a", "b"], "env": {"A": "1"}, "replicas": 0})
    shop = system(cart, orders)
    text = "\n".join([system_toml(shop), *map(space_toml, shop.spaces)])
    table = tomllib.loads(text)
    spaces = table.pop("spaces")
    assert SystemManifest.model_validate(table, context=WRITTEN) == shop.manifest
    assert {name: read_back(part) for name, part in spaces.items()} == {
        "cart": cart.manifest,
        "orders": orders.manifest,
    }
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        "# system.toml",
        "# spaces/cart/space.toml",
        "# spaces/orders/space.toml",
    ]


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)


@given(st.dictionaries(NAMES, TEXTS, max_size=4), st.lists(TEXTS, min_size=1, max_size=4))
def test_any_text_survives(env: dict[str, str], words: list[str]) -> None:
    orders = space("orders", run={"command": words, "env": env})
    assert read_back(tomllib.loads(space_toml(orders))["spaces"]["orders"]) == orders.manifest


def test_the_report_is_whole_and_reads_back() -> None:
    orders = space("orders", stop={"timeout": "250ms"})
    shop = system(space("cart"), orders)
    report = config_report(shop, [orders])
    assert report.files == {"orders": "spaces/orders/space.toml"}
    assert ConfigReport.model_validate_json(report.model_dump_json()) == report
    assert report.model_dump(mode="json")["spaces"]["orders"]["stop"] == {"signal": "SIGTERM", "timeout": "250ms"}


def test_the_password_of_an_existing_bus_is_not_shown() -> None:
    written = {"system": {"name": "shop"}, "bus": {"url": "nats://me:hush@127.0.0.1:4222"}}
    shop = System(SystemManifest.model_validate(written), Path("/shop"), Source("system.toml", (), {}), ())
    assert tomllib.loads(system_toml(shop))["bus"]["url"] == "nats://127.0.0.1:4222"
    assert "hush" not in config_report(shop, ()).model_dump_json()
