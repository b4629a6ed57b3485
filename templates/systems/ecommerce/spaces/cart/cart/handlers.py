"""Cart waits for nobody's events."""

from __future__ import annotations

from .kit.deliveries import Handlers

HANDLERS: Handlers = {}
