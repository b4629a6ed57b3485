"""Logs as programs and the supervisor leave them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from spacectl.adapters.log_store import LogKeeper
from spacectl.adapters.log_store.files import index_of
from spacectl.adapters.log_store.index_file import IndexWriter

FLOOD = """
import sys
for number in range(int(sys.argv[2])):
    sys.stdout.write(f"{sys.argv[1]} {number:09} {'x' * 80}\\n")
"""

Write = Callable[..., Path]
Keep = Callable[..., AbstractAsyncContextManager[LogKeeper]]
Flood = Callable[[Path, str, int], subprocess.Popen[bytes]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "logs"
    made.mkdir()
    return made


@pytest.fixture
def write(folder: Path) -> Write:
    """Writes a log with its index from (time in ns, what was added up to then), and perhaps more after that."""

    def make(name: str, *parts: tuple[int, bytes], more: bytes = b"", more_at: int | None = None) -> Path:
        log = folder / f"{name}.log"
        log.write_bytes(b"".join(text for _, text in parts) + more)
        index = IndexWriter(index_of(log), log.stat().st_ino, log.stat().st_size)
        size = 0
        for time_ns, text in parts:
            size += len(text)
            index.append(time_ns, size)
        index.close()
        if more_at is None and parts:
            more_at = parts[-1][0]
        if more_at is not None:
            os.utime(log, ns=(more_at, more_at))
        return log

    return make


@pytest.fixture
def keep(folder: Path) -> Keep:
    """Keeps the logs of the folder as long as the context lasts."""

    @asynccontextmanager
    async def kept(**options: Any) -> AsyncIterator[LogKeeper]:
        keeper = LogKeeper(folder, **options)
        task = asyncio.create_task(keeper.run())
        await asyncio.sleep(0)  # it begins
        try:
            yield keeper
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    return kept


@pytest.fixture
def flood() -> Iterator[Flood]:
    """Starts a program that writes numbered lines into a log as fast as it can, fifty at a time."""
    started: list[subprocess.Popen[bytes]] = []

    def start(log: Path, name: str, lines: int) -> subprocess.Popen[bytes]:
        descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        process = subprocess.Popen([sys.executable, "-S", "-c", FLOOD, name, str(lines)], stdout=descriptor)
        os.close(descriptor)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
