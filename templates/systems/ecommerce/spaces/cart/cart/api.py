"""The HTTP API of cart."""

from __future__ import annotations

import logging
from typing import Annotated, Literal
from urllib.parse import quote

import sqlalchemy as sa
from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, StringConstraints
from pydantic import Field as Bounds

from . import store
from .domain import CURRENCY, MOST_OF_ONE, Buyer, Status, Verdict, check_out
from .events import CheckedOut, Item
from .kit import outbox
from .kit.callees import Callees
from .kit.service import Running
from .store import Cart

log = logging.getLogger(__name__)

router = APIRouter(prefix="/carts")

Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Problem(BaseModel):
    """Why a request was refused."""

    detail: str


class Wanted(BaseModel):
    """How many of an item; none takes it out."""

    quantity: Annotated[int, Bounds(ge=0, le=MOST_OF_ONE)]


class Checkout(BaseModel):
    """Who checks out, and how it will be paid."""

    customer_id: Text
    payment_token: Text


class Accepted(BaseModel):
    """The cart is checked out; an order will follow."""

    cart_id: str
    status: Literal["checked_out"] = "checked_out"


class Product(BaseModel):
    """What cart needs of catalog's answer."""

    name: str
    price_cents: int


@router.post("", status_code=201)
async def create(service: Running) -> Cart:
    """A new, empty cart."""
    return await service.database.write(store.create)


@router.get("/{cart_id}", responses={404: {"model": Problem}})
async def get(cart_id: str, service: Running) -> Cart:
    """A cart with its items."""
    return await service.database.read(_cart, cart_id)


@router.put(
    "/{cart_id}/items/{sku}",
    responses={404: {"model": Problem}, 409: {"model": Problem}, 503: {"model": Problem}},
)
async def put_item(cart_id: str, sku: str, wanted: Wanted, service: Running) -> Cart:
    """Sets how many of an item are in the cart, at the price that catalog asks now."""
    await service.database.read(_open_cart, cart_id)
    if wanted.quantity == 0:
        return await service.database.write(_remove, cart_id, sku)
    product = await _ask_catalog(service.callees, sku)
    item = Item(sku=sku, name=product.name, quantity=wanted.quantity, unit_price_cents=product.price_cents)
    return await service.database.write(_put, cart_id, item)


@router.delete("/{cart_id}/items/{sku}", responses={404: {"model": Problem}, 409: {"model": Problem}})
async def delete_item(cart_id: str, sku: str, service: Running) -> Cart:
    """Takes an item out of the cart."""
    return await service.database.write(_remove, cart_id, sku)


@router.post("/{cart_id}/checkout", status_code=202, responses={404: {"model": Problem}, 409: {"model": Problem}})
async def checkout(cart_id: str, body: Checkout, service: Running) -> Accepted:
    """Closes the cart and asks for an order. Asked again in the same words, it answers the same."""
    buyer = Buyer(body.customer_id, body.payment_token)
    return await service.database.write(_check_out, cart_id, buyer)


async def _ask_catalog(callees: Callees, sku: str) -> Product:
    answer = await callees.get("catalog", f"/products/{quote(sku, safe='')}")
    if answer.status_code == 404:  # noqa: PLR2004
        raise HTTPException(404, f"there is no product {sku}")
    return Product.model_validate_json(answer.raise_for_status().content)


def _cart(connection: sa.Connection, cart_id: str) -> Cart:
    cart = store.find(connection, cart_id)
    if cart is None:
        raise HTTPException(404, f"there is no cart {cart_id}")
    return cart


def _open_cart(connection: sa.Connection, cart_id: str) -> Cart:
    cart = _cart(connection, cart_id)
    if cart.status is not Status.OPEN:
        raise HTTPException(409, f"cart {cart_id} is checked out")
    return cart


def _put(connection: sa.Connection, cart_id: str, item: Item) -> Cart:
    _open_cart(connection, cart_id)  # asked again: it may have been checked out while catalog was asked
    store.put_item(connection, cart_id, item)
    return _cart(connection, cart_id)


def _remove(connection: sa.Connection, cart_id: str, sku: str) -> Cart:
    _open_cart(connection, cart_id)
    store.remove_item(connection, cart_id, sku)
    return _cart(connection, cart_id)


def _check_out(connection: sa.Connection, cart_id: str, buyer: Buyer) -> Accepted:
    cart = _cart(connection, cart_id)
    verdict = check_out(cart.status, bool(cart.items), store.buyer(connection, cart_id), buyer)
    if verdict in {Verdict.EMPTY, Verdict.TAKEN}:
        raise HTTPException(409, verdict.value)
    if verdict is Verdict.CHECK_OUT:
        store.check_out(connection, cart_id, buyer)
        outbox.put(
            connection,
            CheckedOut(
                cart_id=cart_id,
                customer_id=buyer.customer_id,
                payment_token=buyer.payment_token,
                items=tuple(cart.items),
                total_cents=cart.total_cents,
                currency=CURRENCY,
            ),
        )
        log.info("cart %s checked out by %s: %d cents", cart_id, buyer.customer_id, cart.total_cents)
    return Accepted(cart_id=cart_id)
