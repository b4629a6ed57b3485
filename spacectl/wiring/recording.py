"""Keeps on disk what is needed to take the system over, whenever a process of it comes, goes or is given up."""

from __future__ import annotations

from collections.abc import Callable

from spacectl.adapters.run_records import RunRecords, boot_id
from spacectl.core.adopting import record_of
from spacectl.model.actions import Note
from spacectl.model.record import UnitRecord
from spacectl.model.state import State, Unit


class Recorder:
    """Writes the records of one system. A disk that cannot take them is told of once, and stops nothing."""

    def __init__(self, records: RunRecords, note: Callable[[Note], None]) -> None:
        self._records = records
        self._note = note
        self._boot = boot_id()
        self._seen: dict[str, Unit] = {}
        self._written: dict[str, UnitRecord] = {}
        self._failing = False

    def keep(self, state: State) -> None:
        """Write the records of the units of which something has changed that belongs into them."""
        for name, unit in state.units.items():
            if self._seen.get(name) is not unit:
                self._seen[name] = unit
                self._write(record_of(unit, self._boot))

    def _write(self, record: UnitRecord) -> None:
        if self._written.get(record.unit) == record:
            return
        try:
            self._records.write(record)
        except OSError as error:
            if not self._failing:
                self._note(Note(record.unit, "unrecorded", f"what runs cannot be recorded: {error.strerror}"))
            self._failing = True
            self._seen.pop(record.unit)  # tried again at its next change
            return
        self._failing = False
        self._written[record.unit] = record
