"""Serves the cockpit to browsers of this machine, until Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

import typer

from spacectl.cli import output
from spacectl.errors import Exit

if TYPE_CHECKING:
    from spacectl.model.layout import Layout
    from spacectl.wiring.web import CockpitServer

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def serve_cockpit(layout: Layout, name: str, words: Sequence[str], port: int | None, *, acts: bool) -> NoReturn:
    """Say where it is, and serve it.

    Args:
        layout: the system.
        name: what it is called.
        words: the options of `top` with which each page opens.
        port: where to listen; any free port when None.
        acts: offer what changes the system.

    Raises:
        MachineError: the port is not free.
        Exit: somebody ended it.
    """
    from spacectl.wiring.web import CockpitServer

    given = ("top", "--system", str(layout.home), *words, *(() if acts else ("--read-only",)))
    server = CockpitServer(given, f"spacectl top: {name}", port)
    output.say(server.address)
    may = "sees the system and can act on it" if acts else "sees the system, and can change nothing"
    output.say(f"open it in a browser of this machine: who has this address {may}; Ctrl-C ends it")
    asyncio.run(_serve(server))
    raise typer.Exit(Exit.INTERRUPTED)


async def _serve(server: CockpitServer) -> None:
    ended = asyncio.Event()
    for number in _ENDING:
        if signal.getsignal(number) != signal.SIG_IGN:
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await server.serve(ended)
