"""The control API: HTTP over a Unix socket that only its owner may open."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Protocol, TypeVar

import uvicorn
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from spacectl.adapters.control.address import short_path
from spacectl.errors import SpacectlError
from spacectl.model.flow import FlowReport
from spacectl.model.report import (
    Accepted,
    ApplyRequest,
    Change,
    ChangesReport,
    PsReport,
    Refusal,
    Request,
    ScaleRequest,
)
from spacectl.model.strict import Strict

_BACKLOG = 512  # a client that finds no room is told that nobody listens


class Control(Protocol):
    """What the API lets a client see and ask."""

    def report(self) -> PsReport: ...
    def flow(self) -> FlowReport: ...
    def changes(self, *, flow: bool = False) -> AsyncIterator[Change]: ...
    def start(self, names: tuple[str, ...]) -> Accepted: ...
    def stop(self, names: tuple[str, ...]) -> Accepted: ...
    def restart(self, names: tuple[str, ...]) -> Accepted: ...
    async def apply(self, wish: ApplyRequest) -> ChangesReport: ...
    async def scale(self, wish: ScaleRequest) -> ChangesReport: ...
    def shut_down(self, *, now: bool) -> None: ...


class ControlServer:
    """Serves the API until told to stop."""

    def __init__(self, control: Control, path: Path) -> None:
        self._path = path
        config = uvicorn.Config(
            application(control),
            log_config=None,
            access_log=False,
            date_header=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        self._server = _Server(config)

    async def serve(self) -> None:
        """Serve on the socket, which is made with mode 0600 and removed at the end."""
        listener = listen(self._path)
        try:
            await self._server.serve(sockets=[listener])
        finally:
            listener.close()
            self._path.unlink(missing_ok=True)

    def stop(self) -> None:
        """End the service; open feeds end with it."""
        self._server.told.set()


class _Server(uvicorn.Server):
    """A server that leaves signals to the supervisor, and wakes up for nothing but requests."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.told = asyncio.Event()

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self.told.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def application(control: Control) -> Starlette:
    """The routes of the API."""

    async def state(_: HttpRequest) -> Response:
        return _json(control.report())

    async def flow(_: HttpRequest) -> Response:
        return _json(control.flow())

    async def changes(request: HttpRequest) -> Response:
        wants_flow = request.query_params.get("flow") == "true"
        return StreamingResponse(_lines(control.changes(flow=wants_flow)), media_type="application/x-ndjson")

    async def start(request: HttpRequest) -> Response:
        return await _answer(_about(control.start), Request, await request.body())

    async def stop(request: HttpRequest) -> Response:
        return await _answer(_about(control.stop), Request, await request.body())

    async def restart(request: HttpRequest) -> Response:
        return await _answer(_about(control.restart), Request, await request.body())

    async def apply(request: HttpRequest) -> Response:
        return await _answer(control.apply, ApplyRequest, await request.body())

    async def scale(request: HttpRequest) -> Response:
        return await _answer(control.scale, ScaleRequest, await request.body())

    async def shutdown(request: HttpRequest) -> Response:
        control.shut_down(now=request.query_params.get("now") == "true")
        return Response(status_code=202)

    return Starlette(
        routes=[
            Route("/state", state),
            Route("/flow", flow),
            Route("/changes", changes),
            Route("/start", start, methods=["POST"]),
            Route("/stop", stop, methods=["POST"]),
            Route("/restart", restart, methods=["POST"]),
            Route("/apply", apply, methods=["POST"]),
            Route("/scale", scale, methods=["POST"]),
            Route("/shutdown", shutdown, methods=["POST"]),
        ]
    )


def listen(path: Path) -> socket.socket:
    """A listening Unix socket of mode 0600; it appears at its place only once it listens."""
    aside = path.with_name(f".{path.name}")
    aside.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        with short_path(aside) as short:
            listener.bind(short)
    finally:
        os.umask(before)
    listener.listen(_BACKLOG)
    listener.setblocking(False)
    aside.replace(path)
    return listener


async def _lines(changes: AsyncIterator[Change]) -> AsyncIterator[str]:
    async for change in changes:
        yield change.model_dump_json(exclude_unset=True) + "\n"


W = TypeVar("W", bound=Strict)
_Ask = Callable[[W], Awaitable[Strict]]


def _about(ask: Callable[[tuple[str, ...]], Accepted]) -> _Ask[Request]:
    async def asked(request: Request) -> Accepted:
        return ask(request.spaces)

    return asked


async def _answer(ask: _Ask[W], kind: type[W], body: bytes) -> Response:
    try:
        wish = kind.model_validate_json(body or b"{}")
    except ValidationError as error:
        return _json(Refusal(message=f"the request is not understood: {error.error_count()} problems"), status=400)
    try:
        return _json(await ask(wish), status=202)
    except SpacectlError as error:
        return _json(Refusal(message=error.message, hint=error.hint, exit_code=error.exit_code), status=409)


def _json(value: Strict, *, status: int = 200) -> Response:
    return Response(value.model_dump_json(), status_code=status, media_type="application/json")
