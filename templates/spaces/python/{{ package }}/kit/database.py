"""The space's own SQLite file.

SQLite has one writer at a time, whatever the program does. So one thread of this process writes, transactions queue
for it in order, and none of them ever waits for another of the same process to give up a lock. The event loop only
waits for results. Two more threads read: in WAL mode readers and the writer do not disturb each other. What runs in
those threads is plain synchronous code with a `Connection`, which is easy to read and to test.

`BEGIN IMMEDIATE` takes the write lock at the start, so a transaction that reads first and writes later cannot fail in
the middle because another replica wrote in between; it waits up to `busy_timeout` instead.

WAL with `synchronous = NORMAL` loses nothing when the process dies, at whatever instant. When the whole machine loses
power, the last commits may be missing (the file stays sound): that is what the bus promises too, unless it runs with
`sync = "always"`. For a system that must survive a power cut, set that and `SQLITE_SYNCHRONOUS=FULL`.
"""

from __future__ import annotations

import asyncio
import contextvars
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy import event

from .locks import FileLock

BUSY_TIMEOUT_S = 10
READERS = 2

P = ParamSpec("P")
T = TypeVar("T")
Seed = Callable[[sa.Connection], None]
Transaction = Callable[Concatenate[sa.Connection, P], T]
"""A synchronous function whose first argument is the connection, in a transaction that ends with the function."""


class Database:
    """Runs transactions in threads of its own.

    Args:
        folder: where the file is; it is made if need be.
        metadata: the tables, made on `open` where they are missing.
        synchronous: NORMAL or FULL, see above.
        seed: run in the transaction that makes the tables, at every start.
        **options: execution options that every transaction finds on its connection.
    """

    def __init__(
        self,
        folder: Path,
        metadata: Sequence[sa.MetaData],
        synchronous: str = "NORMAL",
        seed: Seed = lambda _: None,
        **options: Any,
    ) -> None:
        self.folder = folder
        self._metadata = metadata
        self._synchronous = synchronous
        self._seed = seed
        self._events_committed: Callable[[], None] = lambda: None
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="sqlite-write")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="sqlite-read")
        self.engine = sa.create_engine(
            f"sqlite:///{folder / 'space.sqlite'}",
            pool_size=READERS + 1,
            max_overflow=0,
            execution_options=options,
        )
        self._reading = self.engine.execution_options(sqlite_begin="DEFERRED")
        event.listen(self.engine, "connect", self._connected)
        event.listen(self.engine, "begin", _begin)

    async def open(self) -> None:
        """Makes the file, the tables, and the rows that a new space starts with.

        Raises:
            OSError: the folder or its lock file cannot be made.
            sqlalchemy.exc.OperationalError: the file cannot be opened or is not a database.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        # Turning a new file to WAL is the one thing that does not wait for other replicas, so they take turns.
        async with FileLock(self.folder / "open.lock"):
            await self.write(self.create)

    async def write(self, transaction: Transaction[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs it alone, and returns when it is committed; what it raises rolls it back."""
        result, events = await _in_thread(self._writer, _run, self.engine, transaction, args, kwargs)
        if events:
            self._events_committed()
        return result

    async def read(self, transaction: Transaction[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs it on one consistent state of the file, beside writers."""
        result, _ = await _in_thread(self._readers, _run, self._reading, transaction, args, kwargs)
        return result

    def when_events_committed(self, call: Callable[[], None]) -> None:
        """Has this called, in the event loop, after each transaction that called `leaves_events`."""
        self._events_committed = call

    async def close(self) -> None:
        """Waits for the transactions that were asked for, then closes the file."""
        await asyncio.to_thread(self._shut_down)

    def _shut_down(self) -> None:
        self._writer.shutdown()
        self._readers.shutdown()
        self.engine.dispose()

    def create(self, connection: sa.Connection) -> None:
        """Makes what is missing, in the transaction of the caller."""
        for metadata in self._metadata:
            metadata.create_all(connection)
        self._seed(connection)

    def _connected(self, connection: sqlite3.Connection, _record: object) -> None:
        # The driver would begin transactions by itself, and later than asked: `_begin` does it.
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout = {BUSY_TIMEOUT_S * 1000}",
            "journal_mode = WAL",
            f"synchronous = {self._synchronous}",
            "foreign_keys = ON",
        ):
            connection.execute(f"PRAGMA {pragma}")


def leaves_events(connection: sa.Connection) -> None:
    """Says that the running transaction leaves events that wait to be sent."""
    connection.info["events"] = True


def _run(engine: sa.Engine, transaction: Callable[..., T], args: Any, kwargs: Any) -> tuple[T, bool]:
    with engine.begin() as connection:
        connection.info["events"] = False
        result = transaction(connection, *args, **kwargs)
        events = connection.info["events"]
    return result, events


def _begin(connection: sa.Connection) -> None:
    kind = connection.get_execution_options().get("sqlite_begin", "IMMEDIATE")
    connection.exec_driver_sql(f"BEGIN {kind}")


async def _in_thread(pool: ThreadPoolExecutor, function: Callable[..., T], *args: Any) -> T:
    # The context goes along, so that spans opened in the thread have the right parent.
    context = contextvars.copy_context()
    running = asyncio.get_running_loop().run_in_executor(pool, lambda: context.run(function, *args))
    # A caller that is cancelled must not make a transaction that still runs look undone to the next one.
    return await asyncio.shield(running)
