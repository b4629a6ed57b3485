"""The history of a run: one JSON line for each thing that happened, kept for `logs` and the timeline."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from spacectl.model.actions import Note


class Journal:
    """Appends notes to the supervisor's log. A full disk loses lines here, never the supervisor."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.lost = 0

    def write(self, note: Note) -> None:
        """Append one note with the time it has now."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = json.dumps({"time": at, "subject": note.subject, "kind": note.kind, "text": note.text})
        try:
            os.write(self._descriptor, f"{line}\n".encode())
        except OSError:
            self.lost += 1

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)
