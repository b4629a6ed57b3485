"""The cockpit: its screens, its keys, and what comes to them."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import ContentSwitcher, Input

from spacectl.errors import Exit
from spacectl.model.report import PsReport
from spacectl.tui.acting import act, perform
from spacectl.tui.deck import Deck
from spacectl.tui.dialogs import FilterInput, Help
from spacectl.tui.keys import MOVE, bindings, key_of
from spacectl.tui.lines import LineView, TabsView
from spacectl.tui.page import PageView
from spacectl.tui.palette import Commands
from spacectl.tui.panes.flow import FlowPane
from spacectl.tui.panes.logs import LogsPane
from spacectl.tui.panes.messages import MessagesPane
from spacectl.tui.panes.pane import Pane
from spacectl.tui.panes.space import SpacePane
from spacectl.tui.panes.spaces import SpacesPane
from spacectl.tui.panes.timeline import TimelinePane
from spacectl.tui.ports import Cockpit, Told
from spacectl.tui.sources import Sources
from spacectl.tui.table import TableView
from spacectl.tui.workers import FRAME_S, follow_feed
from spacectl.view.top_commands import Order
from spacectl.view.top_header import headline, key_line, narrowed
from spacectl.view.top_seen import Seen, lost, told
from spacectl.view.top_table import Cell, Query

PANES: tuple[type[Pane], ...] = (SpacesPane, FlowPane, MessagesPane, LogsPane, TimelinePane, SpacePane)
SCREENS = tuple(pane.NAME for pane in PANES)

_TICK_S = 1.0
_ENDING = (signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Start:
    """How the cockpit opens: on which screen, with which rows."""

    screen: str = SCREENS[0]
    query: Query = field(default_factory=Query)


class TopApp(Deck):
    """The cockpit of one system."""

    CSS_PATH = "top.tcss"
    TITLE = "spacectl top"
    COMMANDS: ClassVar[set[Any]] = {Commands}
    BINDINGS: ClassVar[list[BindingType]] = list(bindings(priority=True))
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"

    def __init__(self, cockpit: Cockpit, start: Start) -> None:
        super().__init__(cockpit)
        self._start = start
        self._shown = Seen()
        self._before: list[str] = []
        self._paused = self._waits = False
        self._drawn_at = 0.0
        self._sources = Sources(self)

    def compose(self) -> ComposeResult:
        """Two lines, a screen, three lines of which one is for filters."""
        yield LineView(id="head")
        yield TabsView([(pane.NAME, pane.TITLE) for pane in PANES], id="tabs")
        with ContentSwitcher(initial=self._start.screen):
            for pane in PANES:
                yield pane()
        yield FilterInput(id="filter", placeholder="filter; ! inverts", compact=True)
        yield LineView(id="status")
        yield LineView(id="foot")

    def on_mount(self) -> None:
        self.pane.query_ = self._start.query
        loop = asyncio.get_running_loop()
        for number in _ENDING:
            loop.add_signal_handler(number, lambda: self.exit(return_code=Exit.INTERRUPTED))
        self.beside("feed", partial(follow_feed, self.cockpit.feed, self._hear, self._gone))
        self.set_interval(_TICK_S, self._tick)
        self.go(self._start.screen)

    def on_unmount(self) -> None:
        for number in _ENDING:
            asyncio.get_running_loop().remove_signal_handler(number)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether a key does something here: others have no effect."""
        if action == "do":
            if len(self.screen_stack) != 1 or isinstance(self.focused, Input):  # there keys are answers, or letters
                return False
            return key_of(str(parameters[0])).is_offered(self.pane.NAME, self.cockpit.verbs)
        return True

    def action_do(self, name: str) -> None:
        """Do what a key stands for."""
        own: dict[str, Callable[[], object]] = {
            "open": self._open, "back": self._back, "filter": self._ask_filter, "wrong": self._only_wrong,
            "mark": self._mark, "logs_of": self._logs_of, "messages_of": self._messages_of, "pause": self._pause,
            "copy": self.copy, "palette": self.action_command_palette, "theme": self.next_theme,
            "help": self._help, "quit": self.exit,
        }  # fmt: skip
        if name in SCREENS:
            self.go(name, of_all=True)
        elif key_of(name).group == MOVE:
            self._moved.action_do(name)
        elif key_of(name).acts is not None:
            self.beside("act", partial(act, self, name, self.pane.selected.spaces), only=True)
        elif name in own:
            own[name]()
        else:
            self.pane.do(name)
        self.tell_around()

    def action_help_quit(self) -> None:
        """Leave at Ctrl-C, as every command does."""
        self.exit(return_code=Exit.INTERRUPTED)

    def go(self, name: str, *, of_all: bool = False) -> None:
        """Open a screen; `of_all` shows logs and messages of everything, not of what was selected before."""
        before, chosen = self.pane, self.pane.selected.spaces
        if name != before.NAME:
            self._before = [*[each for each in self._before if each != before.NAME], before.NAME]
        self.query_one(ContentSwitcher).current = name
        pane = self.pane
        if of_all and isinstance(pane, LogsPane):
            pane.of(())
        if of_all and isinstance(pane, MessagesPane) and pane.subjects:
            self._sources.watch(pane, ())
        if isinstance(pane, SpacePane) and (chosen or not pane.space):
            space = next(iter(chosen), next((each.name for each in self.seen.spaces), ""))
            pane.of(space, self.cockpit.declared(space))
        self._sources.serve(None if self._paused else pane)
        pane.give(self._shown, self.cockpit.now())
        self._focus()
        self.tell_around()

    def open_space(self, name: str) -> None:
        """Show one space whole."""
        self.query_one(SpacePane).of(name, self.cockpit.declared(name))
        self.go("space")

    def order_of(self, verb: Any, space: str) -> None:
        """Do something with one space."""
        self.beside("act", partial(perform, self, [Order(verb, (space,))]), only=True)

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.input.id == "filter":
            self.pane.ask(replace(self.pane.query_, filter=event.value))
            self.tell_around()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.input.id == "filter":
            self.query_one("#filter").display = False
            self._focus()

    def on_tabs_view_chosen(self, event: TabsView.Chosen) -> None:
        self.go(event.screen, of_all=True)

    def on_table_view_sort_wanted(self, event: TableView.SortWanted) -> None:
        self.pane.sort(event.column)
        self.tell_around()

    def on_table_view_opened(self) -> None:
        self.action_do("open")

    def on_table_view_moved(self) -> None:
        self.said = []
        self.tell_around()

    def on_resize(self) -> None:
        self.call_after_refresh(self.tell_around)

    def _hear(self, value: Told) -> None:
        if isinstance(value, PsReport) and not self.seen.attached:  # what was missed meanwhile stands on disk
            self.seen = replace(self.seen, notes=tuple(self.cockpit.history()))
        self.seen = told(self.seen, value)
        self._soon()

    def _gone(self) -> None:
        self.seen = lost(self.seen)
        self._soon()

    def _soon(self) -> None:
        """Draw what is known, with all that is told until then."""
        if not self._waits:
            self._waits = True
            self.set_timer(FRAME_S, self._draw)

    def _draw(self) -> None:
        self._waits = False
        if self._paused:
            return
        self._drawn_at = monotonic()
        self._shown = self.seen
        if self._has_screen():
            self.pane.give(self._shown, self.cockpit.now())
            self.tell_around()

    def _tick(self) -> None:
        """Let times grow where nothing is told."""
        if monotonic() > self._drawn_at + _TICK_S:
            self._soon()

    def _has_screen(self) -> bool:
        return self.is_running and bool(self.screen_stack)

    def tell_around(self) -> None:
        base, pane = self.screen_stack[0], self.pane
        now = self.cockpit.now()
        head = headline(self.cockpit.system, self._shown, now, self.size.width, paused=self._paused)
        base.query_one("#head", LineView).show(head)
        about = [*narrowed(pane.query_), Cell(pane.about, "dim")]
        base.query_one("#tabs", TabsView).tell(pane.NAME, about)
        base.query_one("#status", LineView).show(self.said or [Cell(" $ ", "dim"), Cell(pane.command, "busy")])
        offered = [(key.written.split()[0], key.short) for key in self.offered if key.shown]
        base.query_one("#foot", LineView).show(key_line(offered, self.size.width))

    @property
    def _moved(self) -> TableView | PageView:
        """What keys move in: what somebody has clicked on, as long as its screen is open."""
        focused, pane = self.focused, self.pane
        if isinstance(focused, (TableView, PageView)) and pane in focused.ancestors:
            return focused
        return pane.moved

    def _focus(self) -> None:
        self.pane.moved.focus()

    def _open(self) -> None:
        pane = self.pane
        match pane:
            case SpacesPane() | FlowPane() if pane.selected.spaces:
                self.go("space")
            case TimelinePane() if pane.note is not None:
                self._logs_at(datetime.fromisoformat(pane.note.time).timestamp())
            case _:
                pane.do("open")

    def _logs_at(self, time_s: float) -> None:
        self.go("logs", of_all=True)
        self._sources.seek(self.query_one(LogsPane), time_s)

    def _back(self) -> None:
        if not self.pane.back() and self._before:
            name = self._before.pop()
            self.go(name)
            self._before = [each for each in self._before if each != name]

    def _ask_filter(self) -> None:
        line = self.query_one("#filter", FilterInput)
        line.display = True
        line.value = self.pane.query_.filter
        self.screen.set_focus(line)  # at once: the next key is a letter of it

    def _only_wrong(self) -> None:
        self.pane.ask(replace(self.pane.query_, only_wrong=not self.pane.query_.only_wrong))

    def _mark(self) -> None:
        if self.pane.table is not None:
            self.pane.table.mark()

    def _logs_of(self) -> None:
        names = self.pane.selected.spaces
        self.go("logs")
        self.query_one(LogsPane).of(names)

    def _messages_of(self) -> None:
        selected = self.pane.selected
        subjects = selected.subjects or tuple(f"{name}.>" for name in selected.spaces)
        self.go("messages")
        self._sources.watch(self.query_one(MessagesPane), subjects)

    def _pause(self) -> None:
        self._paused = not self._paused
        self._sources.serve(None if self._paused else self.pane)
        self._draw()

    def _help(self) -> None:
        table = self.pane.table
        columns = [] if table is None else table.columns
        self.push_screen(Help(self.offered, [(each.letter, each.title.lower()) for each in columns if each.letter]))
