"""The transactional outbox: an event leaves exactly when the change that caused it is committed.

`put` writes the event into the same transaction as the change. After the commit the relay sends what waits, in the
order of the commits, and marks each event when the bus has acknowledged it. A crash in between leaves the event
unmarked and it is sent again, with the same id, so the bus drops the second copy if it had stored the first.

All replicas of a space share its outbox. A lock lets one relay send at a time, which keeps the order; the lock dies
with its holder, and a slow sweep finds what a killed replica committed and did not send.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import uuid4

import sqlalchemy as sa

from . import telemetry
from .database import Database, leaves_events
from .events import Payload, now
from .locks import FileLock

log = logging.getLogger(__name__)

BATCH = 256
"""Events sent before waiting for their acknowledgements."""
KEEP = 1000
"""Sent events that stay, to be looked at."""
SWEEP_S = 5.0
FIRST_RETRY_S = 0.1
LONGEST_RETRY_S = 5.0


metadata = sa.MetaData()
OUTBOX = sa.Table(
    "outbox",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("id", sa.String, nullable=False, unique=True),
    sa.Column("subject", sa.String, nullable=False),
    sa.Column("time", sa.String, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("trace", sa.Text, nullable=False),
    sa.Column("sent_at", sa.String),
    # Without it the number of a pruned row could be given again, which would break the order.
    sqlite_autoincrement=True,
)
sa.Index("outbox_waiting", OUTBOX.c.seq, sqlite_where=OUTBOX.c.sent_at.is_(None))


class UndeclaredError(Exception):
    """A space tries to publish what it did not declare."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that is committed and not known to be on the bus."""

    seq: int
    id: str
    subject: str
    time: str
    body: str
    trace: dict[str, str]


Send = Callable[[Sequence[Waiting]], Awaitable[Sequence[int]]]
"""Sends events in order; returns the `seq` of those the bus acknowledged. Raises ConnectionError without a bus."""


def put(connection: sa.Connection, payload: Payload) -> str:
    """Adds an event to the running transaction.

    Returns:
        The id the event will have.

    Raises:
        UndeclaredError: the space does not say that it publishes this; the bus would refuse it for ever.
    """
    declared = connection.get_execution_options().get("publishes")
    if declared is not None and type(payload) not in declared:
        raise UndeclaredError(f"{payload.subject}: add it to PUBLISHES and to [events] publishes in space.toml")
    event_id = uuid4().hex
    connection.execute(
        OUTBOX.insert().values(
            id=event_id,
            subject=payload.subject,
            time=now(),
            body=payload.model_dump_json(),
            trace=json.dumps(telemetry.current_trace()),
        )
    )
    leaves_events(connection)
    return event_id


def waiting(connection: sa.Connection, limit: int = BATCH) -> list[Waiting]:
    """The oldest events that still have to be sent, in order."""
    columns = (OUTBOX.c.seq, OUTBOX.c.id, OUTBOX.c.subject, OUTBOX.c.time, OUTBOX.c.body, OUTBOX.c.trace)
    rows = connection.execute(sa.select(*columns).where(OUTBOX.c.sent_at.is_(None)).order_by(OUTBOX.c.seq).limit(limit))
    return [Waiting(*row[:-1], trace=json.loads(row.trace)) for row in rows]


def mark_sent(connection: sa.Connection, sent: Sequence[int]) -> None:
    """Notes that the bus has these, and forgets the oldest that are done."""
    connection.execute(OUTBOX.update().where(OUTBOX.c.seq.in_(sent)).values(sent_at=now()))
    connection.execute(OUTBOX.delete().where(OUTBOX.c.sent_at.is_not(None), OUTBOX.c.seq <= max(sent) - KEEP))


class Relay:
    """Sends what waits in the outbox.

    Args:
        database: where the outbox is.
        send: how to send; see `Send`.
    """

    def __init__(self, database: Database, send: Send) -> None:
        self._database = database
        self._send = send
        self._lock = FileLock(database.folder / "outbox.lock")
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Says that there may be something to send: after a commit, or when the bus is back."""
        self._woken.set()

    async def run(self) -> None:
        """Sends until it is cancelled; what the bus does not take is tried again, ever more slowly."""
        retry_s = FIRST_RETRY_S
        while True:
            self._woken.clear()
            try:
                await self.flush()
            except TimeoutError as error:
                log.warning("%s; again in %.1f s", error, retry_s)
                await asyncio.sleep(retry_s)
                retry_s = min(retry_s * 2, LONGEST_RETRY_S)
            except ConnectionError:
                await self._pause()  # the bus wakes this when it is back
            else:
                retry_s = FIRST_RETRY_S
                await self._pause()

    async def flush(self) -> None:
        """Sends all that waits now.

        Raises:
            ConnectionError: there is no connection to the bus.
            TimeoutError: the bus did not acknowledge an event; it and those after it stay.
        """
        if not await self._database.read(waiting, 1):
            return  # not worth the lock
        async with self._lock:
            while batch := await self._database.read(waiting):
                sent = await self._send(batch)
                if sent:
                    await self._database.write(mark_sent, sent)
                if len(sent) < len(batch):
                    first = next(event for event in batch if event.seq not in set(sent))
                    raise TimeoutError(f"the bus did not take {first.subject} {first.id}")

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), SWEEP_S)
