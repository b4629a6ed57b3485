"""Real processes, all of which are gone when the test is over."""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest

from spacectl.adapters.processes.children import Processes
from spacectl.model.launch import Launch


@pytest.fixture
async def processes() -> AsyncIterator[Processes]:
    made = Processes()
    made.install()
    yield made
    await made.end_all()
    asyncio.get_running_loop().remove_signal_handler(signal.SIGCHLD)
    ctypes.CDLL(None).prctl(36, 0, 0, 0, 0)  # no longer a subreaper


@pytest.fixture
def launch(tmp_path: Path) -> Callable[..., Launch]:
    """A program to be started in the test's folder: a shell line, or with `python` a Python program."""

    def make(shell: str = "", *, python: str = "", argv: tuple[str, ...] = (), log: str = "log",
             env: Mapping[str, str] | None = None) -> Launch:  # fmt: skip
        words = argv or ((sys.executable, "-c", python) if python else ("/bin/sh", "-c", shell))
        return Launch(words, tmp_path, {"PATH": os.environ["PATH"], **(env or {})}, tmp_path / log)

    return make
