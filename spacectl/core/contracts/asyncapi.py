"""What an AsyncAPI 3 document says of events: which subjects a space sends and receives, and with which payloads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from spacectl.core.contracts.places import Document, Place, UnjudgedError

Action = Literal["send", "receive"]


@dataclass(frozen=True, slots=True)
class Event:
    """What is sent or received on a subject.

    Attributes:
        at: the operation.
        payloads: one for each message that may come; None where it is no JSON Schema, or nothing is said.
    """

    at: Place
    payloads: tuple[Place | None, ...]


def events(document: Document, action: Action) -> Mapping[str, Event]:
    """The events by subject. Operations that lead nowhere are left out: `flaws` of the document tell of them."""
    found: dict[str, Event] = {}
    for operation in _operations(document):
        if operation.schema.get("action") != action:
            continue
        channel = _followed(operation, "channel")
        if channel is None:
            continue
        address = channel.schema.get("address")
        subject = address if isinstance(address, str) else channel.pointer.rpartition("/")[2]
        known = found.get(subject)
        payloads = tuple(_payloads(operation, channel))
        found[subject] = Event(operation, (*known.payloads, *payloads) if known is not None else payloads)
    return found


def _operations(document: Document) -> Iterator[Place]:
    operations = document.place("/operations")
    if operations is not None and isinstance(operations.schema, dict):
        for name in operations.schema:
            place = _follow(operations.at(name))
            if place is not None and isinstance(place.schema, dict):
                yield place


def _payloads(operation: Place, channel: Place) -> Iterator[Place | None]:
    """The payloads of the messages that the operation names; all of its channel's where it names none."""
    holder = operation if isinstance(operation.schema.get("messages"), list) else channel
    messages = holder.schema.get("messages")
    if not messages:
        return
    keys = range(len(messages)) if isinstance(messages, list) else messages
    for key in keys:
        message = _follow(holder.at("messages", key))
        yield None if message is None else _payload(message)


def _payload(message: Place) -> Place | None:
    if not isinstance(message.schema, dict) or "payload" not in message.schema:
        return None
    payload = message.at("payload")
    if isinstance(payload.schema, dict) and "schemaFormat" in payload.schema:
        told = str(payload.schema["schemaFormat"])
        is_json = "json" in told or "aai.asyncapi" in told
        payload = payload.at("schema") if is_json and "schema" in payload.schema else message
    return payload if payload is not message and isinstance(payload.schema, dict | bool) else None


def _followed(holder: Place, key: str) -> Place | None:
    place = _follow(holder.at(key)) if key in holder.schema else None
    return place if place is not None and isinstance(place.schema, dict) else None


def _follow(place: Place) -> Place | None:
    try:
        return place.followed()
    except UnjudgedError:
        return None
