"""What stands over the screens for a moment: a question, the help, an event to be sent.

Keys that close one are taken before any widget, so that the next key, typed fast, is for what is below.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widgets import Button, Input, Static

from spacectl.tui.keys import Key, groups
from spacectl.tui.page import PageView
from spacectl.view.top_commands import Order, command_of
from spacectl.view.top_table import Cell


class Question(ModalScreen[bool]):
    """Asks before something is done that interrupts traffic."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "yes", priority=True),
        Binding("n,escape,q", "answer(False)", "no", priority=True),
        Binding("left,right,h,l", "app.focus_next", "the other", show=False),
    ]

    def __init__(self, text: str, command: str) -> None:
        super().__init__()
        self._text = text
        self._command = command

    def compose(self) -> ComposeResult:
        """The question, what it stands for, and the answers."""
        with Vertical(classes="dialog"):
            yield Static(self._text, markup=False)
            yield Static(f"$ {self._command}", markup=False, classes="command")
            with Horizontal(classes="buttons"):
                yield Button("yes (y)", id="yes", variant="error", compact=True)
                yield Button("no (n)", id="no", compact=True)

    def on_mount(self) -> None:
        self.query_one("#no").focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_answer(self, yes: bool) -> None:
        """Answer with a key."""
        self.dismiss(yes)


class Help(ModalScreen[None]):
    """What all keys do here."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark", "dismiss", "close", priority=True)]

    def __init__(self, keys: Sequence[Key], sorts: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._keys = keys
        self._sorts = sorts

    def compose(self) -> ComposeResult:
        """A page."""
        with Vertical(classes="dialog tall"):
            yield PageView(id="help")

    def on_mount(self) -> None:
        page = self.query_one(PageView)
        page.show(self._lines())
        page.focus()

    def _lines(self) -> list[list[Cell]]:
        lines: list[list[Cell]] = []
        for group, keys in groups(self._keys).items():
            lines += [[Cell(group, "title")], *(_line(key.written, key.help) for key in keys), []]
        if self._sorts:
            lines += [[Cell("Sort", "title")], *(_line(letter, f"by {title}") for letter, title in self._sorts), []]
        return [*lines, _line("esc", "close this help")]


def _line(keys: str, does: str) -> list[Cell]:
    return [Cell(f"  {keys:<9}", "name"), Cell(does)]


class SendForm(ModalScreen[Order | None]):
    """Asks for the subject and the body of an event."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "close", priority=True)]

    def __init__(self, subjects: Sequence[str]) -> None:
        super().__init__()
        self._subjects = subjects

    def compose(self) -> ComposeResult:
        """Two fields, and the command that does the same."""
        with Vertical(classes="dialog"):
            yield Static("Send an event: enter sends it, esc does not", markup=False)
            first = next(iter(self._subjects), "")
            yield Input(
                first, placeholder="subject", id="subject", suggester=SuggestFromList(self._subjects), compact=True
            )
            yield Input("{}", placeholder="JSON", id="body", compact=True, select_on_focus=False)
            yield Static(id="command", markup=False, classes="command")

    def on_mount(self) -> None:
        self.query_one("#body" if self._subjects else "#subject").focus()
        self._tell()

    def on_input_changed(self) -> None:
        self._tell()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.input.id == "subject":
            self.query_one("#body").focus()
        else:
            self.dismiss(self._order)

    @property
    def _order(self) -> Order:
        subject, body = (self.query_one(f"#{name}", Input).value for name in ("subject", "body"))
        return Order("send", subject=subject, body=body)

    def _tell(self) -> None:
        self.query_one("#command", Static).update(f"$ {command_of(self._order)}")


class FilterInput(Input):
    """The line in which a filter is written."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "close", show=False)]

    def action_leave(self) -> None:
        """Without a filter, as it was before."""
        self.value = ""
        self.post_message(self.Submitted(self, ""))

    def on_key(self, event: events.Key) -> None:
        if event.key in {"up", "down"}:  # go on in the table with what is found
            event.stop()
            self.post_message(self.Submitted(self, self.value))
