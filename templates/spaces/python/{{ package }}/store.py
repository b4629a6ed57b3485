"""The data of this space: the events it was told of."""

from __future__ import annotations

import json

import sqlalchemy as sa
from pydantic import BaseModel, JsonValue

from .kit.events import Event, Payload

metadata = sa.MetaData()
KEPT = sa.Table(
    "kept",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("id", sa.String, nullable=False),
    sa.Column("subject", sa.String, nullable=False),
    sa.Column("time", sa.String, nullable=False),
    sa.Column("data", sa.Text, nullable=False),
)


class Kept(BaseModel):
    """An event that this space was told of."""

    id: str
    subject: str
    time: str
    data: JsonValue


def keep(connection: sa.Connection, event: Event[Payload]) -> None:
    """Adds an event."""
    connection.execute(
        KEPT.insert().values(
            id=event.id,
            subject=event.payload.subject,
            time=event.time,
            data=event.payload.model_dump_json(),
        )
    )


def newest(connection: sa.Connection, limit: int) -> list[Kept]:
    """The events that came last, newest first."""
    rows = connection.execute(sa.select(KEPT).order_by(KEPT.c.seq.desc()).limit(limit))
    return [Kept(id=row.id, subject=row.subject, time=row.time, data=json.loads(row.data)) for row in rows]
