"""Every key does what the help says of it, against a real control API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.events import Key

from spacectl.model.report import Change
from spacectl.tui.app import SCREENS, Start
from spacectl.tui.dialogs import Help, Question, SendForm
from spacectl.tui.keys import all_keys
from spacectl.tui.page import GraphView, PageView
from spacectl.tui.panes.logs import LogsPane
from spacectl.tui.panes.messages import MessagesPane
from spacectl.tui.table import TableView
from spacectl.view.top_table import Query

pytestmark = pytest.mark.anyio


def table(bench: Any) -> TableView:
    return bench.app.pane.table


def names(bench: Any) -> list[str]:
    return [line.key for line in table(bench).items]


async def screens(bench: Any) -> None:
    for number, name in enumerate(SCREENS, 1):
        await bench.press(str(number))
        assert name == bench.app.pane.NAME


async def moves(bench: Any) -> None:
    await bench.press("down", "j")
    assert table(bench).item.key == "orders"
    await bench.press("up", "k")
    assert table(bench).item.key == "cart"
    await bench.press("end")
    assert table(bench).item.key == names(bench)[-1]
    await bench.press("home", "pagedown")
    assert table(bench).item.key == names(bench)[-1]
    await bench.press("pageup")
    assert table(bench).item.key == "cart"


async def unfolds(bench: Any) -> None:
    await bench.press("j", "l")
    await bench.until(lambda: names(bench)[1:4] == ["catalog", "catalog.1", "catalog.2"])
    await bench.press("down", "left")
    await bench.until(lambda: "catalog.1" not in names(bench))
    assert table(bench).item.key == "catalog"


async def filters(bench: Any) -> None:
    await bench.press("slash", *"back")
    assert names(bench) == ["payments"]
    await bench.press("enter")
    assert not bench.app.query_one("#filter").display
    assert "with “back”" in bench.text
    await bench.press("escape")
    assert len(names(bench)) == 6
    await bench.press("slash", *"!ca", "down", "j")
    assert names(bench)[0] == "orders"
    assert table(bench).has_focus
    await bench.press("slash", "escape")
    assert len(names(bench)) == 6


async def only_wrong(bench: Any) -> None:
    await bench.press("ctrl+z")
    assert names(bench) == ["orders", "payments"]
    await bench.press("ctrl+z")
    assert len(names(bench)) == 6


async def sorts(bench: Any) -> None:
    await bench.press("W")
    assert names(bench)[0] == "payments"
    await bench.press("L")
    assert names(bench)[0] == "orders"
    await bench.press("L")
    assert names(bench)[-1] == "orders"
    assert "LAG▲" in bench.text


async def marks(bench: Any) -> None:
    await bench.press("space", "space")
    assert bench.app.pane.selected.spaces == ("cart", "catalog")
    assert "✓" in bench.text
    await bench.press("S")
    await bench.until(lambda: bench.supervisor.asked)
    assert bench.supervisor.asked == [("start", ("cart", "catalog"))]
    await bench.press("escape")
    assert bench.app.pane.selected.spaces == ("orders",)


async def pauses(bench: Any) -> None:
    await bench.press("p")
    assert "paused" in bench.text
    bench.supervisor.become(bench.supervisor.ps.model_copy(update={"spaces": ()}))
    await bench.until(lambda: not bench.app.seen.spaces)
    assert len(names(bench)) == 6
    await bench.press("p")
    assert names(bench) == []


async def opens_a_space(bench: Any) -> None:
    await bench.press("down", "down", "enter")
    assert bench.app.pane.NAME == "space"
    page = bench.app.pane.query_one(PageView).text
    assert "orders → payments" in page
    assert "tok-123" not in page
    assert "s3cret" not in page
    assert "LOG_LEVEL = info" in page
    await bench.press("escape")
    assert bench.app.pane.NAME == "spaces"


async def opens_logs_at_an_event(bench: Any) -> None:
    await bench.press("5", "down", "enter")
    assert bench.app.pane.NAME == "logs"
    await bench.until(lambda: table(bench).keys)
    assert table(bench).item.text == "WARNING provider is slow"
    assert "order 4711" not in bench.text


async def opens_a_message(bench: Any) -> None:
    await bench.press("3")
    await bench.shows("payments.captured")
    await bench.press("up", "enter")
    await bench.shows('"amount": 12.5')
    await bench.press("escape")
    assert not bench.app.pane.query_one(PageView).display


async def shows_logs_of_the_marked(bench: Any) -> None:
    await bench.press("down", "down", "t")
    pane = bench.app.pane
    assert isinstance(pane, LogsPane)
    await bench.until(lambda: table(bench).keys)
    assert {line.log.source for line in table(bench).items} == {"orders.1", "orders.build"}
    await bench.press("escape")
    assert len(table(bench).keys) == 7
    await bench.press("escape")
    assert bench.app.pane.NAME == "spaces"


async def shows_messages_of_the_marked(bench: Any) -> None:
    await bench.press("down", "down", "m")
    assert isinstance(bench.app.pane, MessagesPane)
    await bench.until(lambda: bench.taps)
    assert bench.taps[-1] == ("orders.>",)
    await bench.press("2", "slash", *"captured", "enter", "m")
    await bench.until(lambda: bench.taps[-1] == ("payments.captured",))
    await bench.press("3")
    await bench.until(lambda: bench.taps[-1] == ())


async def chooses_levels_and_logs(bench: Any) -> None:
    await bench.press("4")
    await bench.until(lambda: len(table(bench).keys) == 7)
    await bench.press("v", "v")
    assert [line.log.source for line in table(bench).items] == ["payments.1", "payments.1"]
    assert "--level warning" in bench.text
    await bench.press("v", "v", "b", "b")
    assert [line.log.source for line in table(bench).items] == ["orders.build"]


async def follows(bench: Any) -> None:
    await bench.press("4")
    await bench.until(lambda: len(table(bench).keys) == 7)
    assert table(bench).item.text.endswith("4712 placed")
    await bench.press("up")
    assert "f follows" in bench.text
    await bench.press("f")
    assert table(bench).item.text.endswith("4712 placed")


async def copies(bench: Any) -> None:
    await bench.press("y")
    assert '"name": "cart"' in bench.app.clipboard
    assert "copied" in bench.text


async def draws(bench: Any) -> None:
    await bench.press("2", "g")
    graph = bench.app.query_one(GraphView)
    await bench.shows("╭ orders")
    assert graph.marked == "cart"
    await bench.press("right")
    assert graph.marked.startswith("cart ")
    await bench.press("down", "right")
    first = graph.marked
    await bench.press("left", "up", "right")
    assert {first, graph.marked} == {"catalog", "orders"}
    await bench.press("g")
    assert not graph.display


async def restarts(bench: Any) -> None:
    await bench.press("down", "r")
    await bench.shows("$ spacectl restart catalog")
    assert isinstance(bench.app.screen, Question)
    await bench.press("n")
    assert bench.supervisor.asked == []
    await bench.press("r")
    await bench.shows("Restart catalog?")
    await bench.press("y")
    await bench.shows("✔ asked for: catalog")
    assert bench.supervisor.asked == [("restart", ("catalog",))]


async def is_refused(bench: Any) -> None:
    await bench.press("s")
    await bench.shows("Stop cart?")
    await bench.press("left", "enter")
    await bench.shows("✖ cart is needed (stop shopper first)")


async def stops(bench: Any) -> None:
    await bench.press("down", "s")
    await bench.shows("Stop catalog?")
    await bench.press("y")
    await bench.shows("✔ asked for")
    assert bench.supervisor.asked == [("stop", ("catalog",))]


async def starts(bench: Any) -> None:
    await bench.press("S")
    await bench.shows("✔ asked for")
    assert bench.supervisor.asked == [("start", ("cart",))]


async def scales_up(bench: Any) -> None:
    await bench.press("plus")
    await bench.until(lambda: bench.orders)
    assert (bench.orders[0].verb, bench.orders[0].spaces, bench.orders[0].replicas) == ("scale", ("cart",), 2)
    assert "$ spacectl scale cart=2" in bench.text


async def scales_down(bench: Any) -> None:
    await bench.press("down", "minus")
    await bench.shows("so that 1 run?")
    await bench.press("y")
    await bench.until(lambda: bench.orders)
    assert bench.orders[0].replicas == 1


async def sends(bench: Any) -> None:
    await bench.press("down", "down", "e")
    await bench.until(lambda: isinstance(bench.app.screen, SendForm))
    await bench.press("end", "backspace", *'"id": 1}', "enter")
    await bench.until(lambda: bench.orders)
    assert (bench.orders[0].subject, bench.orders[0].body) == ("orders.placed", '{"id": 1}')


async def sends_nothing(bench: Any) -> None:
    await bench.press("e")
    await bench.until(lambda: isinstance(bench.app.screen, SendForm))
    await bench.press("escape")
    await bench.until(lambda: not isinstance(bench.app.screen, SendForm))
    assert bench.orders == []


async def replays(bench: Any) -> None:
    await bench.press("R")
    await bench.shows("cart: no dead letters")
    await bench.press("down", "down", "R")
    await bench.shows("$ spacectl letters replay 4 5")
    await bench.press("y")
    await bench.until(lambda: bench.orders)
    assert bench.orders[0].letters == (4, 5)


async def browses(bench: Any) -> None:
    await bench.press("o")
    await bench.until(lambda: bench.orders)
    assert bench.orders[0].url == "http://127.0.0.1:8080/cart"


async def finds_by_name(bench: Any) -> None:
    await bench.press("colon")
    await bench.until(lambda: "commands" not in bench.lines[-1] or len(bench.app.screen_stack) == 2)
    await bench.press(*"start payments")
    await bench.until(lambda: "start payments" in bench.text)
    await bench.until(lambda: bench.app.screen.query_one("CommandList").option_count)
    await bench.press("enter")
    await bench.until(lambda: bench.supervisor.asked)
    assert bench.supervisor.asked == [("start", ("payments",))]


async def changes_the_theme(bench: Any) -> None:
    before = bench.app.theme
    seen = set()
    for _ in range(3):
        await bench.press("ctrl+t")
        seen.add(bench.app.theme)
    assert len(seen) == 3
    assert bench.app.theme == before


async def helps(bench: Any) -> None:
    await bench.press("question_mark")
    await bench.until(lambda: isinstance(bench.app.screen, Help))
    page = bench.app.screen.query_one(PageView).text
    assert all(key.help in page for key in bench.app.offered)
    assert "L        by lag" in page
    await bench.press("escape")
    assert not isinstance(bench.app.screen, Help)


async def quits(bench: Any) -> None:
    await bench.press("q")
    await bench.until(lambda: not bench.app.is_running)
    assert not bench.app.return_code


TRIED: dict[str, tuple[Callable[[Any], Awaitable[None]], ...]] = {
    **dict.fromkeys(SCREENS, (screens,)),
    **dict.fromkeys(("up", "down", "page_up", "page_down", "first", "last"), (moves,)),
    **dict.fromkeys(("left", "right"), (unfolds, draws)),
    "filter": (filters,), "back": (filters, marks, opens_a_space), "wrong": (only_wrong,), "mark": (marks,),
    "pause": (pauses,), "open": (opens_a_space, opens_logs_at_an_event, opens_a_message),
    "logs_of": (shows_logs_of_the_marked,), "messages_of": (shows_messages_of_the_marked,),
    "level": (chooses_levels_and_logs,), "stream": (chooses_levels_and_logs,), "follow": (follows,),
    "copy": (copies,), "graph": (draws,), "restart": (restarts,), "stop": (stops, is_refused), "start": (starts,),
    "more": (scales_up,), "fewer": (scales_down,), "send": (sends, sends_nothing), "replay": (replays,),
    "browse": (browses,), "palette": (finds_by_name,), "theme": (changes_the_theme,), "help": (helps,),
    "quit": (quits,),
}  # fmt: skip
CASES = [*dict.fromkeys(each for found in TRIED.values() for each in found), sorts]


def test_every_key_is_tried() -> None:
    assert {key.do for key in all_keys()} == set(TRIED)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
async def test_key(open_top: Any, case: Callable[[Any], Awaitable[None]]) -> None:
    async with open_top() as bench:
        await case(bench)


async def test_read_only_offers_nothing_that_acts(open_top: Any) -> None:
    async with open_top(without=("restart", "stop", "start", "send", "open", "scale", "replay")) as bench:
        await bench.press("r", "s", "S", "plus", "minus", "e", "R", "o")
        assert len(bench.app.screen_stack) == 1
        assert bench.supervisor.asked == []
        assert "restart" not in bench.text
        await bench.press("question_mark")
        await bench.until(lambda: isinstance(bench.app.screen, Help))
        assert "Act" not in bench.app.screen.query_one(PageView).text


async def test_letters_after_a_slash_are_written_however_fast_they_come(open_top: Any) -> None:
    async with open_top() as bench:
        for key in ("slash", "r", "s", "o", "enter"):
            bench.app.post_message(Key(key, "/" if key == "slash" else key if len(key) == 1 else None))
        await bench.until(lambda: bench.app.pane.query_.filter == "rso" and not bench.app.query_one("#filter").display)
        assert bench.orders == bench.supervisor.asked == []
        assert len(bench.app.screen_stack) == 1


async def test_what_acts_is_done_to_the_row_that_the_keys_before_it_led_to(open_top: Any) -> None:
    async with open_top() as bench:
        names = [each.name for each in bench.app.seen.spaces]
        for key in ("2", "1", "down", "down", "r"):
            bench.app.post_message(Key(key, key if len(key) == 1 else None))
        await bench.shows(f"$ spacectl restart {names[2]}")


@pytest.mark.parametrize("close", ["q", "escape", "question_mark"])
async def test_a_key_after_the_one_that_closes_a_dialog_is_for_what_is_below(open_top: Any, close: str) -> None:
    async with open_top() as bench:
        await bench.press("?")
        await bench.until(lambda: isinstance(bench.app.screen, Help))
        for key in (close, "5"):
            bench.app.post_message(Key(key, key if len(key) == 1 else None))
        await bench.until(lambda: bench.app.pane.NAME == "timeline")


async def test_ctrl_c_leaves(open_top: Any) -> None:
    async with open_top() as bench:
        await bench.press("ctrl+c")
        await bench.until(lambda: not bench.app.is_running)
        assert bench.app.return_code == 130


async def test_it_opens_as_it_was_asked_to(open_top: Any) -> None:
    async with open_top(start=Start("flow", Query(filter="orders", sort="rate"))) as bench:
        assert bench.app.pane.NAME == "flow"
        assert [edge.rate for edge in table(bench).items][:2] == [12.1, 12.1]


async def test_rows_stay_still_while_the_cursor_moves(open_top: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spacectl.tui.table._STILL_S", 3600.0)
    async with open_top() as bench:
        await bench.press("W", "down")
        here, before = table(bench).item.key, names(bench)
        ps = bench.supervisor.ps
        bench.supervisor.become(ps.model_copy(update={"spaces": tuple(
            each.model_copy(update={"state": "failed"}) if each.name == "shopper" else each for each in ps.spaces
        )}))  # fmt: skip
        await bench.shows("✖ failed")
        assert names(bench) == before
        assert table(bench).item.key == here
        await bench.press("W", "W")
        assert names(bench)[0] == "shopper"
        assert table(bench).item.key == here


async def test_the_mouse(open_top: Any) -> None:
    async with open_top() as bench:
        view = table(bench)
        await bench.pilot.click(view, offset=(3, 3))
        assert view.item.key == "orders"
        await bench.pilot.click(view, offset=(37, 0))
        await bench.until(lambda: bench.app.pane.query_.sort == "state")
        await bench.pilot.click("#tabs", offset=(15, 0))
        await bench.until(lambda: bench.app.pane.NAME == "flow")
        await bench.press("1")
        await bench.pilot.click(view, offset=(3, 2), times=2)
        await bench.until(lambda: bench.app.pane.NAME == "space")


async def test_a_supervisor_that_goes_away_and_comes_back(open_top: Any) -> None:
    async with open_top() as bench:
        bench.server.stop()
        await bench.shows("the supervisor does not answer", "? unknown")


async def test_what_happens_is_told(open_top: Any, scenes: Any) -> None:
    async with open_top() as bench:
        noted = replace(scenes["shop"]()).notes[0].model_copy(update={"kind": "scaled", "text": "to 3"})
        bench.supervisor.tell(Change(note=noted))
        await bench.press("5")
        await bench.shows("± scaled")
