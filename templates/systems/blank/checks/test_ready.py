"""The first check of any system: everything that was started is up."""

from typing import Any


def test_system_is_ready(system: dict[str, Any]) -> None:
    assert system["state"] == "ready"


def test_every_started_space_has_all_its_replicas(system: dict[str, Any]) -> None:
    started = [space for space in system["spaces"] if space["desired"] > 0 and space["kind"] == "service"]
    lacking = {
        space["name"]: f"{space['ready']} of {space['desired']} ready, {space['state']}"
        for space in started
        if space["state"] != "ready" or space["ready"] < space["desired"]
    }
    assert not lacking
