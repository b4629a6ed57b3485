"""Keeps on disk what is needed to take the system over, whenever a process of it comes, goes or is given up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from spacectl.adapters.run_records import RunRecords, boot_id
from spacectl.core.adopting import essence, record_of, run_record
from spacectl.core.scaling import Scales
from spacectl.model.actions import Note
from spacectl.model.launch import Launch
from spacectl.model.manifest import Runtime
from spacectl.model.state import State, Unit


class Recorder:
    """Writes the records of one system. A disk that cannot take them is told of once, and stops nothing.

    Args:
        records: where they are kept.
        note: keeps a line of history.
        launches: tells how each replica that runs was started.
    """

    def __init__(
        self, records: RunRecords, note: Callable[[Note], None], launches: Callable[[], Mapping[str, Launch]]
    ) -> None:
        self._records = records
        self._note = note
        self._launches = launches
        self._boot = boot_id()
        self._seen: dict[str, Unit] = {}
        self._written: dict[str, object] = {}
        self._failing = False

    def keep(self, state: State) -> None:
        """Write the records of the units of which something has changed that belongs into them."""
        for name, unit in state.units.items():
            if self._seen.get(name) is not unit:
                self._seen[name] = unit
                self._keep_unit(unit)
        if len(self._seen) > len(state.units):
            for name in self._seen.keys() - state.units.keys():
                del self._seen[name]
                self._written.pop(name, None)
                self._try(name, partial(self._records.remove, name))

    def keep_run(self, scales: Scales, inherited: Mapping[str, str], runtime: Runtime | None = None) -> None:
        """Write what holds for the whole run."""
        record = run_record(scales, inherited, self._boot, runtime)
        self._try("run", lambda: self._records.write_run(record))

    def _keep_unit(self, unit: Unit) -> None:
        kept = essence(unit)  # as nearly always it is what it was: a probe changes nothing that is kept
        if self._written.get(unit.name) == kept:
            return
        record = record_of(unit, self._boot, self._launches())
        if self._try(unit.name, lambda: self._records.write(record)):
            self._written[unit.name] = kept
        else:
            del self._seen[unit.name]  # tried again at its next change

    def _try(self, subject: str, write: Callable[[], None]) -> bool:
        try:
            write()
        except OSError as error:
            if not self._failing:
                self._note(Note(subject, "unrecorded", f"what runs cannot be recorded: {error.strerror}"))
            self._failing = True
            return False
        self._failing = False
        return True
