"""Whether an engine may answer here: asked where nothing may be a container, and so without the engine's library."""

from __future__ import annotations

import os
from pathlib import Path

SOCKET = Path("/var/run/docker.sock")
"""Where the engine listens unless DOCKER_HOST says otherwise."""


def is_there() -> bool:
    """Whether it is worth asking for one."""
    return bool(os.environ.get("DOCKER_HOST")) or SOCKET.exists()
