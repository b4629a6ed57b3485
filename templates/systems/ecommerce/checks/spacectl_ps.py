"""Where the spaces of the running system are: what `spacectl ps --json` says."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

PS_TIMEOUT_S = 30.0
REREAD_PAUSE_S = 0.5
SYSTEM_FOLDER = Path(os.environ.get("SPACECTL_SYSTEM", Path(__file__).parent.parent))


class NotUpError(Exception):
    """The system, or a space of it, is not there to be checked."""


def spacectl_command() -> list[str]:
    """How to run spacectl here: the command on PATH, else the module of this Python."""
    program = shutil.which("spacectl")
    return [program] if program else [sys.executable, "-m", "spacectl"]


def running_system() -> dict[str, Any]:
    """The document of `spacectl ps --json`.

    Raises:
        NotUpError: no system runs in this folder.
    """
    command = [*spacectl_command(), "ps", "--json"]
    try:
        ps = subprocess.run(
            command, cwd=SYSTEM_FOLDER, capture_output=True, text=True, timeout=PS_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotUpError(f"{' '.join(command)}: {error}") from error
    if ps.returncode != 0:
        raise NotUpError(f"`{' '.join(command)}`: is the system up?\n{ps.stderr.strip()}")
    return json.loads(ps.stdout)


class Addresses:
    """The URL of each space, read again when somebody found one to be wrong. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._urls: dict[str, str | None] = {}
        self._reading = 0
        self._read_at = float("-inf")

    def of(self, space: str) -> tuple[str | None, int]:
        """The space's URL, None while it has none, and the number of the reading that it comes from."""
        with self._lock:
            if self._reading == 0:
                self._read()
            if space not in self._urls:
                raise NotUpError(f"no {space} in the running system, only {', '.join(self._urls) or 'nothing'}")
            return self._urls[space], self._reading

    def renew(self, reading: int) -> None:
        """Read again, unless somebody did since that reading or this very moment.

        Where nobody can be asked for a moment, because the supervisor was killed, the spaces run on where they were.
        """
        with self._lock, contextlib.suppress(NotUpError):
            if reading == self._reading and time.monotonic() - self._read_at > REREAD_PAUSE_S:
                self._read()

    def _read(self) -> None:
        self._urls = {space["name"]: space["url"] for space in running_system()["spaces"]}
        self._reading += 1
        self._read_at = time.monotonic()
