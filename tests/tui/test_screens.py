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
    await bench.until(lambda: bench.app.screen_stack[0].query_one("#foot").region.bottom_right == size)
    bench.app.pane.draw()
    await bench.pilot.pause()
    bench.app.tell_around()
    await bench.shows(ready)
    await bench.until(lambda: len(bench.lines) == size[1])
    return f"{size[0]}x{size[1]}\n" + "\n".join(bench.lines) + "\n"


KEYS: dict[str, tuple[list[str], str]] = {
    "spaces": (["right"], "SPACE"),
    "flow": (["2"], "FROM"),
    "graph": (["2", "g"], "$ spacectl graph"),
    "messages": (["3"], "SUBJECT"),
    "message": (["3", "up", "up", "enter"], "SUBJECT"),
    "logs": (["4"], "LOG"),
    "timeline": (["5"], "WHO"),
    "space": (["down", "down", "enter"], "orders"),
    "line": (["4", "up", "enter"], "LOG"),
    "help": (["question_mark"], "Screens"),
}
BUSY_ONLY = {"graph", "message", "line", "space", "help"}
READY = {"messages": "40 skipped", "message": "payments.captured  message", "logs": "4712", "timeline": "violation"}


CASES = [("shop", screen) for screen in KEYS]
CASES += [(scene, screen) for scene in ("empty", "failed") for screen in KEYS if screen not in BUSY_ONLY]


@pytest.mark.parametrize(("scene", "screen"), CASES)
async def test_screens(open_top: Any, scenes: dict[str, Callable[[], Any]], same_as_kept: Callable[[str, str], None],
                       scene: str, screen: str) -> None:  # fmt: skip
    keys, ready = KEYS[screen]
    if scene == "shop":
        ready = READY.get(screen, ready)
    async with open_top(scenes[scene](), size=SIZES[-1]) as bench:
        await bench.press(*keys)
        await bench.shows(ready)
        pictures = [await picture(bench, size, ready) for size in SIZES]
    same_as_kept(f"{screen}-{scene}", "\n".join(pictures))


def test_every_screen_has_a_picture() -> None:
    assert set(SCREENS) <= set(KEYS)
