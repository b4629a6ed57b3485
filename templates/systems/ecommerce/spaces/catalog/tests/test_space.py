from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from catalog import store
from catalog.events import Line, OrderCancelled, OrderConfirmed, OrderPlaced
from catalog.handlers import TooEarlyError, on_placed
from catalog.kit.events import Event
from catalog.kit.service import Service

PRODUCTS = [
    ("TEA-1", "Sencha", "A green tea with a fresh taste", "Tea", 890, 5),
    ("TEA-2", "Crème Earl Grey", "Black tea with bergamot", "Tea", 950, 1),
    ("POT-1", "Teapot", "Holds a litre of green or black tea", "Kitchen", 3400, 0),
    ("MUG-1", "Mug", "Keeps warm", "Kitchen", 1200, 10),
]


@pytest.fixture(autouse=True)
def small_catalogue(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    """Four products in place of the shop's own."""
    file = tmp_path / "products.json"
    names = ("sku", "name", "description", "category", "price_cents", "stock")
    file.write_text(json.dumps([dict(zip(names, values, strict=True)) for values in PRODUCTS]))
    monkeypatch.setattr(store, "PRODUCTS_FILE", file)


def stock_of(space, sku: str) -> tuple[int, int, int]:
    """Available, reserved, sold."""
    [stock] = store.stock(space.connection, sku)
    return stock.available, stock.reserved, stock.sold


def placed(order_id: str = "o1", **quantities: int) -> OrderPlaced:
    lines = tuple(Line(sku=sku.replace("_", "-"), quantity=quantity) for sku, quantity in quantities.items())
    return OrderPlaced(order_id=order_id, items=lines)


def test_stock_is_set_aside_and_then_sold(space) -> None:
    space.deliver(placed(TEA_1=2, MUG_1=1))
    assert space.published() == [("catalog.stock_reserved", {"order_id": "o1"})]
    assert stock_of(space, "TEA-1") == (3, 2, 0)
    for _ in range(2):
        space.deliver(OrderConfirmed(order_id="o1"))
    assert stock_of(space, "TEA-1") == (3, 0, 2)
    assert stock_of(space, "MUG-1") == (9, 0, 1)
    assert space.published() == []


def test_it_is_all_or_nothing(space) -> None:
    space.deliver(placed(TEA_1=5, TEA_2=2, NO_1=1))
    missing = [
        {"sku": "TEA-2", "requested": 2, "available": 1},
        {"sku": "NO-1", "requested": 1, "available": 0},
    ]
    assert space.published() == [("catalog.stock_rejected", {"order_id": "o1", "missing": missing})]
    assert stock_of(space, "TEA-1") == (5, 0, 0)
    space.deliver(OrderCancelled(order_id="o1"))
    assert space.published() == []
    assert stock_of(space, "TEA-1") == (5, 0, 0)


def test_a_cancelled_order_gives_its_stock_back_once(space) -> None:
    space.deliver(placed(TEA_2=1))
    space.deliver(placed("o2", TEA_2=1))
    assert [subject for subject, _ in space.published()] == ["catalog.stock_reserved", "catalog.stock_rejected"]
    for _ in range(2):
        space.deliver(OrderCancelled(order_id="o1"))
    assert space.published() == [("catalog.stock_released", {"order_id": "o1"})]
    assert stock_of(space, "TEA-2") == (1, 0, 0)


def test_an_order_is_reserved_once_however_often_it_is_told(space) -> None:
    for event_id in ("1", "1", "2"):
        space.deliver(placed(TEA_1=2), event_id)
    assert len(space.published()) == 1
    assert stock_of(space, "TEA-1") == (3, 2, 0)


def test_a_cancellation_may_overtake_its_order(space) -> None:
    space.deliver(OrderCancelled(order_id="o1"))
    space.deliver(placed(TEA_1=2))
    assert space.published() == []
    assert stock_of(space, "TEA-1") == (5, 0, 0)


def test_a_confirmation_before_its_order_is_asked_for_again(space) -> None:
    with pytest.raises(TooEarlyError):
        space.deliver(OrderConfirmed(order_id="o1"))


@pytest.mark.parametrize(
    ("words", "category", "expected"),
    [
        ("", None, ["TEA-2", "MUG-1", "TEA-1", "POT-1"]),
        ("tea", None, ["TEA-1", "TEA-2", "POT-1"]),
        ("GREEN tea", None, ["TEA-1", "POT-1"]),
        ("creme", None, ["TEA-2"]),
        ("ear", None, ["TEA-2"]),
        ("tea", "kitchen", ["POT-1"]),
        ("", "Kitchen", ["MUG-1", "POT-1"]),
        ("nothing like it", None, []),
        ('"; DROP TABLE products --', None, []),
        ("***", None, []),
    ],
)
def test_search(space, words: str, category: str | None, expected: list[str]) -> None:
    found = store.search(space.connection, words, category, 50, 0)
    assert sorted(product.sku for product in found.items) == sorted(expected)
    assert found.total == len(expected)


def test_a_hit_in_the_name_comes_first(space) -> None:
    assert store.search(space.connection, "teapot tea", None, 50, 0).items[0].sku == "POT-1"
    assert store.search(space.connection, "mug", None, 50, 0).items[0].sku == "MUG-1"


@pytest.mark.anyio
async def test_the_catalogue_can_be_read(client: httpx.AsyncClient) -> None:
    page = (await client.get("/products", params={"limit": 2, "offset": 1})).json()
    assert (page["total"], [product["name"] for product in page["items"]]) == (4, ["Mug", "Sencha"])
    assert (await client.get("/products/TEA-1")).json() == {
        "sku": "TEA-1",
        "name": "Sencha",
        "description": "A green tea with a fresh taste",
        "category": "Tea",
        "price_cents": 890,
        "currency": "EUR",
        "available": 5,
    }
    assert (await client.get("/products/nothing")).json() == {"detail": "there is no product nothing"}
    assert (await client.get("/categories")).json() == {"items": ["Kitchen", "Tea"]}


@pytest.mark.anyio
async def test_the_stock_can_be_read(client: httpx.AsyncClient, service: Service) -> None:
    await service.database.write(on_placed, Event("1", "orders", "2026-01-01T00:00:00Z", placed(TEA_1=2)))
    tea = {"sku": "TEA-1", "initial": 5, "available": 3, "reserved": 2, "sold": 0}
    assert (await client.get("/stock/TEA-1")).json() == tea
    stocks = (await client.get("/stock")).json()["items"]
    assert len(stocks) == 4
    assert tea in stocks
    assert (await client.get("/stock/nothing")).status_code == 404


@pytest.mark.anyio
async def test_a_restart_keeps_the_stock(client: httpx.AsyncClient, service: Service) -> None:
    await service.database.write(on_placed, Event("1", "orders", "2026-01-01T00:00:00Z", placed(TEA_1=2)))
    await service.database.write(service.database.create)
    assert (await client.get("/stock/TEA-1")).json()["available"] == 3


def test_the_catalogue_of_the_shop_is_sound() -> None:
    products = json.loads((Path(store.__file__).parent / "data" / "products.json").read_text(encoding="utf-8"))
    assert len({product["sku"] for product in products}) == len(products)
    assert all(product["price_cents"] > 0 and product["stock"] >= 0 for product in products)
