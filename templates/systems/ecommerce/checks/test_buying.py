"""One customer at a time: what becomes of an order that is paid, declined, out of stock, or regretted."""

import httpx
import pytest
from invariants import settle
from shop import DECLINED, FINAL, Json, Shop
from waiting import until

REGRETS = 10


@pytest.fixture
def in_stock(shop: Shop) -> list[Json]:
    """Two products with plenty on the shelf, the best stocked first."""
    products = sorted(shop.products(), key=lambda product: -product["available"])[:2]
    assert all(product["available"] >= REGRETS for product in products), f"the shop is sold out: {products}"
    return products


def way(order: Json) -> list[str]:
    return [step["status"] for step in order["history"]]


def test_a_paid_order_is_confirmed_and_captured_once(shop: Shop, in_stock: list[Json]) -> None:
    first, second = in_stock
    cart_id = shop.buy({first["sku"]: 2, second["sku"]: 1})
    order = shop.order_finished(cart_id)
    assert order["status"] == "confirmed", order
    assert (way(order)[0], way(order)[-1]) == ("placed", "confirmed")
    assert {item["sku"]: item["quantity"] for item in order["items"]} == {first["sku"]: 2, second["sku"]: 1}
    assert order["total_cents"] == 2 * first["price_cents"] + second["price_cents"]
    payments = shop.payments_of(order["order_id"])
    assert [(p["status"], p["amount_cents"]) for p in payments] == [("captured", order["total_cents"])]
    assert shop.ask("GET", "orders", f"/orders/{order['order_id']}")["status"] == "confirmed"
    settle(shop, [cart_id])


def test_a_declined_card_cancels_the_order_and_gives_the_stock_back(shop: Shop, in_stock: list[Json]) -> None:
    cart_id = shop.buy({in_stock[0]["sku"]: 3}, token=DECLINED)
    order = shop.order_finished(cart_id)
    assert order["status"] == "cancelled", order
    assert order["reason"], "a cancelled order says why"
    assert way(order)[-1] == "cancelled"
    assert "captured" not in {payment["status"] for payment in shop.payments_of(order["order_id"])}
    settle(shop, [cart_id])


def test_what_is_not_in_stock_cannot_be_bought(shop: Shop, in_stock: list[Json]) -> None:
    scarce = min(shop.products(), key=lambda product: product["available"])
    plenty = in_stock[0]["sku"]
    cart_id = shop.buy({plenty: 1, scarce["sku"]: scarce["available"] + 1})
    order = shop.order_finished(cart_id)
    assert order["status"] == "cancelled", order
    assert order["reason"], "a cancelled order says why"
    assert "captured" not in {payment["status"] for payment in shop.payments_of(order["order_id"])}
    settle(shop, [cart_id])


def test_customers_who_cancel_get_their_money_back_or_their_order(shop: Shop, in_stock: list[Json]) -> None:
    carts, accepted = [], 0
    for _ in range(REGRETS):
        cart_id = shop.buy({in_stock[1]["sku"]: 1})
        answer = shop.cancel(shop.order_placed(cart_id)["order_id"])
        assert answer.status_code in {httpx.codes.OK, httpx.codes.ACCEPTED, httpx.codes.CONFLICT}, answer.text
        order = shop.order_finished(cart_id)
        if answer.is_success:
            accepted += 1
            assert order["status"] == "cancelled", order
        carts.append(cart_id)
    snapshot = settle(shop, carts)
    mine = [order for order in snapshot.orders if order["cart_id"] in carts]
    assert sum(order["status"] == "cancelled" for order in mine) >= accepted
    assert len(mine) == REGRETS


def test_a_cancelled_order_stays_cancelled(shop: Shop, in_stock: list[Json]) -> None:
    order = shop.order_finished(shop.buy({in_stock[0]["sku"]: 1}, token=DECLINED))
    answer = shop.cancel(order["order_id"])
    assert answer.status_code in {httpx.codes.OK, httpx.codes.ACCEPTED, httpx.codes.CONFLICT}, answer.text
    assert shop.ask("GET", "orders", f"/orders/{order['order_id']}")["status"] == "cancelled"


def test_checking_out_twice_makes_one_order(shop: Shop, in_stock: list[Json]) -> None:
    cart_id = shop.fill_cart({in_stock[0]["sku"]: 1})["cart_id"]
    answers = [shop.check_out(cart_id) for _ in range(3)]
    assert [(a.status_code, a.json()) for a in answers] == [
        (httpx.codes.ACCEPTED, {"cart_id": cart_id, "status": "checked_out"})
    ] * 3
    assert shop.order_finished(cart_id)["status"] in FINAL
    settle(shop, [cart_id])


def test_an_empty_cart_cannot_be_checked_out(shop: Shop) -> None:
    cart_id = shop.ask("POST", "cart", "/carts")["cart_id"]
    assert shop.check_out(cart_id).status_code == httpx.codes.CONFLICT


def test_what_the_catalogue_does_not_hold_cannot_be_put_into_a_cart(shop: Shop) -> None:
    cart_id = shop.ask("POST", "cart", "/carts")["cart_id"]
    answer = shop.request("PUT", "cart", f"/carts/{cart_id}/items/NO-0000", {"quantity": 1})
    assert answer.status_code in {httpx.codes.NOT_FOUND, httpx.codes.UNPROCESSABLE_ENTITY}, answer.text


def test_the_orders_of_a_status_can_be_listed(shop: Shop, in_stock: list[Json]) -> None:
    order = shop.order_finished(shop.buy({in_stock[0]["sku"]: 1}, token=DECLINED))
    cancelled = until(
        lambda: shop.ask("GET", "orders", "/orders", status="cancelled", cart_id=order["cart_id"]),
        lambda page: page["total"] == 1,
        "the cancelled order in the list of cancelled ones",
    )
    assert [item["order_id"] for item in cancelled["items"]] == [order["order_id"]]
