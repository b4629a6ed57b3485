"""What the parts of the cockpit know of the whole: what is seen, what is open, and how to say something."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine
from typing import Any

from textual.app import App
from textual.widgets import ContentSwitcher
from textual.worker import Worker, WorkerFailed

from spacectl.tui.keys import Key, all_keys
from spacectl.tui.panes.pane import Pane
from spacectl.tui.ports import Cockpit
from spacectl.tui.themes import COLOURLESS, fitting, names, themes
from spacectl.view.top_commands import VerbName
from spacectl.view.top_seen import Seen
from spacectl.view.top_table import Cell


class Deck(App[int]):
    """The cockpit without its screens.

    Attributes:
        seen: all that is known; what is shown may be older, while the cockpit is paused.
        error: what ended the cockpit against its will.
        said: what the status line says in place of a command.
    """

    def __init__(self, cockpit: Cockpit) -> None:
        no_color = os.environ.get("NO_COLOR")
        # Without colour Textual would turn ours into shades of grey; of the terminal's own it leaves none.
        super().__init__(ansi_color=None if no_color is None else True)
        if no_color is not None:  # Textual takes it away; what is opened from here is to have it
            os.environ["NO_COLOR"] = no_color
        self.cockpit = cockpit
        self.seen = Seen()
        self.error: BaseException | None = None
        self.said: list[Cell] = []
        for theme in themes():
            self.register_theme(theme)
        self.theme = fitting(os.environ.get("COLORFGBG")) if no_color is None else COLOURLESS

    @property
    def pane(self) -> Pane:
        """The screen that is open."""
        switcher = self.screen_stack[0].query_one(ContentSwitcher)
        return switcher.query_one(f"#{switcher.current}", Pane)

    @property
    def offered(self) -> list[Key]:
        """The keys that do something here."""
        return [key for key in all_keys() if key.is_offered(self.pane.NAME, self.cockpit.verbs)]

    def tell(self, text: str, tone: str = "") -> None:
        """Say something in the status line."""
        self.said = [Cell(f" {text}", tone)]
        self.tell_around()

    def tell_around(self) -> None:
        """Draw the lines around the screen."""

    def action_do(self, name: str) -> None:
        """Do what a key stands for."""

    def open_space(self, name: str) -> None:
        """Show one space whole."""

    def order_of(self, verb: VerbName, space: str) -> None:
        """Do something with one space."""

    def beside(self, name: str, work: Callable[[], Coroutine[Any, Any, None]], *, only: bool = False) -> Worker[None]:
        """Do something beside what is shown; what raises there ends the cockpit.

        With `only`, what was begun under this name before ends.
        """
        return self.run_worker(work, name=name, group=name, exclusive=only)

    def next_theme(self) -> None:
        """Take the next of the themes."""
        known = names()
        self.theme = known[(known.index(self.theme) + 1) % len(known)] if self.theme in known else known[0]

    def copy(self) -> None:
        """Put what is selected on the clipboard, as far as the terminal lets programs do that (OSC 52)."""
        text = self.pane.copied
        if text:
            self.copy_to_clipboard(text)
        self.tell(f"copied {len(text)} characters" if text else "nothing is selected")

    def _handle_exception(self, error: Exception) -> None:
        # Whoever opened the cockpit turns the error into an exit code and keeps its traceback: on the terminal it would
        # only be in the way.
        self.error = error.error if isinstance(error, WorkerFailed) else error
        super()._handle_exception(error)
        self._exit_renderables: list[Any] = []
