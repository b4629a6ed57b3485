"""Shows events as they pass, without ever slowing the bus.

A plain subscriber that reads slowly makes the server hold its publishers back. A tap therefore asks: it has a consumer
of its own on each stream, in the server's memory and without acknowledgements, and asks for the next few messages only
when its reader has taken the former ones. Stopped, it asks for nothing, and after a while its consumers are gone. Too
far behind, it begins anew with what comes next and says how many messages it left out.

Requests and their statuses: https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-37.md
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import nats.errors
import nats.js.errors
from nats.aio.msg import Msg
from nats.js import api

from spacectl.errors import MachineError, NotRunningError
from spacectl.model.bus import OWNER_KEY, USE_KEY
from spacectl.model.message import Message, Skipped, decode_body

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.subscription import Subscription
    from nats.js.manager import JetStreamManager

BATCH = 256
"""Messages asked for at once: enough that asking costs little, few enough that a stopped tap holds little."""
BATCH_BYTES = 1024 * 1024
MAX_BEHIND = 10_000
"""Messages a tap may be behind in a stream; enough that a burst is shown whole."""

_LINGER_S = 20.0  # how long the server keeps a request for which there is no message yet
_FORGET_S = 60.0  # how long it keeps a consumer of which nobody asks anything
_REQUEST_S = 5.0
_LOOK_S = 1.0  # how often a waiting tap looks whether the connection was lost meanwhile
_GONE_S = 10.0  # how long the server may be away: a restart is shorter


@dataclass(frozen=True, slots=True)
class TapOrder:
    """What to show.

    Attributes:
        system: name of the system, with which the consumers are marked.
        wanted: the subjects of each stream; none for a stream means all it holds.
        since: show what the streams hold from this time on, before what is new; None shows only what is new.
        follow: go on with what is new; False ends when what was there has been shown.
        max_behind: messages of one stream after which it skips to what comes next.
    """

    system: str
    wanted: Mapping[str, Sequence[str]]
    since: datetime | None = None
    follow: bool = True
    max_behind: int = MAX_BEHIND


@asynccontextmanager
async def open_tap(client: Client, order: TapOrder) -> AsyncIterator[AsyncIterator[Message | Skipped]]:
    """A tap that misses nothing from here on. Messages of several streams come in the order of their time.

    Raises:
        MachineError: the bus does not answer, or refuses.
        NotRunningError: the bus went away and did not come back.
    """
    tap = _Tap(client, order)
    try:
        with _told():
            await tap.open()
        async with aclosing(tap.messages()) as messages:
            yield messages
    finally:
        await tap.close()


@dataclass
class _Source:
    """One stream, and how far the tap is with it."""

    stream: str
    subjects: tuple[str, ...]
    consumer: str = ""
    history_end: int = 0  # sequence of the last message that was there when the tap began
    seen: int = 0  # sequence of the last message that came from the server
    pending: int = 0  # messages the server had beyond that one, as it said then
    buffered: deque[Msg] = field(default_factory=deque)
    request: int = 0  # number of the request that is out; 0 when none is
    owed: int = 0  # messages that request may still bring
    brought: int = 0  # messages it has brought
    single: bool = False  # the next message is larger than a whole batch may be
    lost: bool = False  # the server does not know the consumer any more

    @property
    def in_history(self) -> bool:
        return self.pending > 0 and self.seen < self.history_end


class _Tap:
    def __init__(self, client: Client, order: TapOrder) -> None:
        self._client = client
        self._js: JetStreamManager = client.jsm(timeout=_REQUEST_S)
        self._order = order
        self._sources = [_Source(stream, tuple(subjects)) for stream, subjects in sorted(order.wanted.items())]
        self._inbox = client.new_inbox()
        self._arrived: asyncio.Queue[Msg] = asyncio.Queue()
        self._subscription: Subscription | None = None
        self._requests = self._consumers = 0
        self._reconnects = client.stats["reconnects"]
        self._connected_at = time.monotonic()

    async def open(self) -> None:
        self._subscription = await self._client.subscribe(f"{self._inbox}.*", cb=self._arrived.put)
        for source in self._sources:
            last = await self._last_sequence(source)
            source.history_end = source.seen = last
            if self._order.since is None:
                await self._begin(source, after=last)
            else:
                await self._begin(source, since=self._order.since)
                source.seen = 0 if source.pending else last

    async def close(self) -> None:
        """Remove the consumers while the server is there to hear it; otherwise it forgets them by itself."""
        with suppress(nats.errors.Error, TimeoutError):
            if self._subscription is not None:
                await self._subscription.unsubscribe()
            for source in self._sources:
                if source.consumer and self._client.is_connected:
                    await self._js.delete_consumer(source.stream, source.consumer)

    async def messages(self) -> AsyncGenerator[Message | Skipped, None]:
        while self._sources:
            self._sort_in()
            for source in [s for s in self._sources if not s.request and not s.buffered]:
                with _told():
                    skipped = await self._ask(source)
                if skipped:
                    yield Skipped(skipped)
            source_of_next = self._oldest()
            if source_of_next is not None:
                yield _message(source_of_next.buffered.popleft())
            elif self._at_end():
                return
            else:
                await self._wait()

    def _oldest(self) -> _Source | None:
        # A stream that is known to hold more may hold the oldest: then it is waited for.
        if any(self._wants(source) and source.pending and not source.buffered for source in self._sources):
            return None
        filled = [source for source in self._sources if source.buffered]
        return min(filled, key=lambda source: source.buffered[0].metadata.timestamp, default=None)

    def _wants(self, source: _Source) -> bool:
        return self._order.follow or source.in_history

    def _at_end(self) -> bool:
        return not self._order.follow and not any(s.in_history or s.buffered for s in self._sources)

    async def _wait(self) -> None:
        """Wait for a message, and look every second whether it can still come."""
        with suppress(TimeoutError):
            self._take(await asyncio.wait_for(self._arrived.get(), _LOOK_S))
        if self._client.is_connected:
            self._connected_at = time.monotonic()
        elif self._client.is_closed or time.monotonic() > self._connected_at + _GONE_S:
            raise NotRunningError("the bus went away", hint="`spacectl up` starts the system again")
        if self._client.stats["reconnects"] != self._reconnects:
            self._reconnects = self._client.stats["reconnects"]
            for source in self._sources:  # a request does not outlive its connection, nor a consumer its server
                source.request, source.lost = 0, True

    def _sort_in(self) -> None:
        while not self._arrived.empty():
            self._take(self._arrived.get_nowait())

    def _take(self, msg: Msg) -> None:
        status = (msg.headers or {}).get(api.Header.STATUS)
        if status is not None and msg.subject.startswith(self._inbox):
            self._take_status(msg, status)
            return
        meta = msg.metadata
        for source in self._sources:
            if (source.stream, source.consumer) == (meta.stream, meta.consumer):
                source.buffered.append(msg)
                source.seen, source.pending = meta.sequence.stream, meta.num_pending
                source.single = False
                source.brought += 1
                source.owed -= 1
                if source.owed == 0:
                    source.request = 0

    def _take_status(self, msg: Msg, status: str) -> None:
        number = int(msg.subject.rpartition(".")[2])
        for source in self._sources:
            if source.request != number or status == api.StatusCode.CONTROL_MESSAGE:
                continue
            source.request = 0
            if status in (api.StatusCode.NO_MESSAGES, api.StatusCode.REQUEST_TIMEOUT):
                source.pending = 0
            elif "MaxBytes" in (msg.headers or {}).get(api.Header.DESCRIPTION, ""):
                source.single = not source.brought
            else:
                source.lost = True

    async def _ask(self, source: _Source) -> int:
        """Ask for the next messages of a stream; returns how many were skipped before."""
        skipped = 0
        if source.lost and not await self._revive(source):
            return 0
        if source.pending > self._order.max_behind and not source.in_history:
            skipped = await self._skip(source)
        if self._wants(source):
            await self._request(source)
        return skipped

    async def _request(self, source: _Source) -> None:
        self._requests += 1
        source.request, source.owed, source.brought = self._requests, 1 if source.single else BATCH, 0
        body: dict[str, object] = {"batch": source.owed}
        if not source.single:
            body["max_bytes"] = BATCH_BYTES
        if source.pending:
            body["no_wait"] = True  # they are there; if they expired meanwhile, that is to be heard at once
        else:
            body["expires"] = int(_LINGER_S * 1e9)
        await self._client.publish(
            f"$JS.API.CONSUMER.MSG.NEXT.{source.stream}.{source.consumer}",
            json.dumps(body).encode(),
            reply=f"{self._inbox}.{self._requests}",
        )

    async def _revive(self, source: _Source) -> bool:
        try:
            await self._begin(source, after=source.seen)
        except nats.js.errors.NotFoundError:  # its space is gone, and the stream with it
            self._sources.remove(source)
            return False
        except (nats.js.errors.ServiceUnavailableError, TimeoutError):  # the server is there, its streams are not yet
            return False
        return True

    async def _skip(self, source: _Source) -> int:
        """Begin anew after the last message there is; what comes while it counts may be missing in the count."""
        with suppress(nats.js.errors.NotFoundError):
            source.pending = (await self._js.consumer_info(source.stream, source.consumer)).num_pending or 0
            await self._js.delete_consumer(source.stream, source.consumer)
        last = await self._last_sequence(source)
        skipped = source.pending if source.subjects else last - source.seen
        await self._begin(source, after=last)
        source.seen = last
        return skipped

    async def _begin(self, source: _Source, *, after: int = 0, since: datetime | None = None) -> None:
        self._consumers += 1  # a new name each time: what the former one still sends must not be taken for new
        info = await self._js.add_consumer(
            source.stream,
            api.ConsumerConfig(
                name=f"tap-{self._inbox.rpartition('.')[2]}-{self._consumers}",
                deliver_policy=api.DeliverPolicy.BY_START_TIME if since else api.DeliverPolicy.BY_START_SEQUENCE,
                opt_start_time=since,
                opt_start_seq=None if since else after + 1,
                ack_policy=api.AckPolicy.NONE,
                filter_subjects=list(source.subjects) or None,
                inactive_threshold=_FORGET_S,
                mem_storage=True,
                num_replicas=1,
                metadata={OWNER_KEY: self._order.system, USE_KEY: "tap"},
            ),
        )
        source.consumer, source.pending = info.name, info.num_pending or 0
        source.request, source.lost = 0, False

    async def _last_sequence(self, source: _Source) -> int:
        return (await self._js.stream_info(source.stream)).state.last_seq


def _message(msg: Msg) -> Message:
    headers = msg.headers or {}
    meta = msg.metadata
    return Message(
        time=meta.timestamp,
        subject=msg.subject,
        stream=meta.stream,
        sequence=meta.sequence.stream,
        id=headers.get("ce-id", headers.get(api.Header.MSG_ID.value)),
        source=headers.get("ce-source"),
        size=len(msg.data),
        headers=headers,
        **decode_body(msg.data),
    )


@contextmanager
def _told() -> Iterator[None]:
    """Turns what the client raises into an error for people."""
    try:
        yield
    except (nats.errors.Error, TimeoutError) as error:
        raise MachineError(f"the bus does not answer as it should: {error}") from error
