"""One event as it is seen on the bus."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import AwareDatetime, Field
from pydantic_core import from_json

from spacectl.model.strict import Strict


def _is_none(value: object) -> bool:
    return value is None


class Message(Strict):
    """An event, as `tap` shows it; its JSON has no headers, and `text` or `base64` only where the body is no JSON.

    Attributes:
        time: when the bus stored it.
        subject: what it was published to.
        stream: the stream that holds it.
        sequence: its number in that stream.
        id: the `ce-id` header, else `Nats-Msg-Id`; None without either.
        source: the `ce-source` header.
        size: bytes of the body.
        data: the body where it is JSON, decoded; else None.
        text: the body where it is text and not JSON.
        base64: the body where it is neither.
        headers: as they came.
    """

    time: AwareDatetime
    subject: str
    stream: str
    sequence: int
    id: str | None
    source: str | None
    size: int
    data: Any = None
    text: str | None = Field(default=None, exclude_if=_is_none)
    base64: str | None = Field(default=None, exclude_if=_is_none)
    headers: Mapping[str, str] = Field(default_factory=dict, exclude=True, repr=False)


@dataclass(frozen=True, slots=True)
class Skipped:
    """So many messages came and went unseen, because the reader was too far behind."""

    count: int


class Sent(Strict):
    """What became of an event that `send` published.

    Attributes:
        subject: what it was published to.
        stream: the stream that holds it.
        sequence: its number in that stream; that of the first one when it is a duplicate.
        id: its `ce-id`.
        duplicate: the bus had a message with this id already, and stored no second one.
    """

    subject: str
    stream: str
    sequence: int
    id: str
    duplicate: bool


def decode_body(body: bytes) -> dict[str, Any]:
    """The fields of a Message that hold a body: `data`, `text` or `base64`. An empty body is none of them."""
    if not body:
        return {}
    try:
        return {"data": from_json(body, allow_inf_nan=False)}
    except ValueError:
        pass
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode()}
