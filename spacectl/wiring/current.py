"""Holds what a running system is made ready for: a frozen value that is replaced whole when the system changes."""

from __future__ import annotations

import asyncio

from spacectl.wiring.prepare import Prepared


class Current:
    """What holds at this moment. Whoever reads it keeps no part of it; only the applier replaces it.

    Attributes:
        prepared: what the manifests say, made ready.
        granted: what the bus is to offer: what they ask for, and what those still need that are on their way out.
    """

    def __init__(self, prepared: Prepared) -> None:
        self.prepared = prepared
        self.granted = prepared.bus_plan
        self._replaced = asyncio.Event()

    def replace(self, prepared: Prepared) -> None:
        """Let another value hold from now on."""
        self.prepared = prepared
        self._replaced.set()
        self._replaced = asyncio.Event()

    async def replaced(self) -> None:
        """Wait until another value holds."""
        await self._replaced.wait()
