"""What happened, as rows of the cockpit, the newest first."""

from __future__ import annotations

from collections.abc import Sequence

from spacectl.model.report import Noted
from spacectl.view.top_figures import clock
from spacectl.view.top_table import Cell, Column, Kind, Listing, Query, arranged

_GLYPHS = {
    "ready": ("●", "good"), "started": ("◔", "busy"), "built": ("⚒", "dim"), "building": ("⚒", "busy"),
    "stopped": ("○", "dim"), "exited": ("○", "warn"), "completed": ("✔", "good"), "backoff": ("↻", "warn"),
    "unhealthy": ("✚", "bad"), "failed": ("✖", "worst"), "build failed": ("✖", "bad"), "violation": ("!", "bad"),
    "dead letter": ("!", "bad"), "adopted": ("◆", "good"), "scaled": ("±", "busy"), "abandoned": ("!", "warn"),
    "unwatched": ("!", "warn"), "unrecorded": ("!", "warn"),
}  # fmt: skip
_ALARMING = frozenset({"warn", "bad", "worst"})


def note_key(note: Noted) -> str:
    """Tells a note from the others."""
    return f"{note.time} {note.subject} {note.kind} {note.text}"


def is_wrong(note: Noted) -> bool:
    """Whether a person should look at it."""
    return _glyph(note)[1] in _ALARMING


def listing(notes: Sequence[Noted], query: Query) -> Listing[Noted]:
    """The notes that are wanted, the newest first unless another order is wanted."""
    return Listing(NOTES, arranged(NOTES, reversed(notes), query))


def _glyph(note: Noted) -> tuple[str, str]:
    return _GLYPHS.get(note.kind, ("·", ""))


def _kind(note: Noted) -> Cell:
    glyph, tone = _glyph(note)
    return Cell(f"{glyph} {note.kind}", tone)


NOTES: Kind[Noted] = Kind(
    (
        Column("time", "TIME", 8, lambda note: Cell(clock(note.time), "dim"), lambda note: note.time, "T",
               largest_first=True),
        Column("subject", "WHO", 14, lambda note: Cell(note.subject, "name"), lambda note: note.subject, "N",
               widest=34),
        Column("kind", "WHAT", 12, _kind, lambda note: note.kind, "W", widest=16),
        Column("text", "MORE", 12, lambda note: Cell(note.text), rank=1, widest=400),
    ),
    note_key,
    lambda note: f"{note.subject} {note.kind} {note.text}",
    is_wrong,
    "nothing has happened yet",
)  # fmt: skip
