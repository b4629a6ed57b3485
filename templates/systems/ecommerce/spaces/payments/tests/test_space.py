from __future__ import annotations

from itertools import permutations

import httpx
import pytest

from payments import store
from payments.domain import payment_id
from payments.events import OrderCancelled, OrderPlaced, StockReserved
from payments.handlers import on_placed, on_stock_reserved
from payments.kit.events import Event, Payload
from payments.kit.service import Service

ID = "order-1"
CAPTURED = (
    "payments.captured",
    {"order_id": ID, "payment_id": payment_id(ID), "amount_cents": 300, "currency": "EUR"},
)
REFUNDED = ("payments.refunded", {"order_id": ID, "payment_id": payment_id(ID), "amount_cents": 300})


def placed(token: str = "tok_visa", order_id: str = ID) -> OrderPlaced:
    return OrderPlaced(order_id=order_id, payment_token=token, total_cents=300, currency="EUR")


RESERVED = StockReserved(order_id=ID)
CANCELLED = OrderCancelled(order_id=ID)


@pytest.mark.parametrize("order", list(permutations([placed(), RESERVED])))
def test_the_money_is_taken_once_when_both_are_known(space, order: tuple[Payload, ...]) -> None:
    space.deliver(order[0])
    assert space.published() == []
    for _ in range(2):
        space.deliver(order[1])
    assert space.published() == [CAPTURED]
    assert store.find(space.connection, ID).status == "captured"


@pytest.mark.parametrize("order", list(permutations([placed("tok_declined"), RESERVED])))
def test_a_declined_card_is_declined(space, order: tuple[Payload, ...]) -> None:
    for payload in order:
        space.deliver(payload)
    assert space.published() == [("payments.declined", {"order_id": ID, "reason": "the card was declined"})]
    space.deliver(CANCELLED)
    assert space.published() == []
    assert store.find(space.connection, ID).status == "declined"


@pytest.mark.parametrize("order", list(permutations([placed(), RESERVED, CANCELLED])))
def test_a_cancelled_order_keeps_no_money_in_whatever_order_its_events_come(space, order: tuple[Payload, ...]) -> None:
    for payload in order:
        space.deliver(payload)
    taken_first = order[2] is CANCELLED
    assert space.published() == ([CAPTURED, REFUNDED] if taken_first else [])
    assert store.find(space.connection, ID).status == ("refunded" if taken_first else "void")


def test_a_duplicate_changes_nothing(space) -> None:
    space.deliver(placed(), "1")
    space.deliver(RESERVED, "2")
    assert not space.deliver(RESERVED, "2")
    assert space.published() == [CAPTURED]


async def tell(service: Service, payload: Payload) -> None:
    handler = {OrderPlaced: on_placed, StockReserved: on_stock_reserved}[type(payload)]
    await service.database.write(handler, Event("1", "orders", "2026-01-01T00:00:00Z", payload))


@pytest.mark.anyio
async def test_payments_can_be_read(client: httpx.AsyncClient, service: Service) -> None:
    await tell(service, placed())
    await tell(service, placed("tok_declined", "order-2"))
    await tell(service, RESERVED)
    await tell(service, StockReserved(order_id="order-3"))
    payment = (await client.get(f"/payments/{ID}")).json()
    assert payment == {
        "payment_id": payment_id(ID),
        "order_id": ID,
        "status": "captured",
        "reason": None,
        "amount_cents": 300,
        "currency": "EUR",
    }
    assert (await client.get("/payments", params={"status": "captured"})).json()["items"] == [payment]
    page = (await client.get("/payments", params={"limit": 1, "offset": 1})).json()
    assert (page["total"], page["items"]) == (2, [payment])
    assert (await client.get("/payments", params={"order_id": "order-2"})).json()["total"] == 1


@pytest.mark.anyio
async def test_a_payment_of_which_the_amount_is_not_known_is_not_shown(
    client: httpx.AsyncClient, service: Service
) -> None:
    await tell(service, RESERVED)
    answer = await client.get(f"/payments/{ID}")
    assert (answer.status_code, answer.json()) == (404, {"detail": f"there is no payment for order {ID}"})
