"""Each screen as a person sees it, in three sizes; the kept pictures are text, so that a change of one can be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from spacectl.tui.app import SCREENS

pytestmark = pytest.mark.anyio

SIZES = ((60, 20), (100, 30), (200, 60))


async def picture(bench: Any, size: tuple[int, int], ready: str) -> str:
    await bench.pilot.resize_terminal(*size)
    below = bench.app.screen_stack[0]
    await bench.until(lambda: below.query_one("#foot").region.bottom_right == size)
    await bench.until(lambda: below.query_one("#tabs").size.width == size[0])
    bench.app.pane.draw()
    await bench.pilot.pause()
    bench.app.tell_around()
    await bench.shows(ready)
    await bench.until(lambda: len(bench.lines) == size[1])
    return f"{size[0]}x{size[1]}\n" + "\n".join(bench.lines) + "\n"


KEYS: dict[str, tuple[str, str, list[str], str]] = {
    "spaces": ("1", "SPACE", ["right"], "SPACE"),
    "flow": ("2", "FROM", [], "FROM"),
    "graph": ("2", "FROM", ["g"], "$ spacectl graph"),
    "messages": ("3", "SUBJECT", [], "SUBJECT"),
    "message": ("3", "SUBJECT", ["up", "enter"], "payments.captured  message"),
    "logs": ("4", "LOG", [], "LOG"),
    "timeline": ("5", "WHO", [], "WHO"),
    "space": ("1", "SPACE", ["down", "down", "enter"], "orders"),
    "line": ("4", "LOG", ["up", "enter"], "LOG"),
    "help": ("1", "SPACE", ["question_mark"], "Screens"),
}
"""Of each picture: the key that opens its screen, what is there then, more keys, and what they show."""

BUSY_ONLY = {"graph", "message", "line", "space", "help"}
LOADED = {"1": "recommend", "2": "recommend", "3": "40 skipped", "4": "4712", "5": "violation"}
"""What each screen shows of the shop once everything has come."""

CASES = [("shop", screen) for screen in KEYS]
CASES += [(scene, screen) for scene in ("empty", "failed") for screen in KEYS if screen not in BUSY_ONLY]


@pytest.mark.parametrize(("scene", "screen"), CASES)
async def test_screens(open_top: Any, scenes: dict[str, Callable[[], Any]], same_as_kept: Callable[[str, str], None],
                       scene: str, screen: str) -> None:  # fmt: skip
    opens, there, keys, ready = KEYS[screen]
    async with open_top(scenes[scene](), size=SIZES[-1]) as bench:
        await bench.press(opens)
        await bench.shows(there, *([LOADED[opens]] if scene == "shop" else []))
        await bench.press(*keys)
        await bench.shows(ready)
        pictures = [await picture(bench, size, ready) for size in SIZES]
    same_as_kept(f"{screen}-{scene}", "\n".join(pictures))


def test_every_screen_has_a_picture() -> None:
    assert set(SCREENS) <= set(KEYS)
