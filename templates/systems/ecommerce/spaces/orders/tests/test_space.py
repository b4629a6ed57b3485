from __future__ import annotations

import httpx
import pytest

from orders import store
from orders.domain import order_id
from orders.events import CartCheckedOut, Item, Missing, PaymentCaptured, PaymentDeclined, StockRejected, StockReserved
from orders.handlers import UnknownOrderError, on_checked_out
from orders.kit.events import Event
from orders.kit.service import Service

ITEMS = (Item(sku="A", name="Apple", quantity=2, unit_price_cents=150),)
ID = order_id("cart-1")


def cart(cart_id: str = "cart-1") -> CartCheckedOut:
    return CartCheckedOut(
        cart_id=cart_id, customer_id="c1", payment_token="tok_visa", items=ITEMS, total_cents=300, currency="EUR"
    )


def test_a_checked_out_cart_becomes_an_order(space) -> None:
    space.deliver(cart())
    [(subject, data)] = space.published()
    assert subject == "orders.placed"
    assert data["order_id"] == ID
    assert data == {**cart().model_dump(mode="json"), "order_id": ID}


def test_a_cart_becomes_one_order_however_often_it_is_told_and_under_whatever_id(space) -> None:
    assert space.deliver(cart(), "1")
    assert not space.deliver(cart(), "1")
    assert space.deliver(cart(), "2")
    assert len(space.published()) == 1
    assert store.search(space.connection, None, None, 10, 0).total == 1


def test_reserved_and_paid_it_is_confirmed_once(space) -> None:
    space.deliver(cart())
    space.published()
    space.deliver(StockReserved(order_id=ID))
    assert space.published() == []
    for _ in range(2):
        space.deliver(PaymentCaptured(order_id=ID))
    assert space.published() == [("orders.confirmed", {"order_id": ID, "cart_id": "cart-1"})]
    assert [step.status for step in store.find(space.connection, ID).history] == ["placed", "reserved", "confirmed"]


def test_the_capture_may_come_before_the_reservation(space) -> None:
    space.deliver(cart())
    space.deliver(PaymentCaptured(order_id=ID))
    space.deliver(StockReserved(order_id=ID))
    assert [subject for subject, _ in space.published()] == ["orders.placed", "orders.confirmed"]
    assert store.find(space.connection, ID).status == "confirmed"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (StockRejected(order_id=ID, missing=(Missing(sku="A", requested=2, available=1),)), "out of stock: A (1 of 2)"),
        (PaymentDeclined(order_id=ID, reason="the card was declined"), "payment declined: the card was declined"),
    ],
)
def test_a_no_cancels_it_with_the_reason(space, answer, reason: str) -> None:
    space.deliver(cart())
    space.published()
    space.deliver(answer)
    assert space.published() == [("orders.cancelled", {"order_id": ID, "cart_id": "cart-1", "reason": reason})]
    assert store.find(space.connection, ID).reason == reason


def test_an_answer_before_its_order_is_asked_for_again(space) -> None:
    with pytest.raises(UnknownOrderError):
        space.deliver(StockReserved(order_id=ID))


async def placed(service: Service, *cart_ids: str) -> None:
    for cart_id in cart_ids:
        await service.database.write(on_checked_out, Event(cart_id, "cart", "2026-01-01T00:00:00Z", cart(cart_id)))


@pytest.mark.anyio
async def test_orders_can_be_read(client: httpx.AsyncClient, service: Service) -> None:
    await placed(service, "cart-1", "cart-2")
    order = (await client.get(f"/orders/{ID}")).json()
    assert (order["cart_id"], order["status"]) == ("cart-1", "placed")
    assert (order["total_cents"], order["currency"]) == (300, "EUR")
    assert order["items"] == [item.model_dump() for item in ITEMS]
    assert [step["status"] for step in order["history"]] == ["placed"]
    found = (await client.get("/orders", params={"cart_id": "cart-2"})).json()
    assert (found["total"], found["items"][0]["cart_id"]) == (1, "cart-2")
    page = (await client.get("/orders", params={"status": "placed", "limit": 1, "offset": 1})).json()
    assert (page["total"], [order["cart_id"] for order in page["items"]]) == (2, ["cart-1"])
    assert (await client.get("/orders/nothing")).json() == {"detail": "there is no order nothing"}


@pytest.mark.anyio
async def test_a_customer_may_cancel_what_is_not_final(client: httpx.AsyncClient, service: Service) -> None:
    await placed(service, "cart-1")
    answer = await client.post(f"/orders/{ID}/cancel")
    assert (answer.status_code, answer.json()["status"], answer.json()["reason"]) == (
        200,
        "cancelled",
        "cancelled by the customer",
    )
    again = await client.post(f"/orders/{ID}/cancel")
    assert (again.status_code, again.json()) == (409, {"detail": f"order {ID} is cancelled and cannot be cancelled"})
    assert (await client.post("/orders/nothing/cancel")).status_code == 404
