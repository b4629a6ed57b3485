"""Names of Unix sockets that fit into a socket address."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

_UNIX_PATH_MAX = 100  # sun_path holds 108 bytes (unix(7)); a little is kept free


@contextlib.contextmanager
def short_path(path: Path) -> Iterator[str]:
    """A name of the same file that fits, however deep its folder lies; valid inside the context.

    Raises:
        OSError: the folder cannot be opened.
    """
    if len(os.fsencode(path)) < _UNIX_PATH_MAX:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
