"""A space that does on the bus what its manifest does not declare."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.system


def test_an_undeclared_publish_is_refused_and_seen(
    make_system: Any, run_program: Callable[..., str], wait_for: Callable[..., Any]
) -> None:
    def space(*subjects: str) -> str:
        program = run_program("publish", *subjects)
        events = '[events]\npublishes = ["orders.placed"]\n'
        return f'[run]\n{program}[api]\nserves = false\n[ready]\nlog = "published"\n{events}'

    system = make_system({"orders": space("orders.placed", "billing.nope", "billing.nope", "orders.extra")})
    up = system.foreground("up")
    up.until("orders.1 | published")
    up.until("may not publish billing.nope")  # in the table, or as it happens

    def seen() -> dict[str, int]:
        return {each["subject"]: each["count"] for each in system.ps()["spaces"][0]["violations"]}

    wait_for(lambda: seen() == {"billing.nope": 2, "orders.extra": 1}, f"{seen()}")
    shown = system.run("ps").out
    assert "! orders may not publish billing.nope (2 times): a space publishes only subjects that begin with" in shown
    assert '(once): add "orders.extra" to publishes under [events] in the space.toml of orders' in shown

    logs = system.run("logs").out
    assert "bus      | [" in logs
    assert '"APP/user:orders" - Publish Violation - Subject "billing.nope"' in logs
    assert "Starting nats-server" not in logs
    assert "Starting nats-server" in system.run("logs", "bus").out
    lines = [json.loads(line) for line in system.run("logs", "orders", "--json").out.splitlines()]
    assert ("orders.1", "published") in {(line["source"], line["line"]) for line in lines}
    assert "Permissions Violation for Publish" in system.log("orders.1")
    up.interrupt()
    assert up.ended() == 130
