"""The APIs as far as customers use them, in memory: what tests have instead of a running system."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import httpx

URLS = {"catalog": "http://catalog", "cart": "http://cart", "orders": "http://orders"}


@dataclass
class InMemoryShop:
    """Answers requests; orders end the moment they are placed, unless `slow`."""

    products: list[dict[str, Any]] = field(
        default_factory=lambda: [{"sku": f"KIT-{number:04}", "available": number} for number in range(12)]
    )
    slow: bool = False
    carts: dict[str, dict[str, int]] = field(default_factory=dict)
    orders: list[dict[str, Any]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    fail_next: list[int | None] = field(default_factory=list)
    """Status codes of the next answers; None: the connection breaks."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(f"{request.method} {request.url.host}{request.url.path}")
        if self.fail_next:
            status = self.fail_next.pop(0)
            if status is None:
                raise httpx.ConnectError("nobody listens", request=request)
            return httpx.Response(status, json={"detail": "away"})
        body = json.loads(request.content) if request.content else {}
        status, answer = self._answer(request.method, request.url, body)
        return httpx.Response(status, json=answer)

    def _answer(self, method: str, url: httpx.URL, body: dict[str, Any]) -> tuple[int, Any]:  # noqa: PLR0911  (a table)
        match [method, *url.path.strip("/").split("/")]:
            case ["GET", "categories"]:
                return 200, {"items": ["kitchen"]}
            case ["GET", "products"]:
                found = [] if url.params.get("q") else self.products
                return 200, {"items": found, "total": len(found)}
            case ["GET", "products", sku]:
                return 200, next(product for product in self.products if product["sku"] == sku)
            case ["POST", "carts"]:
                self.carts[cart_id := f"cart-{len(self.carts)}"] = {}
                return 201, {"cart_id": cart_id}
            case ["PUT", "carts", cart_id, "items", sku]:
                self.carts[cart_id][sku] = body["quantity"]
                return 200, {"cart_id": cart_id}
            case ["DELETE", "carts", cart_id, "items", sku]:
                del self.carts[cart_id][sku]
                return 200, {"cart_id": cart_id}
            case ["POST", "carts", cart_id, "checkout"]:
                return self._check_out(cart_id, body)
            case ["GET", "orders"]:
                found = [order for order in self.orders if order["cart_id"] == url.params["cart_id"]]
                return 200, {"items": found, "total": len(found)}
            case ["POST", "orders", order_id, "cancel"]:
                return self._cancel(order_id)
        return 404, {"detail": "there is no such thing"}

    def _check_out(self, cart_id: str, body: dict[str, Any]) -> tuple[int, Any]:
        status = "placed" if self.slow else "confirmed" if body["payment_token"] == "tok_visa" else "cancelled"
        self.orders.append({"order_id": f"order-{cart_id}", "cart_id": cart_id, "status": status, **body})
        return 202, {"cart_id": cart_id, "status": "checked_out"}

    def _cancel(self, order_id: str) -> tuple[int, Any]:
        order = next(order for order in self.orders if order["order_id"] == order_id)
        if order["status"] != "placed":
            return 409, {"detail": "too late"}
        order["status"] = "cancelled"
        return 200, order
