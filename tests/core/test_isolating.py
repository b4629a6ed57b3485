from pathlib import Path

from spacectl.core.isolating import isolated
from spacectl.model.manifest import SpaceManifest, SystemManifest
from spacectl.model.system import Source, Space, System

SOURCE = Source("space.toml", (), {})


def test_a_copy_takes_no_port_and_no_server_of_the_first() -> None:
    decoded = {
        "system": {"name": "shop"},
        "bus": {"port": 4222, "url": "nats://there:4222", "max_store": "2GB", "sync": "always"},
        "gateway": {"port": 8080},
    }
    orders = SpaceManifest.model_validate(
        {"space": {"name": "orders"}, "run": {"command": "x"}, "api": {"port": 8001, "calls": ["orders"]}}
    )
    shop = System(
        SystemManifest.model_validate(decoded), Path("/shop"), SOURCE, (Space(orders, Path("/shop/orders"), SOURCE),)
    )
    copy = isolated(shop)
    assert (copy.manifest.bus.port, copy.manifest.bus.url, copy.manifest.gateway.port) == ("auto", None, "auto")
    assert copy.spaces[0].manifest.api.port == "auto"
    # All else is the same.
    assert (copy.name, copy.root, copy.spaces[0].folder) == (shop.name, shop.root, shop.spaces[0].folder)
    assert (copy.manifest.bus.max_store, copy.manifest.bus.sync) == (2 * 10**9, "always")
    assert copy.spaces[0].manifest.api.calls == ("orders",)
    assert isolated(copy) == copy
