"""The supervisor's own notes, which its log holds as JSON, as lines for people."""

from __future__ import annotations

import json
from typing import Any

from spacectl.core.log_levels import level_of
from spacectl.model.log_line import Level

_LEVELS = {
    "failed": Level.ERROR,
    "build failed": Level.ERROR,
    "backoff": Level.WARNING,
    "unhealthy": Level.WARNING,
    "violation": Level.WARNING,
    "unwatched": Level.WARNING,
    "loop": Level.WARNING,
    "abandoned": Level.WARNING,
}


def note_text(line: bytes) -> bytes:
    """A note as text: `orders.1 ready: …`; a line that is no note (a traceback) as it is."""
    note = _note(line)
    return line if note is None else f"{note['subject']} {note['kind']}: {note['text']}".encode()


def note_level(line: bytes) -> Level | None:
    """How grave a note is; of a line that is none, what it says itself."""
    note = _note(line)
    return level_of(line) if note is None else _LEVELS.get(note["kind"], Level.INFO)


def _note(line: bytes) -> dict[str, Any] | None:
    if not line.startswith(b"{"):
        return None
    try:
        note = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return note if {"subject", "kind", "text"} <= note.keys() else None
