"""What a person sees: the command in a real terminal, of tmux, whose screen is read back."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(
        shutil.which("tmux") is None and os.environ.get("CI") != "true", reason="tmux is not installed"
    ),
]  # fmt: skip

PROMPT = "done>"
COLOUR = re.compile(r"\x1b\[(\d+;)*(3[0-7]|9[0-7])m")


def test_a_table_while_it_comes_up_then_logs_then_an_orderly_end(
    make_system: Any, idle: Callable[..., str], serve: Callable[..., str], open_terminal: Callable[..., Any]
) -> None:
    build = '[build]\ncommand = "echo fetching wheels; until test -e go; do sleep 0.05; done"\n'
    system = make_system({"clock": idle("tick"), "orders": build + serve("--say", "open")})
    terminal = open_terminal(system, 100, 30)
    terminal.type("spacectl up")
    terminal.until("fetching wheels")
    terminal.until("clock.1   ● ready")
    coming = terminal.screen()
    assert coming[0].startswith("tiny  ⚒ building  bus ")
    assert coming[1].split() == ["REPLICA", "STATE", "PID", "PORT", "CPU", "MEMORY", "RESTARTS", "REASON"]
    assert coming[3].startswith("orders.1  ⚒ building")
    assert len(coming) == 4

    (system.root / "spaces" / "orders" / "go").touch()
    terminal.until("orders.1     | open")
    came = terminal.screen()
    assert came[0].startswith("tiny  ● ready")
    assert [line.split()[0] for line in came] == [
        "tiny", "REPLICA", "clock.1", "orders.1", "showing", "clock.1", "orders.1",
    ]  # fmt: skip
    terminal.press("C-c")
    ended = terminal.until(PROMPT)
    assert ended[:7] == came
    assert ended[7] == "stopping … (Ctrl-C again kills)"
    assert ended[-2:] == ["stopped", f"{PROMPT} 130"]
    assert not system.here()


def test_a_narrow_terminal(
    make_system: Any, serve: Callable[..., str], idle: Callable[..., str], open_terminal: Callable[..., Any]
) -> None:
    system = make_system({"order-history": serve("--health", "503"), "clock": idle("a line that is " + "long " * 20)})
    terminal = open_terminal(system, 60, 20)
    terminal.type("spacectl up --timeout 2s")
    terminal.until("showing logs")
    shown = terminal.screen()
    assert shown[1].startswith("gateway ● ready")  # the first line is too long for this terminal
    assert shown[2:5] == [
        "REPLICA          STATE       RESTARTS",
        "clock.1          ● ready            0",
        "order-history.1  ◔ starting         0",
    ]
    assert shown[5] == "order-history.1: /health answers 503"
    terminal.press("C-c")
    terminal.until(PROMPT)
    assert not system.here()


def test_no_wider_than_the_terminal(
    make_system: Any, serve: Callable[..., str], open_terminal: Callable[..., Any]
) -> None:
    """A line that the terminal had to wrap would leave remains each time the table is drawn again."""
    spaces = {f"a-rather-long-name-{number}": serve("--health", "503") for number in range(5)}
    system = make_system(spaces)
    terminal = open_terminal(system, 40, 12)
    terminal.type("spacectl up --timeout 10s")
    terminal.until("/health answers")
    terminal.until("error: not ready within 10s")
    everything = terminal.tmux("capture-pane", "-p", "-S", "-1000")
    assert everything.count("REPLICA") == 1
    terminal.press("C-c")
    terminal.until(PROMPT)


def test_interrupting_twice_kills(
    make_system: Any, run_program: Callable[..., str], open_terminal: Callable[..., Any]
) -> None:
    stubborn = (
        f'[run]\n{run_program("stubborn")}[api]\nserves = false\n[ready]\nlog = "not"\n[stop]\ntimeout = "1000s"\n'
    )
    system = make_system({"mule": stubborn})
    terminal = open_terminal(system, 100, 30)
    terminal.type("spacectl up")
    terminal.until("showing logs")
    terminal.press("C-c")
    terminal.until("s: mule.1 (stopping")
    terminal.press("C-c")
    terminal.until("killing …")
    assert terminal.until(PROMPT)[-1] == f"{PROMPT} 130"
    assert not system.here()


def test_closing_the_terminal_ends_the_system(
    make_system: Any, idle: Callable[..., str], open_terminal: Callable[..., Any], wait_for: Callable[..., Any]
) -> None:
    system = make_system({"clock": idle("tick")})
    terminal = open_terminal(system, 100, 30)
    terminal.type("spacectl up")
    terminal.until("clock.1 | tick")
    terminal.tmux("kill-server")
    wait_for(lambda: not system.here() and not system.marked(), "all gone")


def test_colours_are_for_terminals_that_want_them(
    make_system: Any, idle: Callable[..., str], open_terminal: Callable[..., Any]
) -> None:
    system = make_system({"clock": idle("tick")})
    system.up()
    terminal = open_terminal(system, 100, 30)
    terminal.type("spacectl ps")
    terminal.until(f"{PROMPT} 0")
    assert "\x1b[32m● ready" in "\n".join(terminal.screen("-e"))
    terminal.type("clear; NO_COLOR=1 spacectl ps; NO_COLOR=1 spacectl logs")
    terminal.until("clock.1 | tick")
    assert not COLOUR.search("\n".join(terminal.screen("-e")))
    for env, coloured in (({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)):
        done = system.run("ps", env=env)
        assert bool(COLOUR.search(done.out)) == coloured, env
        assert bool(COLOUR.search(system.run("logs", env=env).out)) == coloured, env
    assert "\x1b[" not in system.run("ps", "--json", env={"FORCE_COLOR": "1"}).out
