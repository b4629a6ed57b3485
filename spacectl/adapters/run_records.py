"""The records of a running system on disk: one file for each unit and one for the run, each replaced whole.

They outlive the supervisor, not the machine: a file may be lost with the power, and so are the processes it tells of.
Commands and environments stand in them, passwords too: they are of mode 0600.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TypeVar

from spacectl.model.record import RunRecord, UnitRecord
from spacectl.model.strict import Strict

_RUN = "run.json"
_UNITS = "units"

R = TypeVar("R", bound=Strict)


def boot_id() -> str:
    """Names the present boot of the machine (random(4), boot_id)."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


class RunRecords:
    """The records in one folder (mode 0700); it is made when it is missing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._units = folder / _UNITS

    def write(self, record: UnitRecord) -> None:
        """Replace the record of a unit.

        Raises:
            OSError: the disk is full or read-only; the record is as it was.
        """
        self._replace(self._units / f"{record.unit}.json", record)

    def write_run(self, record: RunRecord) -> None:
        """Replace the record of the run.

        Raises:
            OSError: the disk is full or read-only; the record is as it was.
        """
        self._replace(self._folder / _RUN, record)

    def read(self) -> list[UnitRecord]:
        """Those of the units; one that cannot be read tells nothing."""
        found = [_read(UnitRecord, path) for path in sorted(self._units.glob("[!.]*.json"))]
        return [each for each in found if each is not None]

    def read_run(self) -> RunRecord | None:
        """That of the run; None where there is none that can be read."""
        return _read(RunRecord, self._folder / _RUN)

    def remove(self, unit: str) -> None:
        """Remove the record of a unit of which nothing is left."""
        (self._units / f"{unit}.json").unlink(missing_ok=True)

    def forget(self) -> None:
        """Remove them all: nothing runs any more."""
        for path in (*self._units.glob("*.json"), self._folder / _RUN):
            path.unlink(missing_ok=True)

    def _replace(self, path: Path, record: Strict) -> None:
        for folder in (self._folder, path.parent):  # no further up: somebody may have removed the system
            folder.mkdir(mode=0o700, exist_ok=True)
        aside = path.with_name(f".{path.name}")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            # As ASCII, for an environment need not be UTF-8, and pydantic's own JSON has no escapes for what is not.
            with open(descriptor, "w", encoding="ascii") as file:  # noqa: PTH123
                file.write(json.dumps(record.model_dump()) + "\n")
            aside.replace(path)
        except OSError:
            aside.unlink(missing_ok=True)
            raise


def _read(model: type[R], path: Path) -> R | None:
    try:
        return model.model_validate(json.loads(path.read_bytes()), strict=False)
    except (OSError, ValueError):  # pydantic's too
        return None
