"""Serves a program to browsers: who may ask is checked at every request, and each page is a process of its own."""

from __future__ import annotations

import asyncio
import shlex
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template

import psutil
from aiohttp import web
from textual_serve.server import Server, to_int

from spacectl.core.web_access import Asking, refusal

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_HERE = Path(__file__).parent
_FILES = ("page.css", "page.js")
_FONT_SIZE = 16
_FONT_SIZES = range(6, 73)
_PATIENCE_S = 3.0
_CLOSING_S = 0.5

_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",  # the first address holds the secret
    "X-Content-Type-Options": "nosniff",
}
_POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; connect-src ws://{host}; "
    "font-src 'self'; img-src 'self' data:; script-src 'self'; style-src 'self' 'unsafe-inline'"
)
"""Content-Security-Policy. The terminal in the page writes styles of its own."""

_GO_ON = '<!DOCTYPE html><meta http-equiv="refresh" content="0; url=/"><title>spacectl</title>'
"""Leaves the address with the secret by way of a page, not of a redirection: after that, a browser that another site
sent here would keep back a cookie that is strict."""


@dataclass(frozen=True, slots=True)
class WebOrder:
    """What to serve.

    Attributes:
        command: the Textual program that each page gets a process of.
        title: of the pages.
        secret: what a request has to know.
        most: how many processes there may be at once.
    """

    command: Sequence[str]
    title: str
    secret: str
    most: int


async def serve(order: WebOrder, listening: socket.socket, ended: asyncio.Event) -> None:
    """Serve on this socket until it is to end; then every process of a page is gone."""
    pages = _Pages(order, cookie=f"spacectl-{listening.getsockname()[1]}")
    runner = web.AppRunner(await pages.app(), access_log=None, handler_cancellation=True, shutdown_timeout=_CLOSING_S)
    await runner.setup()
    site = web.SockSite(runner, listening)
    try:
        await site.start()
        await ended.wait()
    finally:
        await site.stop()
        await _end(psutil.Process().children())
        await runner.cleanup()


async def _end(processes: list[psutil.Process]) -> None:
    for process in processes:
        process.terminate()
    _, alive = await asyncio.to_thread(psutil.wait_procs, processes, _PATIENCE_S)
    for process in alive:
        process.kill()


class _Pages(Server):
    """What a browser may ask for.

    Cookies do not know ports: the name of ours has the server's, so that two servers do not take each other's place.
    """

    def __init__(self, order: WebOrder, cookie: str) -> None:
        # The shell is replaced by the program, so that a signal reaches that.
        super().__init__(f"exec {shlex.join(order.command)}", title=order.title)
        self._order = order
        self._cookie = cookie
        self._open = 0

    async def app(self) -> web.Application:
        """The web application: that of textual-serve with a guard before it."""
        made = await self._make_app()
        made.middlewares.append(self._guard)
        for name in _FILES:
            made.router.add_get(f"/{name}", self._file)
        return made

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing: who serves has said where."""

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        token = request.query.get("token")
        answer = self._refused(request, token)
        if answer is None and token is not None and request.path == "/":
            answer = web.Response(text=_GO_ON, content_type="text/html")
            answer.set_cookie(self._cookie, self._order.secret, httponly=True, samesite="Strict")
        if answer is None:
            answer = await handler(request)
        answer.headers.update(_HEADERS)
        answer.headers["Content-Security-Policy"] = _POLICY.format(host=request.host)
        return answer

    def _refused(self, request: web.Request, token: str | None) -> web.StreamResponse | None:
        given = (token, request.cookies.get(self._cookie))
        asking = Asking(
            host=request.host,
            origin=request.headers.get("Origin"),
            secrets=tuple(each for each in given if each is not None),
            opens_socket=request.path == "/ws",
        )
        refused = refusal(asking, self._order.secret)
        return None if refused is None else web.Response(status=refused.status, text=f"{refused.why}\n")

    async def handle_index(self, request: web.Request) -> web.StreamResponse:
        """The page with the terminal; `?fontsize=20` makes its letters larger."""
        size = to_int(request.query.get("fontsize", ""), _FONT_SIZE)
        values = {
            "title": escape(self._order.title),
            "host": escape(request.host),
            "font_size": min(max(size, _FONT_SIZES[0]), _FONT_SIZES[-1]),
        }
        text = Template((_HERE / "page.html").read_text(encoding="utf-8")).substitute(values)
        return web.Response(text=text, content_type="text/html")

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """The terminal itself: a process of its own, which ends with the page."""
        if self._open >= self._order.most:
            raise web.HTTPServiceUnavailable(text=f"{self._order.most} pages are open already; close one of them\n")
        self._open += 1
        try:
            return await super().handle_websocket(request)
        finally:
            self._open -= 1

    async def _file(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(_HERE / request.path.removeprefix("/"))
