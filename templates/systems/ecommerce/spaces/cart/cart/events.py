"""The event of cart. Money is in integer cents."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from .kit.events import Payload


class Item(BaseModel):
    """A line of a cart, with the name and the price it had when it was put there."""

    model_config = ConfigDict(frozen=True)

    sku: str
    name: str
    quantity: int
    unit_price_cents: int


class CheckedOut(Payload):
    """A customer wants to buy what is in the cart."""

    subject: ClassVar[str] = "cart.checked_out"

    cart_id: str
    customer_id: str
    payment_token: str
    items: tuple[Item, ...]
    total_cents: int
    currency: str


PUBLISHES = (CheckedOut,)
