"""What happens to one delivered message: it is handled once and acknowledged, or comes again, or is given up.

The acknowledgement follows the commit, never the other way round: a crash in between means a second delivery, which
the inbox recognises.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from faststream.nats import NatsMessage
from nats.errors import NotJSMessageError

from .database import Database
from .events import Event, Payload, UndecodableError, decode
from .inbox import Handler, handle_once

log = logging.getLogger(__name__)

Handlers = Mapping[type[Payload], Handler]

FIRST_RETRY_S = 0.2
LONGEST_RETRY_S = 30.0


class Deliveries:
    """Takes messages to their handlers.

    Args:
        database: where handlers run, each in one transaction with its entry in the inbox.
        handlers: what to do with each kind of event.
    """

    def __init__(self, database: Database, handlers: Handlers) -> None:
        self._database = database
        self._handlers = {kind.subject: (kind, handler) for kind, handler in handlers.items()}

    async def take(self, message: NatsMessage) -> None:
        """Handles a message. Only a bug in the messaging library makes it raise."""
        subject = message.raw_message.subject
        try:
            event, handler = self._read(subject, message)
        except UndecodableError as error:
            log.error("%s %s cannot be read and is given up: %s", subject, identity(message), error)
            await message.reject()
            return
        try:
            fresh = await self._database.write(handle_once, event, handler)
        except Exception:
            attempt = deliveries(message)
            retry_s = min(FIRST_RETRY_S * 2 ** (attempt - 1), LONGEST_RETRY_S)
            log.exception("%s %s: delivery %d failed, again in %.1f s", subject, event.id, attempt, retry_s)
            await message.nack(delay=retry_s)
            return
        if not fresh:
            log.debug("%s %s was handled before", subject, event.id)
        await message.ack()

    def _read(self, subject: str, message: NatsMessage) -> tuple[Event[Payload], Handler]:
        if subject not in self._handlers:
            raise UndecodableError("this space has no handler for it")
        kind, handler = self._handlers[subject]
        event = decode(kind, message.headers, message.body, fallback_id=identity(message))
        return event, handler


def deliveries(message: NatsMessage) -> int:
    """How often the message was delivered, this time included."""
    try:
        return message.raw_message.metadata.num_delivered or 1
    except NotJSMessageError:
        return 1


def identity(message: NatsMessage) -> str:
    """The place of the message in its stream, which is the same each time it is delivered."""
    try:
        where = message.raw_message.metadata
    except NotJSMessageError:
        return message.message_id
    return f"{where.stream}/{where.sequence.stream}"
