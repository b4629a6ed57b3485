"""What all screens of the cockpit have in common: they are given values, and tell what is selected."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from textual.containers import Vertical

from spacectl.tui.page import PageView
from spacectl.tui.table import TableView
from spacectl.view.top_seen import Seen
from spacectl.view.top_table import Query


@dataclass(frozen=True, slots=True)
class Selected:
    """What is acted on.

    Attributes:
        subjects: of events; none where only spaces are selected.
    """

    spaces: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()


NOTHING = Selected()


class Pane(Vertical):
    """One screen."""

    NAME: ClassVar[str]
    TITLE: ClassVar[str]
    SORTS: ClassVar[tuple[str, ...]] = ()
    """What `--sort` may name."""

    def __init__(self) -> None:
        super().__init__(id=self.NAME)
        self.query_ = Query()
        self.seen = Seen()
        self.now: datetime | None = None

    @property
    def table(self) -> TableView | None:
        """The table that is moved in, if there is one."""
        return next(iter(self.query(TableView)), None)

    @property
    def moved(self) -> TableView | PageView:
        """What keys move in."""
        return self.table or self.query_one(PageView)

    @property
    def selected(self) -> Selected:
        return NOTHING

    @property
    def command(self) -> str:
        """The command line that shows the same."""
        return "spacectl ps"

    @property
    def about(self) -> str:
        """What is shown of the whole, for the line above it."""
        return ""

    @property
    def copied(self) -> str:
        """What is put on the clipboard."""
        return ""

    def give(self, seen: Seen, now: datetime) -> None:
        """Show what is known now."""
        self.seen, self.now = seen, now
        self.draw()

    def ask(self, query: Query) -> None:
        """Show other rows, or in another order."""
        self.query_ = query
        self.draw()

    def sort(self, column: str) -> None:
        """Sort by a column; by the same again the other way round."""
        same = self.query_.sort == column
        self.ask(replace(self.query_, sort=column, reverse=same and not self.query_.reverse))

    def draw(self) -> None:
        """Draw what is known."""

    def do(self, _name: str) -> bool:
        """Do what only this screen does; whether it does that."""
        return False

    def back(self) -> bool:
        """Close what is open; whether anything was."""
        table = self.table
        if self.query_.filter:
            self.ask(replace(self.query_, filter=""))
        elif self.query_.only_wrong:
            self.ask(replace(self.query_, only_wrong=False))
        elif table is not None and table.marks:
            table.unmark()
        else:
            return False
        return True
