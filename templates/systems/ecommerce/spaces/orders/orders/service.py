"""This space: its name, and what it is made of."""

from __future__ import annotations

from fastapi import FastAPI

from . import api, events, handlers, store
from .kit.service import Service
from .kit.settings import Settings

NAME = "orders"
CALLS: tuple[str, ...] = ()


def make(settings: Settings) -> FastAPI:
    """The application, not running yet."""
    service = Service(
        settings,
        publishes=events.PUBLISHES,
        handlers=handlers.HANDLERS,
        metadata=store.metadata,
    )
    return service.application(
        api.router,
        title=NAME,
        summary="Takes orders and follows them until they are confirmed or cancelled",
        version="1.0.0",
    )
