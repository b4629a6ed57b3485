"""Every space of the shop tries every subject of every other one, in both directions."""

from __future__ import annotations

import asyncio
import itertools
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

TEMPLATE = Path(__file__).parents[3] / "templates" / "systems" / "ecommerce" / "template.toml"


def _shop() -> dict[str, dict[str, Any]]:
    spaces = tomllib.loads(TEMPLATE.read_text(encoding="utf-8"))["spaces"]
    return {each["name"]: {key: each.get(key, []) for key in ("publishes", "subscribes")} for each in spaces}


def test_all_that_is_not_declared_is_refused_and_all_that_is_declared_works(start_bus: Callable[..., Any]) -> None:
    shop = _shop()
    bus = start_bus(shop)
    subjects = [subject for events in shop.values() for subject in events["publishes"]]
    assert len(subjects) > 8
    streams = [name for name, events in shop.items() if events["publishes"]]

    async def run() -> None:
        await bus.provision()
        for name, events in shop.items():
            async with bus.client(name) as client:
                for subject in subjects:
                    allowed = subject in events["publishes"]
                    assert await bus.refuses(client, subject, publish=True) is not allowed, (name, subject)
                    # Nobody hears an event but through its consumer, declared or not.
                    assert await bus.refuses(client, subject, publish=False), (name, subject)
                for stream, consumer in itertools.product(streams, shop):
                    pull = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"
                    heard = any(s in shop[stream]["publishes"] for s in events["subscribes"])
                    allowed = consumer == name and heard
                    assert await bus.refuses(client, pull, publish=True) is not allowed, (name, pull)

    asyncio.run(run())
