"""The tables of orders, and what reads and writes them."""

from __future__ import annotations

import json

import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.dialects.sqlite import insert

from .domain import Status
from .events import Item, Placed
from .kit.events import now

metadata = sa.MetaData()
ORDERS = sa.Table(
    "orders",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("order_id", sa.String, nullable=False, unique=True),
    sa.Column("cart_id", sa.String, nullable=False, unique=True),
    sa.Column("customer_id", sa.String, nullable=False),
    sa.Column("status", sa.String, nullable=False, index=True),
    sa.Column("reason", sa.String),
    sa.Column("items", sa.Text, nullable=False),
    sa.Column("total_cents", sa.Integer, nullable=False),
    sa.Column("currency", sa.String, nullable=False),
)
HISTORY = sa.Table(
    "history",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("order_id", sa.String, nullable=False, index=True),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("at", sa.String, nullable=False),
)


class Step(BaseModel):
    """When an order got a status."""

    status: Status
    at: str


class Order(BaseModel):
    """An order and how it came to where it stands."""

    order_id: str
    cart_id: str
    customer_id: str
    status: Status
    reason: str | None
    items: list[Item]
    total_cents: int
    currency: str
    history: list[Step]


class Orders(BaseModel):
    """Some orders, and how many there are in all."""

    items: list[Order]
    total: int


def add(connection: sa.Connection, placed: Placed) -> bool:
    """Adds an order; False when the cart has one already."""
    values = placed.model_dump(exclude={"payment_token", "items"})
    items = json.dumps([item.model_dump() for item in placed.items])
    added = connection.execute(
        insert(ORDERS).values(**values, items=items, status=Status.PLACED).on_conflict_do_nothing()
    )
    if added.rowcount == 0:
        return False
    _note(connection, placed.order_id, Status.PLACED)
    return True


def find(connection: sa.Connection, order_id: str) -> Order | None:
    """The order of that id."""
    row = connection.execute(sa.select(ORDERS).where(ORDERS.c.order_id == order_id)).one_or_none()
    return None if row is None else _orders(connection, [row])[0]


def search(connection: sa.Connection, cart_id: str | None, status: Status | None, limit: int, offset: int) -> Orders:
    """Orders, newest first."""
    wanted = [column == value for column, value in ((ORDERS.c.cart_id, cart_id), (ORDERS.c.status, status)) if value]
    total = connection.execute(sa.select(sa.func.count()).select_from(ORDERS).where(*wanted)).scalar_one()
    rows = connection.execute(
        sa.select(ORDERS).where(*wanted).order_by(ORDERS.c.seq.desc()).limit(limit).offset(offset)
    ).all()
    return Orders(items=_orders(connection, rows), total=total)


def move(connection: sa.Connection, order_id: str, status: Status, reason: str | None) -> None:
    """Gives an order its next status."""
    connection.execute(ORDERS.update().where(ORDERS.c.order_id == order_id).values(status=status, reason=reason))
    _note(connection, order_id, status)


def _note(connection: sa.Connection, order_id: str, status: Status) -> None:
    connection.execute(HISTORY.insert().values(order_id=order_id, status=status, at=now()))


def _orders(connection: sa.Connection, rows: list[sa.Row]) -> list[Order]:
    histories: dict[str, list[Step]] = {row.order_id: [] for row in rows}
    steps = sa.select(HISTORY).where(HISTORY.c.order_id.in_(histories)).order_by(HISTORY.c.seq)
    for step in connection.execute(steps):
        histories[step.order_id].append(Step(status=step.status, at=step.at))
    return [
        Order(
            order_id=row.order_id,
            cart_id=row.cart_id,
            customer_id=row.customer_id,
            status=row.status,
            reason=row.reason,
            items=json.loads(row.items),
            total_cents=row.total_cents,
            currency=row.currency,
            history=histories[row.order_id],
        )
        for row in rows
    ]
