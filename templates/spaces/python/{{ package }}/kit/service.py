"""Joins the parts to a FastAPI application: what starts, what stops, and when the space is healthy."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from . import inbox, outbox, telemetry
from .bus import Bus
from .callees import Callees, UnreachableError
from .database import Database, Seed
from .deliveries import Deliveries, Handlers
from .events import Payload
from .settings import Settings
from .tasks import end, within

log = logging.getLogger(__name__)

OK = "ok"
PRUNE_S = 60.0
RETRY_S = 1.0
FLUSH_S = 0.5


class Health(BaseModel):
    """What the space needs, each `ok` or what is wrong with it."""

    database: str
    bus: str


class Service:
    """A space that is not running yet: making one opens nothing.

    Args:
        settings: the environment.
        publishes: the kinds of event it publishes.
        handlers: what it does with each kind of event it receives.
        metadata: its own tables.
        seed: run once the tables are there, at every start; it makes the rows that a new space starts with.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        publishes: tuple[type[Payload], ...],
        handlers: Handlers,
        metadata: sa.MetaData,
        seed: Seed = lambda _: None,
    ) -> None:
        self.settings = settings
        self.publishes = publishes
        self.handlers = handlers
        self.database = Database(
            settings.data_dir,
            (metadata, outbox.metadata, inbox.metadata),
            settings.synchronous,
            seed,
            publishes=frozenset(publishes),
        )
        self.callees = Callees(settings.callees)
        if settings.otlp_endpoint:
            telemetry.start(settings.space, self.database.engine)
        self.relay = outbox.Relay(self.database, self._send)
        self.database.when_events_committed(self.relay.wake)
        self.bus = Bus(
            settings,
            publishers=sorted({kind.publisher() for kind in handlers}),
            take=Deliveries(self.database, handlers).take,
            connected=self.relay.wake,
        )

    def application(self, *routers: APIRouter, title: str, summary: str, version: str) -> FastAPI:
        """The ASGI application that runs it."""
        app = FastAPI(title=title, summary=summary, version=version, lifespan=self._lifespan)
        app.state.service = self
        app.add_api_route("/health", _health, name="health", responses={503: {"model": Health}})
        app.add_exception_handler(UnreachableError, _unreachable)
        for router in routers:
            app.include_router(router)
        telemetry.trace_requests(app)
        return app

    async def health(self) -> Health:
        """What it lacks right now."""
        try:
            await self.database.read(_ask)
        except (sa.exc.SQLAlchemyError, OSError) as error:
            database = str(error)
        else:
            database = OK
        return Health(database=database, bus=OK if self.bus.is_connected else "not connected")

    @asynccontextmanager
    async def _lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        await self.database.open()
        async with asyncio.TaskGroup() as tasks:
            work = (self.bus.run, self.relay.run, self._prune)
            running = [tasks.create_task(_keep_running(each)) for each in work]
            try:
                yield
            finally:
                await end(running)
        await self._stop()

    async def _stop(self) -> None:
        """Finishes what was begun. Each step has its own limit, so that together they take less than 2 s."""
        await self.bus.stop_receiving()
        await within(FLUSH_S, self.relay.flush(), ignore=(TimeoutError, ConnectionError))
        await self.bus.close()
        await self.callees.close()
        await self.database.close()
        await asyncio.to_thread(telemetry.stop)

    async def _send(self, events: Sequence[outbox.Waiting]) -> Sequence[int]:
        return await self.bus.send(events)

    async def _prune(self) -> None:
        while True:
            await self.database.write(inbox.prune)
            await asyncio.sleep(PRUNE_S)


def _ask(connection: sa.Connection) -> None:
    connection.execute(sa.select(1))


async def _keep_running(work: Callable[[], Awaitable[None]]) -> None:
    # The edge of the space's own background work: a full disk must not end the relay for good, nor pass in silence.
    while True:
        try:
            await work()
        except Exception:
            log.exception("%s failed; again in %.0f s", work.__qualname__, RETRY_S)
            await asyncio.sleep(RETRY_S)


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


Running = Annotated[Service, Depends(_service)]
"""In the signature of a route: the running space, with its `database` and its `callees`."""


async def _health(service: Running, response: Response) -> Health:
    """200 when the database and the bus can be used, else 503."""
    health = await service.health()
    if {health.database, health.bus} != {OK}:
        response.status_code = 503
    return health


async def _unreachable(_request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, status_code=503)
