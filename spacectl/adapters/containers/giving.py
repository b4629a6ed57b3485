"""Gives the data of a space to whom its containers run as: only root can, and only root has to."""

from __future__ import annotations

import contextlib
import os
import tarfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from spacectl.adapters.containers.engine import Engine, MissingError, RefusedError

_USERS = "/etc/passwd"
_USER, _GROUP = 2, 3  # among its fields
_SAME = -1
"""Leaves a group as it is (chown(2))."""


def give(data: Path, user: str, users: Callable[[], str]) -> None:
    """Let a user of a container have a folder; blocks, for it goes through all that is in it.

    Args:
        data: the folder.
        user: as the engine takes it: `1000:1000`, `1000`, `app`.
        users: the users that the image knows, as passwd(5) has them; asked for only where the user is a name.

    Raises:
        RefusedError: the folder cannot be given.
    """
    if os.getuid() != 0 or (found := _numbers(user, users)) is None:
        return
    try:
        os.chown(data, *found)
        data.chmod(0o700)
        for _, folders, files, descriptor in os.fwalk(data):  # by descriptors: others write there meanwhile
            for name in (*folders, *files):
                with contextlib.suppress(FileNotFoundError):
                    os.chown(name, *found, dir_fd=descriptor, follow_symlinks=False)
    except OSError as error:
        raise RefusedError(f"cannot give {data} to the user {user} of the container: {error.strerror}") from error


def users_of(engine: Engine, container: str) -> str:
    """The users that a container's image knows; empty where it lists none.

    Raises:
        AwayError, RefusedError: the engine does not tell.
    """

    def read(api: Any) -> bytes:
        pieces, _ = api.get_archive(container, _USERS)
        return b"".join(pieces)

    try:
        archive = engine.ask(read)
    except MissingError:
        return ""
    with tarfile.open(fileobj=BytesIO(archive)) as tar:
        file = next((tar.extractfile(each) for each in tar if each.isfile()), None)
        return "" if file is None else file.read().decode(errors="replace")


def _numbers(user: str, users: Callable[[], str]) -> tuple[int, int] | None:
    """User and group by number; None for a user that the image does not know: the engine says so."""
    name, _, group = user.partition(":")
    if not name.isdecimal():
        known = {fields[0]: fields for line in users().splitlines() if len(fields := line.split(":")) > _GROUP}
        if name not in known:
            return None
        name, group = known[name][_USER], group or known[name][_GROUP]
    return int(name), int(group) if group.isdecimal() else _SAME
