"""The table of payments, and what reads and writes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.dialects.sqlite import insert

from .domain import Status, payment_id

metadata = sa.MetaData()
PAYMENTS = sa.Table(
    "payments",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("payment_id", sa.String, nullable=False, unique=True),
    sa.Column("order_id", sa.String, nullable=False, unique=True),
    sa.Column("status", sa.String, nullable=False, index=True),
    # Not known while only catalog or a cancellation has spoken of the order.
    sa.Column("amount_cents", sa.Integer),
    sa.Column("currency", sa.String),
    sa.Column("token", sa.String),
    sa.Column("reason", sa.String),
)

PublicStatus = Literal["pending", "captured", "declined", "refunded", "void"]


class Payment(BaseModel):
    """The payment for an order."""

    payment_id: str
    order_id: str
    status: PublicStatus
    reason: str | None
    amount_cents: int
    currency: str


class Payments(BaseModel):
    """Some payments, and how many there are in all."""

    items: list[Payment]
    total: int


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a payment, which may be little."""

    payment_id: str
    order_id: str
    status: Status
    amount_cents: int | None
    currency: str | None
    token: str | None


def known(connection: sa.Connection, order_id: str) -> Record | None:
    """What is known of the payment for an order."""
    columns = [PAYMENTS.c[name] for name in Record.__slots__]
    row = connection.execute(sa.select(*columns).where(PAYMENTS.c.order_id == order_id)).one_or_none()
    return None if row is None else Record(**{**row._mapping, "status": Status(row.status)})


def save(connection: sa.Connection, order_id: str, **values: object) -> None:
    """Notes what became known: `status`, `amount_cents`, `currency`, `token`, `reason`."""
    connection.execute(
        insert(PAYMENTS)
        .values(order_id=order_id, payment_id=payment_id(order_id), **{"status": Status.PENDING, **values})
        .on_conflict_do_update(index_elements=[PAYMENTS.c.order_id], set_=values)
    )


def find(connection: sa.Connection, order_id: str) -> Payment | None:
    """The payment for an order, once what is due is known."""
    row = connection.execute(_priced().where(PAYMENTS.c.order_id == order_id)).one_or_none()
    return None if row is None else Payment(**row._mapping)


def search(
    connection: sa.Connection, order_id: str | None, status: PublicStatus | None, limit: int, offset: int
) -> Payments:
    """Payments, newest first."""
    wanted = [c == value for c, value in ((PAYMENTS.c.order_id, order_id), (PAYMENTS.c.status, status)) if value]
    query = _priced().where(*wanted)
    total = connection.execute(sa.select(sa.func.count()).select_from(query.subquery())).scalar_one()
    rows = connection.execute(query.order_by(PAYMENTS.c.seq.desc()).limit(limit).offset(offset))
    return Payments(items=[Payment(**row._mapping) for row in rows], total=total)


def _priced() -> sa.Select:
    columns = [PAYMENTS.c[name] for name in Payment.model_fields]
    return sa.select(*columns).where(PAYMENTS.c.amount_cents.is_not(None))
