"""The cockpit as a person uses it: in a real terminal, on a system that runs."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(
        shutil.which("tmux") is None and os.environ.get("CI") != "true", reason="tmux is not installed"
    ),
]  # fmt: skip

COLOUR = re.compile(r"\x1b\[([\d;]*;)?([34][0-8]|9[0-7]|10[0-7])[;m]")
EVENTS = '[events]\npublishes = ["clock.ticked"]\n'
BROKEN = """
import sys
from spacectl.cli.app import main
from spacectl.tui.panes.spaces import SpacesPane
SpacesPane.draw = lambda self: 1 / 0
sys.argv = ["spacectl", "top"]
main()
"""


@pytest.fixture
def running(make_system: Any, idle: Callable[..., str], serve: Callable[..., str]) -> Any:
    system = make_system({"clock": idle("tick", more=EVENTS), "orders": serve("--say", "open")})
    system.up()
    return system


def modes(system: Any, name: str) -> str:
    return str((system.root / name).read_text())


def tops(system: Any) -> list[psutil.Process]:
    return [each for each in system.here() if each.cmdline()[-1:] == ["top"]]


def is_as_before(system: Any, terminal: Any) -> None:
    """The terminal has its modes, its screen and its mouse back."""
    assert modes(system, "before") == modes(system, "after")
    assert terminal.tmux("display-message", "-p", "#{alternate_on} #{mouse_any_flag} #{cursor_flag}").split() == [
        "0", "0", "1",
    ]  # fmt: skip


def open_top(terminal: Any) -> None:
    terminal.type("echo what was here before; stty -g > before; spacectl top; code=$?; stty -g > after; (exit $code)")
    terminal.until("[1 Spaces]")
    terminal.until("▸ orders")


def test_filter_restart_and_quit(running: Any, open_terminal: Callable[..., Any], wait_for: Callable[..., Any]) -> None:
    terminal = open_terminal(running, 100, 30)
    open_top(terminal)
    assert any(line.startswith("▸ clock") for line in terminal.screen())
    terminal.press("/")
    terminal.tmux("send-keys", "-l", "ord")
    terminal.press("Enter")
    terminal.until("with “ord”")
    wait_for(lambda: not any(line.startswith("▸ clock") for line in terminal.screen()), "clock left out")
    before = running.replica("orders.1")["pid"]
    terminal.press("r")
    terminal.until("$ spacectl restart orders")
    terminal.press("y")
    terminal.until("✔ asked for: orders")
    again = running.wait_for_replica("orders.1", lambda each: each["state"] == "ready" and each["pid"] != before)
    terminal.press("6")
    terminal.until(f"pid {again['pid']}")
    terminal.press("q")
    assert terminal.ended() == 0
    assert "what was here before" in "\n".join(terminal.screen())
    is_as_before(running, terminal)
    assert running.ps()["state"] == "ready"


def test_what_is_sent_passes(running: Any, open_terminal: Callable[..., Any]) -> None:
    terminal = open_terminal(running, 100, 30)
    open_top(terminal)
    terminal.press("3")
    terminal.until("[3 Messages]")
    for number in range(1000):  # until the tap has begun, what is sent passes unseen
        running.run("send", "clock.ticked", json.dumps({"number": number}))
        if "clock.ticked" in "\n".join(terminal.screen()):
            break
    terminal.until("clock.ticked")
    terminal.press("e")
    terminal.until("Send an event")
    terminal.press("BSpace")
    terminal.until("$ spacectl send clock.ticked '{'")  # keys that edit are slower than letters
    terminal.tmux("send-keys", "-l", '"by": "hand"}')
    terminal.until("""'{"by": "hand"}'""")
    terminal.press("Enter")
    terminal.until("✔ clock.ticked: stored as message")
    terminal.until('{"by": "hand"}')
    terminal.press("4")
    terminal.until("tick")
    terminal.press("q")
    assert terminal.ended() == 0


def test_it_is_ended_from_outside(running: Any, open_terminal: Callable[..., Any]) -> None:
    terminal = open_terminal(running, 100, 30)
    open_top(terminal)
    (process,) = tops(running)
    process.send_signal(signal.SIGTERM)
    assert terminal.ended() == 130
    is_as_before(running, terminal)


def test_it_breaks(running: Any, open_terminal: Callable[..., Any], home: Path) -> None:
    terminal = open_terminal(running, 100, 30)
    (running.root / "broken.py").write_text(BROKEN, encoding="utf-8")
    terminal.type(f"stty -g > before; {sys.executable} broken.py; code=$?; stty -g > after; (exit $code)")
    assert terminal.ended() == 70
    assert "error: this is a bug in spacectl" in "\n".join(terminal.screen())
    is_as_before(running, terminal)
    (kept,) = home.glob("spacectl-bug-*.txt")
    assert "ZeroDivisionError" in kept.read_text()
    kept.unlink()


def test_the_supervisor_goes_away_and_comes_back(running: Any, open_terminal: Callable[..., Any]) -> None:
    terminal = open_terminal(running, 100, 30)
    open_top(terminal)
    assert running.run("down").code == 0
    terminal.until("the supervisor does not answer")
    terminal.until("? unknown")
    running.up()
    terminal.until("nothing wrong")
    terminal.press("q")
    assert terminal.ended() == 0


def test_without_colour(running: Any, open_terminal: Callable[..., Any]) -> None:
    terminal = open_terminal(running, 60, 20)
    terminal.type("NO_COLOR=1 spacectl top")
    terminal.until("▸ orders")
    assert not COLOUR.search("\n".join(terminal.screen("-e")))
    terminal.press("q")
    assert terminal.ended() == 0


def test_for_scripts(running: Any) -> None:
    frame = running.run("top", "--once", "--sort", "-name", "--filter", "!zzz")
    assert frame.code == 0
    lines = frame.out.splitlines()
    assert lines[0].split()[:3] == ["tiny", "●", "ready"]
    assert [line.split()[1] for line in lines[3:]] == ["orders", "clock"]
    assert running.run("top").out.splitlines()[-1].split()[1] == "orders"
    assert "● ready" in running.run("top", "--once", "--screen", "timeline").out
    document = running.run("top", "--json").json
    assert [space["name"] for space in document["ps"]["spaces"]] == ["clock", "orders"]
    follower = running.foreground("top", "--json", "--follow")
    follower.until('"supervisor_pid"')
    assert running.run("restart", "orders").code == 0
    follower.until('"note":{')
    follower.interrupt()
    assert follower.ended() == 130
    kinds = [key for line in follower.out.splitlines() for key, value in json.loads(line).items() if value]
    assert set(kinds) >= {"ps", "note"}


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--screen", "spacs"], 2, 'did you mean "spaces"?'),
        (["--sort", "lga"], 2, 'did you mean "lag"?'),
        (["--follow"], 2, "--follow goes with --json"),
        (["--once", "--screen", "logs"], 2, "`spacectl logs` prints those"),
        (["--once"], 4, "spacectl up"),
        (["--json", "--follow"], 4, "spacectl up"),
    ],
)
def test_what_cannot_be(make_system: Any, words: list[str], code: int, told: str) -> None:
    done = make_system({}).run("top", *words)
    assert done.code == code
    assert told in done.err
    assert done.out == ""


def test_no_system_in_a_terminal(make_system: Any, open_terminal: Callable[..., Any]) -> None:
    terminal = open_terminal(make_system({}), 100, 30)
    terminal.type("spacectl top")
    assert terminal.ended() == 4
    assert "no system is running" in "\n".join(terminal.screen())
