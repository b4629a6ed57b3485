"""The screen of the spaces."""

from __future__ import annotations

import json

from textual.app import ComposeResult

from spacectl.tui.panes.pane import Pane, Selected
from spacectl.tui.table import TableView
from spacectl.view.top_spaces import SPACES, SpaceLine, listing


class SpacesPane(Pane):
    """A line for each space, unfolded to its replicas."""

    NAME = "spaces"
    TITLE = "Spaces"
    SORTS = tuple(column.key for column in SPACES.columns if column.order is not None)

    def __init__(self) -> None:
        super().__init__()
        self._unfolded: frozenset[str] = frozenset()

    def compose(self) -> ComposeResult:
        """A table."""
        yield TableView()

    @property
    def selected(self) -> Selected:
        lines: list[SpaceLine] = self.query_one(TableView).marked
        return Selected(tuple(dict.fromkeys(line.space.name for line in lines)))

    @property
    def copied(self) -> str:
        line: SpaceLine | None = self.query_one(TableView).item
        return "" if line is None else json.dumps((line.replica or line.space).model_dump(mode="json"))

    @property
    def about(self) -> str:
        return f"{len(self.query_one(TableView).items)} rows"

    def draw(self) -> None:
        """Draw what is known."""
        if self.now is not None:
            self.query_one(TableView).show(listing(self.seen, self.query_, self._unfolded, self.now), self.query_)

    def on_table_view_turned(self, event: TableView.Turned) -> None:
        line: SpaceLine | None = event.table.item
        if line is None:
            return
        name = line.space.name
        self._unfolded = self._unfolded | {name} if event.right else self._unfolded - {name}
        if line.replica is not None and not event.right:
            event.table.choose(name)
        self.draw()
