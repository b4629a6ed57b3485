"""The tables of catalog: products with their stock, and reservations."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import sqlalchemy as sa
from pydantic import BaseModel

from .domain import Status
from .search import SEARCH, add_to_search, match

PRODUCTS_FILE = Path(__file__).parent / "data" / "products.json"
CURRENCY = "EUR"

metadata = sa.MetaData()
PRODUCTS = sa.Table(
    "products",
    metadata,
    sa.Column("sku", sa.String, primary_key=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("description", sa.String, nullable=False),
    sa.Column("category", sa.String, nullable=False, index=True),
    sa.Column("price_cents", sa.Integer, nullable=False),
    sa.Column("initial", sa.Integer, nullable=False),
    sa.Column("available", sa.Integer, sa.CheckConstraint("available >= 0"), nullable=False),
    sa.Column("reserved", sa.Integer, sa.CheckConstraint("reserved >= 0"), nullable=False),
    sa.Column("sold", sa.Integer, sa.CheckConstraint("sold >= 0"), nullable=False),
    sa.CheckConstraint("initial = available + reserved + sold"),
)
RESERVATIONS = sa.Table(
    "reservations",
    metadata,
    sa.Column("order_id", sa.String, primary_key=True),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("quantities", sa.Text, nullable=False),
)


class Product(BaseModel):
    """A product, and how many can be ordered."""

    sku: str
    name: str
    description: str
    category: str
    price_cents: int
    currency: str = CURRENCY
    available: int


class Products(BaseModel):
    """Some products, and how many there are in all."""

    items: list[Product]
    total: int


class Stock(BaseModel):
    """Where the pieces of a product are."""

    sku: str
    initial: int
    available: int
    reserved: int
    sold: int


def seed(connection: sa.Connection) -> None:
    """Fills an empty catalogue from its data file."""
    connection.exec_driver_sql(SEARCH)
    if connection.execute(sa.select(PRODUCTS.c.sku).limit(1)).first() is None:
        add_products(connection, json.loads(PRODUCTS_FILE.read_text(encoding="utf-8")))


def add_products(connection: sa.Connection, products: Iterable[Mapping[str, object]]) -> None:
    """Adds products with `sku`, `name`, `description`, `category`, `price_cents` and `stock`."""
    rows = [
        {**product, "initial": product["stock"], "available": product["stock"], "reserved": 0, "sold": 0}
        for product in products
    ]
    connection.execute(PRODUCTS.insert(), rows)
    add_to_search(connection, rows)


def find(connection: sa.Connection, sku: str) -> Product | None:
    """The product of that SKU."""
    row = connection.execute(sa.select(*_columns(Product)).where(PRODUCTS.c.sku == sku)).one_or_none()
    return None if row is None else Product(**row._mapping)


def search(connection: sa.Connection, words: str, category: str | None, limit: int, offset: int) -> Products:
    """Products that have all the words, the best match first; all of them by name when there are no words."""
    query = sa.select(*_columns(Product))
    query, order = match(query, PRODUCTS.c.sku, words) if words.strip() else (query, PRODUCTS.c.name)
    if category is not None:
        query = query.where(sa.func.lower(PRODUCTS.c.category) == category.lower())
    total = connection.execute(sa.select(sa.func.count()).select_from(query.subquery())).scalar_one()
    rows = connection.execute(query.order_by(order, PRODUCTS.c.sku).limit(limit).offset(offset))
    return Products(items=[Product(**row._mapping) for row in rows], total=total)


def categories(connection: sa.Connection) -> list[str]:
    """The categories that have products."""
    query = sa.select(PRODUCTS.c.category).distinct().order_by(PRODUCTS.c.category)
    return list(connection.execute(query).scalars())


def stock(connection: sa.Connection, sku: str | None = None) -> list[Stock]:
    """The stock of one product, or of all by SKU."""
    query = sa.select(*_columns(Stock)).order_by(PRODUCTS.c.sku)
    rows = connection.execute(query if sku is None else query.where(PRODUCTS.c.sku == sku))
    return [Stock(**row._mapping) for row in rows]


def available(connection: sa.Connection, skus: Iterable[str]) -> dict[str, int]:
    """How many of these can be set aside; what is not sold here is left out."""
    query = sa.select(PRODUCTS.c.sku, PRODUCTS.c.available).where(PRODUCTS.c.sku.in_(list(skus)))
    return {row.sku: row.available for row in connection.execute(query)}


def shift(connection: sa.Connection, quantities: Mapping[str, int], source: str, target: str) -> None:
    """Moves pieces from one place to another: of `available`, `reserved` and `sold`."""
    for sku, quantity in quantities.items():
        moved = {source: PRODUCTS.c[source] - quantity, target: PRODUCTS.c[target] + quantity}
        connection.execute(PRODUCTS.update().where(PRODUCTS.c.sku == sku).values(moved))


def reservation(connection: sa.Connection, order_id: str) -> tuple[Status | None, dict[str, int]]:
    """Where the reservation of an order stands, and how many of each product it holds."""
    row = connection.execute(sa.select(RESERVATIONS).where(RESERVATIONS.c.order_id == order_id)).one_or_none()
    return (None, {}) if row is None else (Status(row.status), json.loads(row.quantities))


def add_reservation(connection: sa.Connection, order_id: str, status: Status, quantities: Mapping[str, int]) -> None:
    """Notes what was decided for an order."""
    connection.execute(
        RESERVATIONS.insert().values(order_id=order_id, status=status, quantities=json.dumps(dict(quantities)))
    )


def end_reservation(connection: sa.Connection, order_id: str, status: Status) -> None:
    """Notes how the reservation of an order ended."""
    connection.execute(RESERVATIONS.update().where(RESERVATIONS.c.order_id == order_id).values(status=status))


def _columns(model: type[BaseModel]) -> list[sa.Column]:
    return [PRODUCTS.c[name] for name in model.model_fields if name in PRODUCTS.c]
