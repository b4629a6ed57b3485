"""The screen of what happened."""

from __future__ import annotations

from textual.app import ComposeResult

from spacectl.model.report import Noted
from spacectl.tui.panes.pane import NOTHING, Pane, Selected
from spacectl.tui.table import TableView
from spacectl.view.top_notes import NOTES, listing


class TimelinePane(Pane):
    """What happened, the newest first."""

    NAME = "timeline"
    TITLE = "Timeline"
    SORTS = tuple(column.key for column in NOTES.columns if column.order is not None)

    def compose(self) -> ComposeResult:
        """A table."""
        yield TableView()

    @property
    def note(self) -> Noted | None:
        """What the cursor is on."""
        found: Noted | None = self.query_one(TableView).item
        return found

    @property
    def selected(self) -> Selected:
        note = self.note
        name = "" if note is None else note.subject.partition(".")[0]
        return Selected((name,)) if self.seen.space(name) else NOTHING

    @property
    def command(self) -> str:
        return "spacectl logs spacectl --follow"

    @property
    def copied(self) -> str:
        return "" if self.note is None else self.note.model_dump_json()

    @property
    def about(self) -> str:
        return f"{len(self.seen.notes)} kept"

    def draw(self) -> None:
        """Draw what is known."""
        self.query_one(TableView).show(listing(self.seen.notes, self.query_), self.query_)
