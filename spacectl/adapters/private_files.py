"""Files that only their owner may read, written whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from spacectl.errors import MachineError


def make_folder(folder: Path) -> None:
    """Make a folder of mode 0700, with all above it.

    Raises:
        MachineError: the disk is full, read-only or not ours.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error


def write_private(path: Path, text: str) -> None:
    """Put a text into a file of mode 0600: written aside, then renamed over the old one.

    Raises:
        MachineError: the disk is full, read-only or not ours; the old file is as it was.
    """
    aside: str | None = None
    try:
        descriptor, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(aside).replace(path)
    except OSError as error:
        if aside is not None:
            Path(aside).unlink(missing_ok=True)
        raise unwritable(path, error) from error


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file; empty when there is no file or it holds something else."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def unwritable(path: Path, error: OSError) -> MachineError:
    """The error for a path that cannot be written."""
    return MachineError(
        f"cannot write {path}: {error.strerror}", hint="check the disk's free space and the folder's permissions"
    )
