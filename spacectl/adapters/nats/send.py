"""Publishes one event as a CloudEvent in binary mode, and waits until the bus has stored it.

Header names: https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/nats-protocol-binding.md (binary mode);
the lower-case names without the binding's prefix are those the spaces use.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import nats.errors
import nats.js.errors

from spacectl.errors import MachineError, SpacectlError, UsageError
from spacectl.model.message import Sent

if TYPE_CHECKING:
    from nats.aio.client import Client

SOURCE = "/spacectl"
_ACK_S = 5.0


async def publish(
    client: Client, subject: str, body: bytes, *, headers: Mapping[str, str] | None = None, event_id: str | None = None
) -> Sent:
    """Publish and wait for the acknowledgement.

    Args:
        client: a connection that may publish to the subject.
        subject: one that a stream holds.
        body: a JSON document.
        headers: added to those of the event, or in place of them.
        event_id: its `ce-id`, by which the bus knows a duplicate; a new random one by default.

    Raises:
        UsageError: the body is larger than the bus takes.
        MachineError: the bus did not acknowledge in time.
        SpacectlError: the bus refused it.
    """
    event_id = event_id or str(uuid4())
    all_headers = {**_headers(subject, event_id), **(headers or {})}
    size = len(body) + _size(all_headers)
    if size > client.max_payload:  # the server would close the connection
        raise UsageError(f"the event has {size} bytes with its headers; the bus takes at most {client.max_payload}")
    try:
        ack = await client.jetstream(timeout=_ACK_S).publish(subject, body, headers=all_headers)
    except nats.js.errors.APIError as error:
        raise SpacectlError(f"the bus refused the event: {error.description}") from error
    except (nats.errors.Error, TimeoutError) as error:
        raise MachineError(f"the bus did not acknowledge the event: {error}") from error
    return Sent(subject=subject, stream=ack.stream, sequence=ack.seq, id=event_id, duplicate=bool(ack.duplicate))


def _headers(subject: str, event_id: str) -> dict[str, str]:
    return {
        "ce-specversion": "1.0",
        "ce-id": event_id,
        "ce-source": SOURCE,
        "ce-type": subject,
        "ce-time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "content-type": "application/json",
        "Nats-Msg-Id": event_id,
    }


def _size(headers: Mapping[str, str]) -> int:
    lines = ["NATS/1.0", *(f"{key}: {value}" for key, value in headers.items()), ""]
    return len("\r\n".join([*lines, ""]).encode())
