"""The idempotent inbox: an event that is delivered twice is handled once.

The bus delivers at least once: a space that dies between its commit and its acknowledgement gets the event again. So
the transaction that handles an event first writes the event's id here; if the id is already there, it does nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from .events import Event, now

KEEP = 100_000
"""Ids remembered for each source.

What can come twice is what was not acknowledged, on either side: at most `max_in_flight` deliveries, and at most one
batch of an outbox. Both are the newest of their source, however long a space was down, so a number is a better bound
than an age.
"""

metadata = sa.MetaData()
INBOX = sa.Table(
    "inbox",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("source", sa.String, nullable=False),
    sa.Column("id", sa.String, nullable=False),
    sa.Column("received_at", sa.String, nullable=False),
    sa.UniqueConstraint("source", "id"),
    sa.Index("inbox_order", "source", "seq"),
    sqlite_autoincrement=True,
)

Handler = Callable[[sa.Connection, Event[Any]], None]
"""Changes the space's data in the given transaction, and puts into the outbox what follows from the event."""


def handle_once(connection: sa.Connection, event: Event[Any], handler: Handler) -> bool:
    """Calls the handler unless the event was handled before, in one transaction with noting that it was.

    Returns:
        False for a duplicate.
    """
    fresh = connection.execute(
        insert(INBOX).values(source=event.source, id=event.id, received_at=now()).on_conflict_do_nothing()
    )
    if fresh.rowcount == 0:
        return False
    handler(connection, event)
    return True


def prune(connection: sa.Connection, keep: int = KEEP) -> int:
    """Forgets all but the newest ids of each source; returns how many."""
    forgotten = 0
    for source in connection.execute(sa.select(INBOX.c.source).distinct()).scalars().all():
        of_source = sa.select(INBOX.c.seq).where(INBOX.c.source == source)
        newest_to_go = of_source.order_by(INBOX.c.seq.desc()).limit(1).offset(keep).scalar_subquery()
        forgotten += connection.execute(
            INBOX.delete().where(INBOX.c.source == source, INBOX.c.seq <= newest_to_go)
        ).rowcount
    return forgotten
