"""Takes the pictures of the cockpit that README.md shows, of a real shop with customers, into a folder."""

# ruff: noqa: INP001, S603 - a script, which runs the program that it shows

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from spacectl.cli.opening import cockpit_of
from spacectl.model.layout import Layout
from spacectl.tui.app import Start, TopApp

SIZE = (124, 24)
SEEN_FOR_S = 30.0
"""Long enough for the sparklines to be wide."""
WITHIN_S = 120.0

FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
FONTS = "Fira Code, DejaVu Sans Mono, Menlo, Consolas, monospace"


@contextmanager
def shop() -> Iterator[Layout]:
    """A shop with customers in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="spacectl-pictures-") as folder:
        environment = os.environ | {"THINK_S": "0.2", "TMPDIR": folder}

        def spacectl(*words: str, within: str = folder) -> None:
            subprocess.run([sys.executable, "-m", "spacectl", *words], cwd=within, env=environment, check=True)

        spacectl("new", "shop", "-t", "ecommerce")
        home = f"{folder}/shop"
        try:
            spacectl("up", "--detach", "--profile", "traffic", "--timeout", "180s", within=home)
            yield Layout(Path(home).resolve())
        finally:
            spacectl("down", within=home)


async def take(layout: Layout, target: Path) -> None:
    """Open the cockpit, look on for a while, and take both pictures."""
    app = TopApp(cockpit_of(layout, "shop", read_only=False), Start())
    async with app.run_test(size=SIZE) as pilot:
        began = time.monotonic()
        await until(lambda: time.monotonic() > began + SEEN_FOR_S and is_busy(app))
        await pilot.press("down", "down", "right")
        await until(lambda: app.pane.table is not None and "orders.1" in "".join(map(str, app.pane.table.keys)))
        save(app, "spacectl top: spaces", target / "spaces.svg")
        await pilot.press("2", "g")
        await until(lambda: app.pane.NAME == "flow" and "graph" in app.pane.command)
        await pilot.pause(1.5)
        save(app, "spacectl top: flow", target / "flow.svg")


def is_busy(app: TopApp) -> bool:
    """Whether every part of a sale was seen to flow."""
    flow = app.seen.flow
    wanted = {"cart.checked_out", "orders.placed", "payments.captured", "orders.confirmed"}
    return flow is not None and wanted <= {edge.via for edge in flow.edges if edge.rate > 0}


async def until(fact: Callable[[], Any]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(WITHIN_S):
        while not fact():  # noqa: ASYNC110  (there is no event for it)
            await asyncio.sleep(0.1)


def save(app: TopApp, title: str, file: Path) -> None:
    """Write down what is on the screen, with the fonts that there are: one from elsewhere is not loaded in a README."""
    svg = FONT_FACE.sub("", app.export_screenshot(title=title, simplify=True))
    file.write_text(re.sub(r"font-family: Fira Code[^;]*", f"font-family: {FONTS}", svg), encoding="utf-8")


def main() -> None:
    """Take them into the folder that is named."""
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    with shop() as layout:
        asyncio.run(take(layout, target))


if __name__ == "__main__":
    main()
