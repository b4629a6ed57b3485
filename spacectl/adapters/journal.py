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
        self._torn = False
        self.lost = 0

    def write(self, note: Note) -> None:
        """Append one note with the time it has now."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = json.dumps({"time": at, "subject": note.subject, "kind": note.kind, "text": note.text})
        data = f"\n{line}\n".encode() if self._torn else f"{line}\n".encode()
        try:
            written = os.write(self._descriptor, data)
        except OSError:
            written = 0
        if written < len(data):  # the disk is full, perhaps in the middle of a line
            self.lost += 1
            self._torn = self._torn or written > 0
        else:
            self._torn = False

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)
