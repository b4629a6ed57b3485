"""The history of a run: one JSON line for each thing that happened, kept for `logs` and the timeline."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from spacectl.model.actions import Note
from spacectl.model.report import Noted


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


def notes_since(path: Path, since: datetime) -> list[Noted]:
    """What a journal holds of a moment and what came after it; without what is no note, such as a traceback.

    A note has its time to the millisecond: one of the same millisecond counts.
    """
    at = since.replace(microsecond=since.microsecond // 1000 * 1000)
    return [note for note in _notes(path) if datetime.fromisoformat(note.time) >= at]


def _notes(path: Path) -> Iterator[Noted]:
    with path.open("rb") as lines:
        for line in lines:
            if line.startswith(b"{"):
                with contextlib.suppress(ValidationError):
                    yield Noted.model_validate_json(line)
