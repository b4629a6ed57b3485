"""`spacectl demo` from end to end: whatever ends it, nothing of it is left."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

READY_WITHIN_S = 180.0


@pytest.fixture
def house(adopt_system: Callable[..., Any], cached: dict[str, str], home: Path) -> Any:
    """The folder for temporary files as a place to run the demo in: at the end it is empty, and no process is in it."""
    return adopt_system(home, **cached)


def is_gone(house: Any) -> bool:
    return not house.here() and not any(house.root.glob("spacectl-demo-*"))


def test_without_a_terminal_it_prints_what_flows_and_ends(house: Any) -> None:
    done = house.run("demo", "--seconds", "6", within_s=READY_WITHIN_S)
    assert done.code == 0, done.err
    tables = done.out.split("\n\n")[:-1]
    assert len(tables) == 2
    assert all("cart → orders       cart.checked_out" in each for each in tables)
    called = re.search(r"shopper ⇢ catalog +calls +(\d+)", tables[-1])
    assert called is not None
    assert int(called[1]) > 0
    assert f"removed {house.root}/spacectl-demo-" in done.err
    assert is_gone(house)


@pytest.mark.skipif(
    shutil.which("tmux") is None and os.environ.get("CI") != "true", reason="tmux is not installed"
)  # fmt: skip
def test_on_a_terminal_it_opens_top(
    house: Any, open_terminal: Callable[..., Any], wait_for: Callable[..., Any]
) -> None:
    terminal = open_terminal(house, 100, 30)
    terminal.type("spacectl demo")
    wait_for(lambda: "▸ shopper" in "\n".join(terminal.screen()), "top", within_s=READY_WITHIN_S)
    assert "shop  ● ready" in terminal.screen()[0]
    terminal.press("q")
    assert terminal.ended() == 0
    assert "make one of your own" in "\n".join(terminal.screen())
    assert is_gone(house)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_is_interrupted_while_it_comes_up(house: Any, number: int) -> None:
    demo = house.foreground("demo")
    demo.until("bus: ready")
    demo.interrupt(number)
    assert demo.ended() == 130
    assert is_gone(house)


def test_it_is_not_ready_in_time(house: Any) -> None:
    done = house.run("demo", "--timeout", "10ms")
    assert done.code == 5
    assert "not ready within 10ms" in done.err
    assert is_gone(house)


def test_its_supervisor_is_killed(house: Any) -> None:
    demo = house.foreground("demo", "--seconds", "600")
    demo.until("gateway: ready")
    (supervisor,) = (
        each for each in psutil.Process(demo.process.pid).children() if os.getsid(each.pid) == each.pid
    )  # fmt: skip
    supervisor.kill()
    assert demo.ended() == 1
    assert "error: the supervisor ended unexpectedly (killed by signal 9)" in demo.err
    assert is_gone(house)


@pytest.fixture
def hold(house: Any) -> Iterator[Callable[[Path], None]]:
    """Makes a folder that cannot be removed until the test ends; root, who asks no permission, needs a flag for it."""
    held: list[Path] = []
    words = (["chattr", "+i"], ["chattr", "-i"]) if os.geteuid() == 0 else (["chmod", "500"], ["chmod", "700"])

    def make(folder: Path) -> None:
        folder.mkdir()
        (folder / "file").touch()
        if subprocess.run([*words[0], folder], capture_output=True, check=False).returncode != 0:
            pytest.skip("this file system has nothing that root cannot remove")
        held.append(folder)

    yield make
    for folder in held:
        subprocess.run([*words[1], folder], check=True)
    for folder in house.root.glob("spacectl-demo-*"):
        shutil.rmtree(folder)


def test_what_cannot_be_removed_is_named(house: Any, hold: Callable[[Path], None]) -> None:
    demo = house.foreground("demo")
    demo.until("bus: ready")
    (folder,) = house.root.glob("spacectl-demo-*")
    hold(folder / "held")
    demo.interrupt()
    assert demo.ended() == 6
    assert f"error: {folder} remains: {folder}/held/file cannot be removed" in demo.err
    assert not house.here()
