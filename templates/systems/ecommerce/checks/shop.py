"""The shop as a customer of its APIs sees it. Each request may be sent twice, and is until answered."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
from spacectl_ps import Addresses, NotUpError
from waiting import FIRST_PAUSE_S, LONGEST_PAUSE_S, PATIENCE_S, until

Json = dict[str, Any]

SPACES = ("catalog", "cart", "orders", "payments")
PAID = "tok_visa"
DECLINED = "tok_declined"
FINAL = frozenset({"confirmed", "cancelled"})
PAGE = 500
UNAVAILABLE = frozenset({502, 503, 504})
"""A space, or one that it calls, is away and will be back."""


def told(response: httpx.Response) -> str:
    """What a space answered, short enough for a message."""
    return f"{response.status_code} {response.text[:500]}"


class Shop:
    """The four APIs of the running system. Threads may share one."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http
        self._addresses = Addresses()

    def request(
        self, method: str, space: str, path: str, body: Json | None = None, *, params: Json | None = None
    ) -> httpx.Response:
        """The first answer of the space, however often it is asked: it may be killed and come back elsewhere.

        Raises:
            NotUpError: it did not answer in time.
        """
        deadline = time.monotonic() + PATIENCE_S
        pause_s = FIRST_PAUSE_S
        while True:
            url, reading = self._addresses.of(space)
            try:
                if url is None:
                    seen = "no address"
                else:
                    response = self._http.request(method, url.rstrip("/") + path, json=body, params=params)
                    if response.status_code not in UNAVAILABLE:
                        return response
                    seen = told(response)
            except httpx.TransportError as error:
                seen = repr(error)
            if time.monotonic() > deadline:
                raise NotUpError(f"{method} {space}{path}: no answer in {PATIENCE_S:g} s; last: {seen}")
            time.sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            self._addresses.renew(reading)

    def ask(self, method: str, space: str, path: str, body: Json | None = None, **params: Any) -> Json:
        """The JSON of an answer that must be a success."""
        response = self.request(method, space, path, body, params=params or None)
        assert response.is_success, f"{method} {space}{path} {body or ''}: {told(response)}"
        return response.json()

    def listed(self, space: str, path: str, key: str, **params: Any) -> list[Json]:
        """Every item of a list that comes in pages, once each by its `key`, though it may grow meanwhile."""
        found: dict[str, Json] = {}
        for page in self._pages(space, path, params):
            found |= {item[key]: item for item in page}
        return list(found.values())

    def _pages(self, space: str, path: str, params: Json) -> Iterator[list[Json]]:
        offset, total = 0, 1
        while offset < total:
            page = self.ask("GET", space, path, **params, limit=PAGE, offset=offset)
            if not page["items"]:
                return
            yield page["items"]
            offset, total = offset + len(page["items"]), page["total"]

    def products(self, **query: str) -> list[Json]:
        return self.listed("catalog", "/products", "sku", **query)

    def all_stock(self) -> list[Json]:
        return self.ask("GET", "catalog", "/stock")["items"]

    def all_orders(self) -> list[Json]:
        return self.listed("orders", "/orders", "order_id")

    def all_payments(self) -> list[Json]:
        return self.listed("payments", "/payments", "payment_id")

    def payments_of(self, order_id: str) -> list[Json]:
        return self.listed("payments", "/payments", "payment_id", order_id=order_id)

    def fill_cart(self, quantities: Mapping[str, int]) -> Json:
        """A new cart with these quantities by SKU. A repeated request may leave an empty one behind."""
        cart = self.ask("POST", "cart", "/carts")
        for sku, quantity in quantities.items():
            cart = self.ask("PUT", "cart", f"/carts/{cart['cart_id']}/items/{sku}", {"quantity": quantity})
        return cart

    def check_out(self, cart_id: str, token: str = PAID, customer: str = "checks") -> httpx.Response:
        """Buy what is in the cart; doing it again with the same words changes nothing."""
        body = {"customer_id": customer, "payment_token": token}
        return self.request("POST", "cart", f"/carts/{cart_id}/checkout", body)

    def buy(self, quantities: Mapping[str, int], token: str = PAID) -> str:
        """Fill a cart and check it out; returns the cart's id."""
        cart_id: str = self.fill_cart(quantities)["cart_id"]
        answer = self.check_out(cart_id, token)
        assert answer.status_code == httpx.codes.ACCEPTED, f"checkout of {cart_id}: {told(answer)}"
        return cart_id

    def orders_of(self, cart_id: str) -> list[Json]:
        return self.listed("orders", "/orders", "order_id", cart_id=cart_id)

    def order_placed(self, cart_id: str) -> Json:
        """The cart's order, as soon as there is one."""
        return until(lambda: self.orders_of(cart_id), bool, f"an order for cart {cart_id}")[0]

    def order_finished(self, cart_id: str) -> Json:
        """The cart's one order, once it is confirmed or cancelled."""
        (order,) = until(
            lambda: self.orders_of(cart_id),
            lambda orders: len(orders) == 1 and orders[0]["status"] in FINAL,
            f"one confirmed or cancelled order for cart {cart_id}",
        )
        return order

    def cancel(self, order_id: str) -> httpx.Response:
        return self.request("POST", "orders", f"/orders/{order_id}/cancel")
