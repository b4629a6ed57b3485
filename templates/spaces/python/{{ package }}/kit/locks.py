"""A lock between the replicas of a space, which share a folder."""

from __future__ import annotations

import asyncio
import fcntl
import os
from pathlib import Path
from types import TracebackType

FIRST_PAUSE_S = 0.002
LONGEST_PAUSE_S = 0.05


class FileLock:
    """`flock` on a file: the kernel frees it when its holder dies, so a killed replica blocks nobody.

    Used with `async with`; it is not reentrant.

    Args:
        path: the file, made if need be and left there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    async def __aenter__(self) -> None:
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            await _take(file)
        except BaseException:
            os.close(file)
            raise
        self._file = file

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            os.close(self._file)  # closing frees it
            self._file = None


async def _take(file: int) -> None:
    # Asking again, not waiting in a thread: a wait in `flock` cannot be cancelled when the space stops.
    pause_s = FIRST_PAUSE_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
        else:
            return
