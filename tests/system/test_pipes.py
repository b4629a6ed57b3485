"""Commands whose output goes into a pipe, or to somebody who stops reading."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.system


def shell(system: Any, line: str) -> subprocess.CompletedProcess[str]:
    """Run a line of bash in which `spacectl` stands for the command under test; it fails where any part fails."""
    line = line.replace("spacectl", f"{sys.executable} -m spacectl")
    return subprocess.run(["bash", "-o", "pipefail", "-c", line], cwd=system.root, env=system.environment,
                          capture_output=True, text=True, timeout=30, check=False)  # fmt: skip


def test_a_reader_that_leaves_is_no_error(make_system: Any, idle: Callable[..., str]) -> None:
    spaces = {f"space-{number}": idle(*(f"line {line}" for line in range(50))) for number in range(4)}
    system = make_system(spaces)
    system.up()
    for line in (
        "spacectl ps | head -n 1",
        "spacectl ps --json | head -c 10",
        "spacectl logs | head -n 1",
        "spacectl logs --json | head -n 1",
        "spacectl logs --follow | head -n 1",  # nothing more is ever written: it must notice by itself
        "spacectl logs --follow --tail 0 | true",
        "spacectl config | head -n 1",
        "spacectl --help | head -n 1",
    ):
        done = shell(system, line)
        assert (done.returncode, done.stderr) == (0, ""), line


def test_a_pipe_gets_every_column_and_no_colour(make_system: Any, serve: Callable[..., str]) -> None:
    system = make_system({"orders": serve("--health", "503")})
    system.run("up", "--detach", "--timeout", "1s")
    head, titles, row = shell(system, "spacectl ps | cat").stdout.splitlines()
    assert head.startswith("tiny  ◔ starting  bus ● ready  nats://127.0.0.1:")
    assert titles.split() == ["REPLICA", "STATE", "PID", "PORT", "CPU", "MEMORY", "RESTARTS", "REASON"]
    assert row.startswith("orders.1  ◔ starting")
    assert row.rstrip().endswith("/health answers 503")


def test_every_character_can_be_written_whatever_the_locale(make_system: Any, idle: Callable[..., str]) -> None:
    system = make_system({"clock": idle("naïve 商店 ✔", "done")})
    system.up()
    env = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    assert "\\u25cf ready" in system.run("ps", env=env).out
    assert "naïve 商店 ✔" in system.run("logs", env=env).out  # the bytes as they were written
    (line, _) = (json.loads(line) for line in system.run("logs", "--json", env=env).out.splitlines())
    assert (line["source"], line["line"]) == ("clock.1", "naïve 商店 ✔")


def test_control_characters_of_programs_do_nothing_to_the_terminal(make_system: Any) -> None:
    evil = "\x1b]0;title\x07\x1b[2Jred \x1b[31mtext\x1b[0m \x08\x7f"
    code = "import sys; sys.stdout.buffer.write(bytes.fromhex(sys.argv[1]))\n"
    code += "print(flush=True); __import__('time').sleep(1000)"
    command = json.dumps([sys.executable, "-S", "-c", code, evil.encode().hex() + b"\xff end".hex()])
    system = make_system({"evil": f'[run]\ncommand = {command}\n[api]\nserves = false\n[ready]\nlog = "end"\n'})
    system.up()
    out = system.run("logs", env={"FORCE_COLOR": "1"}).out
    assert "\\x1b]0;title\\x07\\x1b[2Jred text \\x08\\x7f\N{REPLACEMENT CHARACTER} end\n" in out


def test_logs_can_be_followed(make_system: Any, idle: Callable[..., str], wait_for: Callable[..., Any]) -> None:
    system = make_system({"clock": idle("tick"), "other": idle("not this")})
    system.up()
    following = system.foreground("logs", "clock", "--follow")
    following.until("clock.1 | tick\n")
    assert system.run("restart", "clock").code == 0
    wait_for(lambda: following.out == "clock.1 | tick\nclock.1 | tick\n", "the line of the second run")
    following.interrupt()
    assert following.ended() == 130
    assert "Traceback" not in following.err


def test_logs_before_anything_was_written(make_system: Any, idle: Callable[..., str]) -> None:
    system = make_system({"clock": idle()})
    done = system.run("logs")
    assert (done.code, done.out, done.err) == (0, "", "nothing has been written yet\n")
