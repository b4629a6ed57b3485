"""Writes the engine's files so that it never meets half of one."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from spacectl.errors import MachineError
from spacectl.model.gateway import Document


class ConfigFolder:
    """The folder that the engine runs in, and what was last written there.

    A file that is as it is to be is left alone: whoever watches it has nothing to do. Nothing is forced to disk; after
    the machine was off, all of it is written anew.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._written: dict[str, str] = {}

    def write(self, files: Mapping[str, Document]) -> None:
        """Bring these files to this content, in this order; each is of mode 0600 and is replaced whole.

        Raises:
            MachineError: the disk is full, read-only or not ours.
        """
        for name, document in files.items():
            text = json.dumps(document)
            if self._known(name) != text:
                self._replace(self.folder / name, text)
                self._written[name] = text

    def write_missing(self, files: Mapping[str, Document]) -> None:
        """Write those of these files that are not there: an engine may be running with those that are.

        Raises:
            MachineError: as `write`.
        """
        self.write({name: document for name, document in files.items() if self._known(name) is None})

    def _known(self, name: str) -> str | None:
        if name not in self._written:
            try:
                self._written[name] = (self.folder / name).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError):
                return None
        return self._written[name]

    def _replace(self, path: Path, text: str) -> None:
        aside = path.with_name(f".{path.name}")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            aside.replace(path)
        except OSError as error:
            hint = "check the disk's free space and the folder's permissions"
            raise MachineError(f"cannot write {path}: {error.strerror}", hint=hint) from error
