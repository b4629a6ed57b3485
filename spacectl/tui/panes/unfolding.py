"""What the screens of messages and logs have in common: rows that come, and one of them unfolded below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual.app import ComposeResult

from spacectl.tui.page import PageView
from spacectl.tui.panes.pane import Pane
from spacectl.tui.table import TableView
from spacectl.view.top_table import Cell


class UnfoldingPane(Pane):
    """Rows as they come, the newest last, and one of them whole."""

    def compose(self) -> ComposeResult:
        """A table that stays at its end, and room for one of its rows."""
        yield TableView(follows=True)
        yield PageView(classes="unfolded")

    def on_mount(self) -> None:
        self.query_one(PageView).display = False

    @property
    def item(self) -> Any:
        """What the cursor is on."""
        return self.query_one(TableView).item

    @property
    def following(self) -> str:
        """Whether the table stays at its end, in words."""
        return "following" if self.query_one(TableView).follows else "f follows"

    def whole(self, item: Any) -> Sequence[Sequence[Cell]]:
        """A row with all that is known of it."""
        raise NotImplementedError

    def draw(self) -> None:
        """Draw the row that is unfolded."""
        page = self.query_one(PageView)
        if page.display:
            page.show([] if self.item is None else self.whole(self.item))

    def do(self, _name: str) -> bool:
        """Follow, or unfold a row."""
        table, page = self.query_one(TableView), self.query_one(PageView)
        match _name:
            case "follow":
                table.follows = not table.follows
            case "open":
                page.display = not page.display
                table.follows = table.follows and not page.display
            case _:
                return False
        self.draw()
        return True

    def back(self) -> bool:
        """Close what is open: the unfolded row first."""
        page = self.query_one(PageView)
        if not page.display:
            return super().back()
        page.display = False
        self.query_one(TableView).focus()
        return True

    def on_table_view_moved(self) -> None:
        UnfoldingPane.draw(self)
