"""The tables of cart, and what reads and writes them."""

from __future__ import annotations

from uuid import uuid4

import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.dialects.sqlite import insert

from .domain import Buyer, Status, total_cents
from .events import Item

metadata = sa.MetaData()
CARTS = sa.Table(
    "carts",
    metadata,
    sa.Column("cart_id", sa.String, primary_key=True),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("customer_id", sa.String),
    sa.Column("payment_token", sa.String),
)
ITEMS = sa.Table(
    "items",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("cart_id", sa.String, sa.ForeignKey(CARTS.c.cart_id), nullable=False),
    sa.Column("sku", sa.String, nullable=False),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("unit_price_cents", sa.Integer, nullable=False),
    sa.UniqueConstraint("cart_id", "sku"),
)


class Cart(BaseModel):
    """A cart and what it costs."""

    cart_id: str
    items: list[Item]
    total_cents: int
    status: Status


def create(connection: sa.Connection) -> Cart:
    """A new, empty cart."""
    cart_id = str(uuid4())
    connection.execute(CARTS.insert().values(cart_id=cart_id, status=Status.OPEN))
    return Cart(cart_id=cart_id, items=[], total_cents=0, status=Status.OPEN)


def find(connection: sa.Connection, cart_id: str) -> Cart | None:
    """The cart of that id, with its items in the order in which they were put there."""
    status = connection.execute(sa.select(CARTS.c.status).where(CARTS.c.cart_id == cart_id)).scalar_one_or_none()
    if status is None:
        return None
    columns = [ITEMS.c[name] for name in Item.model_fields]
    rows = connection.execute(sa.select(*columns).where(ITEMS.c.cart_id == cart_id).order_by(ITEMS.c.seq))
    items = [Item(**row._mapping) for row in rows]
    return Cart(cart_id=cart_id, items=items, total_cents=total_cents(items), status=status)


def put_item(connection: sa.Connection, cart_id: str, item: Item) -> None:
    """Puts an item into a cart, in place of the same one if it is there."""
    values = item.model_dump()
    connection.execute(
        insert(ITEMS)
        .values(cart_id=cart_id, **values)
        .on_conflict_do_update(index_elements=[ITEMS.c.cart_id, ITEMS.c.sku], set_=values)
    )


def remove_item(connection: sa.Connection, cart_id: str, sku: str) -> None:
    """Takes an item out of a cart, if it is there."""
    connection.execute(ITEMS.delete().where(ITEMS.c.cart_id == cart_id, ITEMS.c.sku == sku))


def buyer(connection: sa.Connection, cart_id: str) -> Buyer | None:
    """Who checked the cart out, or None."""
    columns = (CARTS.c.customer_id, CARTS.c.payment_token)
    row = connection.execute(sa.select(*columns).where(CARTS.c.cart_id == cart_id)).one()
    return None if row.customer_id is None else Buyer(*row)


def check_out(connection: sa.Connection, cart_id: str, buyer: Buyer) -> None:
    """Closes a cart for its buyer."""
    connection.execute(
        CARTS.update()
        .where(CARTS.c.cart_id == cart_id)
        .values(status=Status.CHECKED_OUT, customer_id=buyer.customer_id, payment_token=buyer.payment_token)
    )
