"""The screen of one space."""

from __future__ import annotations

from textual.app import ComposeResult

from spacectl.tui.page import PageView
from spacectl.tui.panes.pane import NOTHING, Pane, Selected
from spacectl.tui.ports import Declared
from spacectl.view.top_space import page
from spacectl.view.top_table import Cell


class SpacePane(Pane):
    """One space whole."""

    NAME = "space"
    TITLE = "Space"

    def __init__(self) -> None:
        super().__init__()
        self.space = ""
        self._declared = Declared(None)

    def compose(self) -> ComposeResult:
        """Lines to read."""
        yield PageView()

    @property
    def selected(self) -> Selected:
        return Selected((self.space,)) if self.space else NOTHING

    @property
    def command(self) -> str:
        return "spacectl config"

    @property
    def copied(self) -> str:
        return self.query_one(PageView).text

    @property
    def about(self) -> str:
        return self.space

    def of(self, space: str, declared: Declared) -> None:
        """Show another space."""
        self.space, self._declared = space, declared
        self.query_one(PageView).scroll_to(y=0, animate=False)
        self.draw()

    def draw(self) -> None:
        """Draw what is known; only the lines that a filter lets through."""
        if self.now is None:
            return
        if not self.space:
            self.query_one(PageView).show([[Cell("no space is selected: press enter on one of screen 1", "dim")]])
            return
        lines = page(self.space, self.seen, self._declared.manifest, self._declared.env_file, self.now)
        wanted = [line for line in lines if self.query_.wants("".join(cell.text for cell in line))]
        self.query_one(PageView).show(wanted)
