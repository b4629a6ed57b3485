"""Serves the cockpit to browsers of this machine: its program, a socket on loopback, a secret."""

from __future__ import annotations

import asyncio
import secrets
import socket
import sys
from collections.abc import Sequence

from spacectl.adapters.network_ports import is_free, owner
from spacectl.adapters.web_terminal.serving import WebOrder, serve
from spacectl.errors import MachineError

_MOST = 8
"""Pages at once; each is a process of some 60 MB that follows the supervisor."""

_SECRET_BYTES = 32


class CockpitServer:
    """Listens from the moment it is made, so that its address can be told.

    Args:
        words: of the command line that each page is, without the program.
        title: of the pages.
        port: where to listen; any free port when None.

    Raises:
        MachineError: the port is taken, or kept for others.
    """

    def __init__(self, words: Sequence[str], title: str, port: int | None) -> None:
        self._order = WebOrder((*_itself(), *words), title, secrets.token_urlsafe(_SECRET_BYTES), _MOST)
        self._socket = _listen(port)

    @property
    def address(self) -> str:
        """What to open: it holds the secret."""
        host, port = self._socket.getsockname()
        return f"http://{host}:{port}/?token={self._order.secret}"

    async def serve(self, ended: asyncio.Event) -> None:
        """Serve until it is to end."""
        await serve(self._order, self._socket, ended)


def _listen(port: int | None) -> socket.socket:
    if port is not None and not is_free(port):
        hint = "name another one with --port, or leave that out to get a free one"
        raise MachineError(f"port {port} is in use by {owner(port)}", hint=hint)
    return socket.create_server(("127.0.0.1", port or 0))


def _itself() -> tuple[str, ...]:
    """The command that runs this program, also in the single binary, which has a Python of its own behind it."""
    return (sys.executable, "-P", "-m", "spacectl")  # -P: what the folder here holds is not taken for it
