"""Events: what they carry, and how they travel.

A payload class stands for one subject and belongs to one side: the space that publishes it declares all its fields, a
space that subscribes declares the fields it needs. Both are in the AsyncAPI document. On the bus an event is a
CloudEvent in binary mode: attributes in headers that start with `ce-`, JSON data as the body
(https://github.com/cloudevents/spec, NATS protocol binding).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError


class Payload(BaseModel):
    """The base of all payloads: frozen, and tolerant of fields that a later version of its publisher adds."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    subject: ClassVar[str]
    """The subject, such as `orders.placed`: the name of the publishing space, a dot, what happened."""

    @classmethod
    def publisher(cls) -> str:
        """The space that publishes it, which is also the name of the stream that holds it."""
        return cls.subject.partition(".")[0]


P = TypeVar("P", bound=Payload)


@dataclass(frozen=True, slots=True)
class Event(Generic[P]):
    """An event as it was received.

    Attributes:
        id: unique within its source; a duplicate has the same.
        source: who sent it: the name of a space.
        time: when it happened, RFC 3339 in UTC.
        payload: its data.
    """

    id: str
    source: str
    time: str
    payload: P


class UndecodableError(Exception):
    """A message that no later delivery will make readable."""


def decode(kind: type[P], headers: Mapping[str, str], body: bytes, *, fallback_id: str) -> Event[P]:
    """Reads an event from a message.

    Args:
        kind: the payload class for the subject.
        headers: the message's; names in any case.
        body: JSON.
        fallback_id: identity for a message that was sent by hand without `ce-id` and `Nats-Msg-Id`.

    Raises:
        UndecodableError: the body is not JSON, or lacks what `kind` needs.
    """
    found = {name.lower(): value for name, value in headers.items()}
    try:
        payload = kind.model_validate_json(body)
    except ValidationError as error:
        problems = "; ".join(f"{_place(item['loc'])}: {item['msg']}" for item in error.errors())
        raise UndecodableError(problems) from error
    return Event(
        id=found.get("ce-id") or found.get("nats-msg-id") or fallback_id,
        source=found.get("ce-source") or kind.publisher(),
        time=found.get("ce-time") or now(),
        payload=payload,
    )


def encode_headers(*, id: str, source: str, type: str, time: str) -> dict[str, str]:  # noqa: A002
    """The headers of an event; the bus drops a second message with the same `Nats-Msg-Id`."""
    return {
        "ce-specversion": "1.0",
        "ce-id": id,
        "ce-source": source,
        "ce-type": type,
        "ce-time": time,
        "content-type": "application/json",
        "Nats-Msg-Id": id,
    }


def now() -> str:
    """The time in UTC as RFC 3339 with microseconds, which sorts as text."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "body"
