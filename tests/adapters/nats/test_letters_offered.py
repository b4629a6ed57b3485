"""Dead letters of a real server, as a shell is offered them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from spacectl.adapters.lock import try_lock
from spacectl.model.layout import Layout

LONG = "orders." + "placed-" * 20 + "now"
SHOP = {
    "orders": {"publishes": ["orders.placed", LONG]},
    "payments": {"subscribes": ["orders.placed", LONG], "delivery": {"max_deliver": 2}},
}


def offered(bus: Any, line: str, **env: str) -> list[str]:
    """What is offered for the last word of a line; nothing may be told otherwise."""
    asked = {"_SPACECTL_COMPLETE": "complete_fish", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    done = subprocess.run(
        [sys.executable, "-m", "spacectl"],
        env=os.environ | asked | {"_TYPER_COMPLETE_ARGS": f"spacectl letters --system {bus.root} {line}"} | env,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout.splitlines()


async def give_up(bus: Any, *subjects: str) -> None:
    async with bus.client("orders") as client:
        for subject in subjects:
            await client.jetstream().publish(subject, b"{}")
    async with bus.client("payments") as client:
        pull = await client.jetstream().pull_subscribe_bind(
            "payments", stream="orders", inbox_prefix=b"_INBOX.payments."
        )
        for message in await pull.fetch(len(subjects), timeout=20):
            await message.term()
            await client.flush()


def test_letters_are_offered_with_their_edge(start_bus: Callable[..., Any]) -> None:
    bus = start_bus(SHOP)
    asyncio.run(bus.provision())
    asyncio.run(give_up(bus, "orders.placed", "orders.placed", LONG))
    assert offered(bus, "drop ") == []  # no supervisor holds the lock
    lock = try_lock(Layout(bus.root).lock)
    assert lock is not None
    try:
        first, second, third = bus.eventually(lambda: len(told := offered(bus, "drop ")) == 3 and told, "three letters")
        assert (first, second) == ("1\torders → payments orders.placed", "2\torders → payments orders.placed")
        assert third.startswith("3\torders → payments")
        assert offered(bus, "replay 1 ") == [second, third]
        assert offered(bus, "show 2") == [second]
        assert offered(bus, "show 2 ") == offered(bus, "list ") == []
        bus.stop()
        assert offered(bus, "drop ") == []
    finally:
        os.close(lock)
