"""One customer: carries out a visit, step by step, with what the shop answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from random import Random
from typing import assert_never

from shopper.behaviour import (
    Browse,
    Cancel,
    CheckOut,
    Follow,
    Product,
    Put,
    PutTooMany,
    Search,
    Step,
    TakeOut,
    Thought,
    View,
    pick,
    scarcest,
)
from shopper.shop import GaveUpError, RefusedError, Shop
from shopper.tally import Count, Tally

PAGE = 24
FINAL = {"confirmed": Count.CONFIRMED, "cancelled": Count.CANCELLED}
FOLLOW_PAUSES_S = (0.2, 0.4, 0.8, 1.5, 3.0, 5.0, 10.0, 15.0, 20.0)
"""How long a customer waits between two looks at the order: about a minute in all, then they go to bed."""


class Customer:
    """Somebody in the shop, what they have before their eyes and what is in their cart."""

    def __init__(self, name: str, shop: Shop, rng: Random, tally: Tally) -> None:
        self._name = name
        self._shop = shop
        self._rng = rng
        self._tally = tally
        self._screen: Sequence[Product] = ()
        self._viewed: Product | None = None
        self._cart: dict[str, int] = {}
        self._cart_id: str | None = None
        self._checked_out = False

    async def visit(self, thoughts: Iterable[Thought]) -> None:
        """Do all this, or as much of it as the shop allows, and count how it ended."""
        try:
            for thought in thoughts:
                await asyncio.sleep(thought.think_s)
                await self._do(thought.step)
        except GaveUpError:
            self._tally.add(Count.GAVE_UP)
            return
        except RefusedError:
            self._tally.add(Count.REFUSED)
            return
        if not self._checked_out:
            self._tally.add(Count.ABANDONED if self._cart else Count.LOOKED)

    async def _do(self, step: Step) -> None:
        match step:
            case Browse():
                await self._browse()
            case Search(words):
                await self._show(q=words)
            case View():
                await self._view()
            case Put(quantity):
                await self._put(self._viewed, quantity)
            case PutTooMany():
                product = scarcest(self._screen)
                await self._put(product, product["available"] + 1 if product else 0)
            case TakeOut():
                await self._take_out()
            case CheckOut(token):
                await self._check_out(token)
            case Cancel():
                await self._cancel()
            case Follow():
                await self._follow()
            case _:
                assert_never(step)

    async def _browse(self) -> None:
        categories = (await self._shop.ask("GET", "catalog", "/categories"))["items"]
        await self._show(category=self._rng.choice(categories)) if categories else None

    async def _show(self, **query: str) -> None:
        page = await self._shop.ask("GET", "catalog", "/products", params={**query, "limit": PAGE})
        # Whoever finds nothing goes on with what they saw before.
        self._screen = page["items"] or self._screen

    async def _view(self) -> None:
        product = pick(self._rng, self._screen)
        if product is not None:
            self._viewed = await self._shop.ask("GET", "catalog", f"/products/{product['sku']}")

    async def _put(self, product: Product | None, quantity: int) -> None:
        if product is None:
            return
        if self._cart_id is None:
            self._cart_id = (await self._shop.ask("POST", "cart", "/carts"))["cart_id"]
        sku = product["sku"]
        await self._shop.ask("PUT", "cart", f"/carts/{self._cart_id}/items/{sku}", body={"quantity": quantity})
        self._cart[sku] = quantity

    async def _take_out(self) -> None:
        if self._cart:
            sku, _ = self._cart.popitem()
            await self._shop.ask("DELETE", "cart", f"/carts/{self._cart_id}/items/{sku}")

    async def _check_out(self, token: str) -> None:
        if not self._cart:
            return
        body = {"customer_id": self._name, "payment_token": token}
        await self._shop.ask("POST", "cart", f"/carts/{self._cart_id}/checkout", body=body)
        self._checked_out = True
        self._tally.add(Count.CHECKED_OUT)

    async def _order(self) -> dict[str, str] | None:
        page = await self._shop.ask("GET", "orders", "/orders", params={"cart_id": self._cart_id})
        return page["items"][0] if page["items"] else None

    async def _cancel(self) -> None:
        if not self._checked_out:
            return
        for pause_s in FOLLOW_PAUSES_S:
            if order := await self._order():
                try:
                    await self._shop.ask("POST", "orders", f"/orders/{order['order_id']}/cancel")
                except RefusedError:
                    self._tally.add(Count.REFUSED)  # too late: it is theirs now
                return
            await asyncio.sleep(pause_s)

    async def _follow(self) -> None:
        if not self._checked_out:
            return
        for pause_s in FOLLOW_PAUSES_S:
            order = await self._order()
            if order and order["status"] in FINAL:
                self._tally.add(FINAL[order["status"]])
                return
            await asyncio.sleep(pause_s)
        self._tally.add(Count.UNFINISHED)
