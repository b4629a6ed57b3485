"""The bus by its own client, of which the part for WebSockets is loaded only for an address that begins with `ws`."""

from __future__ import annotations

import importlib
import sys


def _load() -> None:
    """Load the client without aiohttp, which takes longer than all the rest of it."""
    if "aiohttp" in sys.modules:
        return
    sys.modules["aiohttp"] = None  # type: ignore[assignment]  # as if it were not installed
    try:
        importlib.import_module("nats.aio.transport")
    finally:
        del sys.modules["aiohttp"]


def load_websockets() -> None:
    """Load the other part, too."""
    transport = importlib.import_module("nats.aio.transport")
    for name in ("aiohttp", "multidict"):
        setattr(transport, name, importlib.import_module(name))


_load()
