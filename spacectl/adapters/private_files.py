"""The private files of a system: what only its owner may read, above all the passwords of the bus.

Each is of mode 0600 from its first byte and is replaced whole, so that a reader or a crash never meets half of one.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from spacectl.errors import MachineError, NotRunningError
from spacectl.model.bus import BusAccess

_PASSWORD_BYTES = 24
_NO_SYSTEM = "start it with `spacectl up`"
_Passwords = TypeAdapter(dict[str, str])


def make_folder(folder: Path) -> None:
    """Make a folder of mode 0700; those above it that are missing get the usual mode.

    Raises:
        MachineError: the disk is full, read-only or not ours.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error


def write_private(path: Path, text: str) -> None:
    """Replace a file whole, readable by its owner only.

    Raises:
        MachineError: the disk is full, read-only or not ours; the old file is as it was.
    """
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            # Folder names need not be valid UTF-8; what Python read of them with escapes is written back as it was.
            with open(descriptor, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:  # noqa: PTH123
                file.write(text)
                file.flush()
                os.fsync(descriptor)
            aside.replace(path)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> MachineError:
    """The error for a path that cannot be written."""
    return MachineError(
        f"cannot write {path}: {error.strerror}", hint="check the disk's free space and the folder's permissions"
    )


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file; empty when there is no file or it holds something else."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def load_passwords(path: Path, users: Iterable[str]) -> Mapping[str, str]:
    """The password of each user: those in the file, and new random ones for users it does not hold.

    The file is written only when something is new. Users that are gone keep theirs: their space may come back.

    Raises:
        MachineError: the file cannot be read or written, or holds something else.
    """
    known = _read_passwords(path)
    new = {user: secrets.token_urlsafe(_PASSWORD_BYTES) for user in users if user not in known}
    passwords = {**known, **new}
    if new:
        write_private(path, json.dumps(passwords, indent=1, sort_keys=True) + "\n")
    elif path.exists():
        path.chmod(0o600)
    return passwords


def read_access(path: Path) -> BusAccess:
    """How to reach the bus of the running system.

    Raises:
        NotRunningError: the file is not there, or is not what a supervisor writes.
    """
    try:
        return BusAccess.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise NotRunningError("no system is running here: its bus is not up", hint=_NO_SYSTEM) from None
    except (OSError, ValidationError) as error:
        raise NotRunningError(f"no system is running here: {path} cannot be read", hint=_NO_SYSTEM) from error


def write_access(path: Path, access: BusAccess) -> None:
    """Tell the other commands how to reach the bus.

    Raises:
        MachineError: the file cannot be written.
    """
    write_private(path, access.model_dump_json() + "\n")


def _read_passwords(path: Path) -> dict[str, str]:
    try:
        return _Passwords.validate_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise MachineError(f"cannot read {path}: {error.strerror or error}") from error
    except ValidationError as error:
        hint = "remove it: new passwords are made when the system starts, and its spaces are started again"
        raise MachineError(f"{path} does not hold the passwords of the bus", hint=hint) from error
