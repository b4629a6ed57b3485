from pathlib import Path
from typing import Any

import pytest

from spacectl.core.holding import held_back, with_held
from spacectl.model.manifest import SystemManifest
from spacectl.model.system import Source, System


def manifest(name: str = "shop", **sections: Any) -> SystemManifest:
    return SystemManifest.model_validate({"system": {"name": name}, **sections})


@pytest.mark.parametrize(
    ("written", "held"),
    [
        (manifest(), ()),
        (manifest(bus={"max_store": "5GB"}), ()),
        (manifest(system={"name": "shop", "spaces": ["apps/*"]}), ()),
        (manifest("store"), ("[system] name",)),
        (manifest(bus={"port": 4300}), ("[bus] port",)),
        (manifest(bus={"url": "nats://there:4222"}), ("[bus] url",)),
        (
            manifest("store", bus={"sync": "always"}, gateway={"port": 80}),
            ("[system] name", "[bus] sync", "[gateway] port"),
        ),
    ],
)
def test_what_cannot_change_while_it_runs(written: SystemManifest, held: tuple[str, ...]) -> None:
    assert held_back(manifest(), written) == held
    system = System(written, Path("/shop"), Source("system.toml", (), {}), ())
    taken = with_held(manifest(), system)
    assert held_back(manifest(), taken.manifest) == ()
    assert taken.manifest.bus.max_store == written.bus.max_store
    assert taken.manifest.system.spaces == written.system.spaces
