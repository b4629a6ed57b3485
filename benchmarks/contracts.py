"""A thousand event edges, each with documents of its own, judged one after the other."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacectl.core.contracts.contract import Contract
from spacectl.core.contracts.events import Events
from spacectl.core.contracts.judge import Judge
from spacectl.core.contracts.reading import asyncapi

ORDERS = Path(__file__).parent.parent / "templates/systems/ecommerce/spaces/orders/contract/asyncapi.json"
EDGES = 1000
FAN_OUT = 10
"""Subscribers of each event."""


@dataclass(frozen=True)
class Taken:
    """Seconds of the processor, which no other program's work adds to: for reading decoded files, and for judging."""

    reading: float
    judging: float


def judged() -> Taken:
    """A thousand edges; every tenth breaks.

    The publishers' payload is that of the shop's `orders.placed`, the subscribers' a part of it.
    """
    schemas = json.loads(ORDERS.read_text(encoding="utf-8"))["components"]["schemas"]
    written = [each for number in range(EDGES // FAN_OUT) for each in _written_system(number, schemas)]
    started = time.process_time()
    contracts = [_contract(*each) for each in written]
    read = time.process_time()
    checks = list(Events(Judge()).fits(contracts))
    done = time.process_time()
    breaking = sum(check.verdict == "breaking" for check in checks)
    if (len(checks), breaking) != (EDGES, EDGES // FAN_OUT):
        raise RuntimeError(f"{len(checks)} edges were judged, {breaking} of them breaking")
    return Taken(read - started, done - read)


Written = tuple[str, str, str, Any]
"""A space: its name, the subject, send or receive, its decoded document."""


def _written_system(number: int, schemas: dict[str, Any]) -> list[Written]:
    subject = f"space{number}.placed"
    sent = _written(f"space{number}", subject, "send", schemas["Placed"], schemas)
    parts = [_part(schemas["Placed"], each) for each in range(FAN_OUT)]
    readers = (_written(f"reader{number}-{at}", subject, "receive", each, schemas) for at, each in enumerate(parts))
    return [sent, *readers]


def _part(payload: dict[str, Any], number: int) -> dict[str, Any]:
    """What one subscriber reads of it; the first wants more than there is."""
    names = [*list(payload["properties"])[: 3 + number % 5], "items"]
    properties = {name: payload["properties"][name] for name in names}
    required = ["missing"] if number == 0 else names
    return {"type": "object", "title": f"Part {number}", "properties": properties, "required": required}


def _written(name: str, subject: str, action: str, payload: Any, schemas: dict[str, Any]) -> Written:
    document = {
        "asyncapi": "3.0.0",
        "channels": {"c": {"address": subject, "messages": {"m": {"payload": payload}}}},
        "operations": {"o": {"action": action, "channel": {"$ref": "#/channels/c"}}},
        "components": {"schemas": schemas},
    }
    return name, subject, action, json.loads(json.dumps(document))


def _contract(name: str, subject: str, action: str, contents: Any) -> Contract:
    document, _ = asyncapi(f"{name}.json", contents)
    base = f"spaces/{name}/contract"
    if action == "send":
        return Contract(name, base, publishes=(subject,), asyncapi=document)
    return Contract(name, base, subscribes=(subject,), asyncapi=document)
