"""The records of a running system on disk: one file for each unit, replaced whole whenever its processes change.

They outlive the supervisor, not the machine: a file may be lost with the power, and so are the processes it tells of.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from spacectl.model.record import UnitRecord


def boot_id() -> str:
    """Names the present boot of the machine (random(4), boot_id)."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


class RunRecords:
    """The records in one folder (mode 0700); it and the one above are made when they are missing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, record: UnitRecord) -> None:
        """Replace the record of a unit.

        Raises:
            OSError: the disk is full or read-only; the record is as it was.
        """
        for folder in (self._folder.parent, self._folder):  # no further up: somebody may have removed the system
            folder.mkdir(mode=0o700, exist_ok=True)
        path = self._folder / f"{record.unit}.json"
        aside = path.with_name(f".{path.name}")
        try:
            aside.write_text(record.model_dump_json() + "\n", encoding="utf-8")
            aside.replace(path)
        except OSError:
            aside.unlink(missing_ok=True)
            raise

    def read(self) -> list[UnitRecord]:
        """All that there are; one that cannot be read tells nothing."""
        records = []
        for path in sorted(self._folder.glob("[!.]*.json")):
            try:
                records.append(UnitRecord.model_validate_json(path.read_bytes()))
            except (OSError, ValidationError):
                continue
        return records

    def forget(self) -> None:
        """Remove them all: nothing runs any more."""
        for path in self._folder.glob("*.json"):
            path.unlink(missing_ok=True)
