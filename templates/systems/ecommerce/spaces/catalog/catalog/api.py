"""The HTTP API of catalog."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel

from . import store
from .kit.service import Running
from .store import Product, Products, Stock

router = APIRouter()

Limit = Annotated[int, Query(ge=1, le=1000)]
Offset = Annotated[int, Query(ge=0)]


class Problem(BaseModel):
    """Why a request was refused."""

    detail: str


class Categories(BaseModel):
    """The categories that have products."""

    items: list[str]


class Stocks(BaseModel):
    """The stock of all products."""

    items: list[Stock]


@router.get("/products")
async def products(
    service: Running, q: str = "", category: str | None = None, limit: Limit = 50, offset: Offset = 0
) -> Products:
    """Products that have all words of `q` in name, category or description."""
    return await service.database.read(store.search, q, category, limit, offset)


@router.get("/products/{sku}", responses={404: {"model": Problem}})
async def product(sku: str, service: Running) -> Product:
    """One product."""
    found = await service.database.read(store.find, sku)
    if found is None:
        raise HTTPException(404, f"there is no product {sku}")
    return found


@router.get("/categories")
async def categories(service: Running) -> Categories:
    """The categories that have products."""
    return Categories(items=await service.database.read(store.categories))


@router.get("/stock")
async def stocks(service: Running) -> Stocks:
    """Where the pieces of all products are."""
    return Stocks(items=await service.database.read(store.stock))


@router.get("/stock/{sku}", responses={404: {"model": Problem}})
async def stock(sku: str, service: Running) -> Stock:
    """Where the pieces of one product are."""
    found = await service.database.read(store.stock, sku)
    if not found:
        raise HTTPException(404, f"there is no product {sku}")
    return found[0]
