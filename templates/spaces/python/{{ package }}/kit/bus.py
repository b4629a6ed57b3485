"""The connection to NATS: what other spaces publish comes in, what waits in the outbox goes out.

spacectl makes the streams and the consumers; this space's user may only use them. For each space whose events it
wants there is one durable consumer, named after this space, on the stream named after the other one. Replicas of this
space share that consumer, so each event goes to one of them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress

import nats.errors
from faststream import AckPolicy
from faststream.exceptions import FastStreamException
from faststream.nats import JStream, NatsBroker, NatsMessage, PullSub
from nats.js.api import PubAck

from . import telemetry
from .events import encode_headers
from .outbox import Waiting
from .settings import Settings
from .tasks import within

log = logging.getLogger(__name__)

BATCH = 64
"""Messages asked for at once; a pull returns as soon as it has what there is."""
PULL_S = 1.0
"""How long a pull waits, and so how late it can notice that the bus was away."""
ACK_TIMEOUT_S = 3.0
HANDLERS_END_S = 1.0
CLOSE_S = 0.5
RECONNECT_S = 0.2
FIRST_RETRY_S = 0.1
LONGEST_RETRY_S = 2.0
CHECK_S = 0.5
GIVE_UP_S = 5.0
"""A client that could not reconnect for this long is replaced: some refusals make it stop trying."""


class Bus:
    """The connection of one replica.

    Args:
        settings: where the bus is, and who this is.
        publishers: the spaces whose events it receives.
        take: handles and acknowledges one message.
        connected: called each time the connection is there or back.
    """

    def __init__(
        self,
        settings: Settings,
        publishers: Iterable[str],
        take: Callable[[NatsMessage], Awaitable[None]],
        connected: Callable[[], None],
    ) -> None:
        self._space = settings.space
        self._connected = connected
        self._started = False
        self.broker = NatsBroker(
            settings.nats_url,
            name=f"{settings.space}.{settings.replica}",
            inbox_prefix=settings.inbox_prefix,
            max_reconnect_attempts=-1,
            reconnect_time_wait=RECONNECT_S,
            connect_timeout=2,
            graceful_timeout=HANDLERS_END_S,
            error_cb=_say,
            disconnected_cb=self._lost,
            reconnected_cb=self._back,
            middlewares=telemetry.middlewares(),
            # The payload is decoded in `deliveries`, where a message that cannot be read is given up. Without these two
            # each message would also take a turn through a thread, and overtake others there.
            decoder=_as_it_is,
            apply_types=False,
            logger=_broker_log(),
            log_level=logging.DEBUG,
        )
        for publisher in publishers:
            self._subscribe(publisher, settings, take)

    def _subscribe(self, publisher: str, settings: Settings, take: Callable[[NatsMessage], Awaitable[None]]) -> None:
        subscriber = self.broker.subscriber(
            f"{publisher}.>",  # the consumer on the server knows which of them are wanted
            stream=JStream(publisher, declare=False),
            durable=settings.space,
            pull_sub=PullSub(batch_size=BATCH, timeout=PULL_S),
            inbox_prefix=f"{settings.inbox_prefix}.".encode(),  # here the dot belongs to it
            ack_policy=AckPolicy.MANUAL,
            include_in_schema=False,  # the contract lists each subject with its payload instead
        )

        @subscriber
        async def deliver(message: NatsMessage) -> None:
            await take(message)

    @property
    def is_connected(self) -> bool:
        """Whether events can come and go right now."""
        return self._started and self.broker.connection.is_connected

    async def run(self) -> None:
        """Connects, and stays connected until it is cancelled."""
        while True:
            await self._connect()
            await self._until_lost_for_good()
            log.warning("no bus for %.0f s: connecting anew", GIVE_UP_S)
            await self._disconnect()

    async def send(self, events: Sequence[Waiting]) -> list[int]:
        """Sends events in order, all at once, then waits for their acknowledgements.

        Returns:
            The `seq` of those that the stream has stored.

        Raises:
            ConnectionError: there is no connection.
        """
        if not self.is_connected:
            raise ConnectionError("no connection to the bus")
        stream = self.broker.config.connection_state.stream
        acks: dict[int, asyncio.Future[PubAck]] = {}
        with suppress(nats.errors.Error):  # what was not sent has no future, and so was not stored
            for event in events:
                acks[event.seq] = await stream.publish_async(
                    event.subject, event.body.encode(), stream=self._space, headers=self._headers(event)
                )
        return await _stored(acks)

    async def stop_receiving(self) -> None:
        """Asks for no more messages, and waits for those that are being handled."""
        for subscriber in self.broker.subscribers:
            await subscriber.stop()

    async def close(self) -> None:
        """Ends the connection; does not wait long for a bus that is not there."""
        await self._disconnect()

    def _headers(self, event: Waiting) -> dict[str, str]:
        attributes = encode_headers(id=event.id, source=self._space, type=event.subject, time=event.time)
        return {**attributes, **telemetry.published(event)}

    async def _connect(self) -> None:
        retry_s = FIRST_RETRY_S
        while True:
            try:
                await self.broker.start()
            except (nats.errors.Error, FastStreamException, OSError, TimeoutError) as error:
                log.warning("cannot use the bus yet: %s; again in %.1f s", _text(error), retry_s)
                await asyncio.sleep(retry_s)
                retry_s = min(retry_s * 2, LONGEST_RETRY_S)
            else:
                break
        self._started = True
        log.info("connected to the bus")
        self._connected()

    async def _until_lost_for_good(self) -> None:
        away_s = 0.0
        while away_s < GIVE_UP_S:
            await asyncio.sleep(CHECK_S)
            away_s = 0.0 if self.is_connected else away_s + CHECK_S

    async def _disconnect(self) -> None:
        self._started = False
        await within(
            CLOSE_S, self.broker.stop(), ignore=(nats.errors.Error, FastStreamException, OSError, TimeoutError)
        )

    async def _lost(self) -> None:
        if self._started:
            log.warning("lost the bus; reconnecting")

    async def _back(self) -> None:
        log.info("reconnected to the bus")
        self._connected()


async def _as_it_is(message: NatsMessage) -> NatsMessage:
    return message


async def _stored(acks: dict[int, asyncio.Future[PubAck]]) -> list[int]:
    if not acks:
        return []
    await asyncio.wait(acks.values(), timeout=ACK_TIMEOUT_S)
    stored = []
    for seq, ack in acks.items():
        if not ack.done():
            ack.cancel()
        elif error := ack.exception():
            log.warning("the bus refused an event: %s", _text(error))
        else:
            stored.append(seq)
    return stored


async def _say(error: Exception) -> None:
    # What the server refuses, such as a subject that is not declared, arrives here and nowhere else. The other errors
    # are a lost connection and attempts to get it back, of which `_lost` and `_back` say enough.
    refused = type(error) is nats.errors.Error or isinstance(error, nats.errors.AuthorizationError)
    log.log(logging.ERROR if refused else logging.DEBUG, "bus: %s", _text(error))


def _broker_log() -> logging.Logger:
    # FastStream's own logger formats lines in its own way, and notes each message twice. A pull that found nothing ends
    # in a time-out, of which one kind reaches the task that pulls; it is started again at once.
    logger = logging.getLogger(f"{__name__}.broker")
    logger.setLevel(logging.ERROR)
    logger.addFilter(lambda record: not (record.exc_info and isinstance(record.exc_info[1], TimeoutError)))
    return logger


def _text(error: BaseException) -> str:
    return str(error).removeprefix("nats: ") or type(error).__name__
