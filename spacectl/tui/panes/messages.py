"""The screen of the events that pass."""

from __future__ import annotations

from collections import deque

from spacectl.model.message import Message, Skipped
from spacectl.tui.panes.pane import NOTHING, Selected
from spacectl.tui.panes.unfolding import UnfoldingPane
from spacectl.tui.table import TableView
from spacectl.view.top_commands import tap_command
from spacectl.view.top_messages import MESSAGES, unfolded
from spacectl.view.top_table import Cell, Listing, arranged

KEPT = 2000
"""Messages."""


class MessagesPane(UnfoldingPane):
    """Events as they pass, and one of them unfolded."""

    NAME = "messages"
    TITLE = "Messages"
    SORTS = tuple(column.key for column in MESSAGES.columns if column.order is not None)

    def __init__(self) -> None:
        super().__init__()
        self.subjects: tuple[str, ...] = ()
        self._kept: deque[Message] = deque(maxlen=KEPT)
        self._skipped = 0
        self._trouble = ""

    @property
    def message(self) -> Message | None:
        """What the cursor is on."""
        found: Message | None = self.item
        return found

    @property
    def selected(self) -> Selected:
        return NOTHING if self.message is None else Selected((), (self.message.subject,))

    @property
    def command(self) -> str:
        return tap_command(self.subjects)

    @property
    def copied(self) -> str:
        return "" if self.message is None else self.message.model_dump_json()

    @property
    def about(self) -> str:
        parts = [f"of {', '.join(self.subjects)}"] if self.subjects else []
        parts += [f"{self._skipped} skipped"] if self._skipped else []
        return "  ".join([*parts, self._trouble or self.following])

    def of(self, subjects: tuple[str, ...]) -> None:
        """Begin anew with these subjects; all where none is given."""
        self.subjects = subjects
        self._kept.clear()
        self._skipped = 0
        self._trouble = ""
        self.draw()

    def add(self, messages: list[Message | Skipped]) -> None:
        """Take in what has passed."""
        for each in messages:
            if isinstance(each, Skipped):
                self._skipped += each.count
            else:
                self._kept.append(each)
        self._trouble = ""
        self.draw()

    def tell(self, trouble: str) -> None:
        """Say why nothing comes."""
        self._trouble = trouble

    def whole(self, item: Message) -> list[list[Cell]]:
        """A message with its headers and its body."""
        return unfolded(item)

    def draw(self) -> None:
        """Draw what is known."""
        found = arranged(MESSAGES, self._kept, self.query_)
        self.query_one(TableView).show(Listing(MESSAGES, found), self.query_)
        super().draw()
