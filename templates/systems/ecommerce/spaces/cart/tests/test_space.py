from __future__ import annotations

import json

import httpx
import pytest

from cart.kit import outbox
from cart.kit.callees import Callees
from cart.kit.service import Service

pytestmark = pytest.mark.anyio

PRICES = {"/products/A": 150, "/products/B%2F1": 99}
BUYER = {"customer_id": "c1", "payment_token": "tok_visa"}


def catalog(request: httpx.Request) -> httpx.Response:
    """What the real one answers, as far as cart needs it."""
    path = request.url.raw_path.decode()
    if path not in PRICES:
        return httpx.Response(404, json={"detail": "there is no such product"})
    return httpx.Response(200, json={"sku": path, "name": "Apple", "price_cents": PRICES[path], "available": 0})


def answer_with(service: Service, answer: httpx.MockTransport) -> None:
    service.callees = Callees(service.settings.callees, answer)


@pytest.fixture
async def cart_id(client: httpx.AsyncClient, service: Service) -> str:
    """A new cart, in a shop with a catalog."""
    answer_with(service, httpx.MockTransport(catalog))
    answer = await client.post("/carts")
    assert answer.status_code == 201
    assert answer.json() == {"cart_id": answer.json()["cart_id"], "items": [], "total_cents": 0, "status": "open"}
    return answer.json()["cart_id"]


async def put(client: httpx.AsyncClient, cart_id: str, sku: str, quantity: int) -> httpx.Response:
    return await client.put(f"/carts/{cart_id}/items/{sku}", json={"quantity": quantity})


async def test_items_come_with_the_name_and_the_price_of_catalog(client: httpx.AsyncClient, cart_id: str) -> None:
    await put(client, cart_id, "A", 5)
    answer = await put(client, cart_id, "A", 2)
    line = {"sku": "A", "name": "Apple", "quantity": 2, "unit_price_cents": 150}
    assert answer.json() == {"cart_id": cart_id, "items": [line], "total_cents": 300, "status": "open"}
    assert (await client.get(f"/carts/{cart_id}")).json() == answer.json()


async def test_items_can_be_taken_out_in_two_ways(client: httpx.AsyncClient, cart_id: str) -> None:
    await put(client, cart_id, "A", 2)
    assert (await put(client, cart_id, "A", 0)).json()["items"] == []
    await put(client, cart_id, "A", 2)
    assert (await client.delete(f"/carts/{cart_id}/items/A")).json()["items"] == []


@pytest.mark.parametrize(("sku", "quantity", "status"), [("nothing", 1, 404), ("A", -1, 422), ("A", 1001, 422)])
async def test_what_cannot_be_put_there(
    client: httpx.AsyncClient, cart_id: str, sku: str, quantity: int, status: int
) -> None:
    answer = await put(client, cart_id, sku, quantity)
    assert answer.status_code == status
    assert "detail" in answer.json()


async def test_without_catalog_it_says_so(client: httpx.AsyncClient, service: Service, cart_id: str) -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused", request=request)

    answer_with(service, httpx.MockTransport(away))
    answer = await put(client, cart_id, "A", 1)
    assert (answer.status_code, answer.json()) == (503, {"detail": "catalog does not answer: connection refused"})


async def test_a_checkout_is_told_once_however_often_it_is_asked_for(
    client: httpx.AsyncClient, service: Service, cart_id: str
) -> None:
    await put(client, cart_id, "A", 2)
    for _ in range(3):
        answer = await client.post(f"/carts/{cart_id}/checkout", json=BUYER)
        assert (answer.status_code, answer.json()) == (202, {"cart_id": cart_id, "status": "checked_out"})
    [event] = await service.database.read(outbox.waiting)
    assert event.subject == "cart.checked_out"
    assert json.loads(event.body) == {
        "cart_id": cart_id,
        **BUYER,
        "items": [{"sku": "A", "name": "Apple", "quantity": 2, "unit_price_cents": 150}],
        "total_cents": 300,
        "currency": "EUR",
    }


async def test_a_checked_out_cart_cannot_change(client: httpx.AsyncClient, cart_id: str) -> None:
    await put(client, cart_id, "A", 2)
    await client.post(f"/carts/{cart_id}/checkout", json=BUYER)
    other = await client.post(f"/carts/{cart_id}/checkout", json={**BUYER, "customer_id": "c2"})
    assert other.status_code == 409
    assert (await put(client, cart_id, "A", 1)).status_code == 409
    assert (await client.delete(f"/carts/{cart_id}/items/A")).status_code == 409
    assert (await client.get(f"/carts/{cart_id}")).json()["status"] == "checked_out"


async def test_there_must_be_a_cart_with_something_in_it(client: httpx.AsyncClient, cart_id: str) -> None:
    empty = await client.post(f"/carts/{cart_id}/checkout", json=BUYER)
    assert (empty.status_code, empty.json()) == (409, {"detail": "the cart is empty"})
    assert (await client.post("/carts/nothing/checkout", json=BUYER)).status_code == 404
    assert (await client.get("/carts/nothing")).status_code == 404
    assert (await put(client, "nothing", "A", 1)).status_code == 404
