"""`up` in the foreground, without a terminal: what it shows, and how it ends, whoever ends it and whenever."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

pytestmark = pytest.mark.system

BEGUN = 'import os; os.write(2, b"begun\\n"); from spacectl.__main__ import main; main()'
SHOWING = "showing logs; Ctrl-C stops the system\n"


def test_it_shows_how_spaces_come_up_then_what_they_write(
    make_system: Any, serve: Callable[..., str], idle: Callable[..., str], run_program: Callable[..., str]
) -> None:
    last = f'[run]\n{run_program("last_words")}[api]\nserves = false\n[ready]\nlog = "up"\n'
    system = make_system({"orders": serve("--say", "open"), "clock": idle("tick", "tock"), "speaker": last})
    up = system.foreground("up")
    up.until(SHOWING)
    before, _, _ = up.err.partition("tiny  ● ready")
    ready = ("bus", "clock.1", "gateway", "orders.1", "speaker.1")
    assert sorted(before.splitlines()) == [f"{name}: ready" for name in ready]

    up.until("speaker.1 | up")
    pid = system.replica("orders.1")["pid"]
    os.kill(pid, signal.SIGKILL)
    up.until("● orders.1 backoff: killed by SIGKILL")
    up.interrupt()
    assert up.ended() == 130
    assert up.err.endswith("\nstopped\n")
    lines = up.out.splitlines()
    assert [line for line in lines if line.startswith("clock")] == ["clock.1   | tick", "clock.1   | tock"]
    spoken = [line for line in lines if line.startswith("speaker")]
    assert spoken == ["speaker.1 | up", "speaker.1 | goodbye from SIGTERM"]
    assert lines.count("orders.1  | open") >= 1
    assert not system.marked()
    assert not system.here()


def test_each_line_is_shown_once(make_system: Any) -> None:
    command = json.dumps(
        [sys.executable, "-S", "-u", "-c",
         "import time\nfor i in range(2000):\n    print('line', i)\n    time.sleep(0.0005)\ntime.sleep(1000)"]
    )  # fmt: skip
    system = make_system(
        {"counter": f'[run]\ncommand = {command}\n[api]\nserves = false\n[ready]\nlog = "line 100$"\n'}
    )
    up = system.foreground("up")
    up.until("line 1999")
    up.interrupt()
    assert up.ended() == 130
    assert up.out.splitlines() == [f"counter.1 | line {number}" for number in range(2000)]


def test_a_failed_space_is_explained_and_the_others_run_on(
    make_system: Any, run_program: Callable[..., str], idle: Callable[..., str]
) -> None:
    sick = f'[run]\n{run_program("exits", "2", "no luck")}[api]\nserves = false\n[restart]\npolicy = "never"\n'
    system = make_system({"sick": sick, "well": idle("fine")})
    up = system.foreground("up")
    up.until("well.1 | fine\n")
    log = system.state / "logs" / "sick.1.log"
    assert f"sick.1: failed: exited with code 2; policy never restarts nothing\n    log: {log}\n" in up.err
    assert "error: not ready: sick.1\n" in up.err
    assert system.replica("well.1")["state"] == "ready"
    up.interrupt(signal.SIGTERM)
    assert up.ended() == 130
    assert not system.here()


def test_down_elsewhere_ends_it(make_system: Any, idle: Callable[..., str]) -> None:
    system = make_system({"clock": idle()})
    up = system.foreground("up")
    up.until(SHOWING)
    assert system.run("down").code == 0
    assert up.ended() == 0
    assert up.err.endswith("the system was taken down by someone else\n")


def test_a_second_interrupt_kills(make_system: Any, run_program: Callable[..., str]) -> None:
    stubborn = (
        f'[run]\n{run_program("stubborn")}[api]\nserves = false\n[ready]\nlog = "not"\n[stop]\ntimeout = "1000s"\n'
    )
    system = make_system({"mule": stubborn})
    up = system.foreground("up")
    up.until(SHOWING)
    pid = system.replica("mule.1")["pid"]
    up.interrupt()
    up.until(f"s: mule.1 (stopping, pid {pid})\n")
    assert psutil.pid_exists(pid)
    up.interrupt()
    assert up.ended() == 130
    assert "killing …\n" in up.err
    assert not system.marked()
    assert not system.here()


@pytest.mark.parametrize("after_s", [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9])
@pytest.mark.parametrize("mode", ["--detach", "--watch"])
def test_an_interrupt_at_any_moment_leaves_nothing(make_system: Any, idle: Callable[..., str], mode: str,
                                                   after_s: float) -> None:  # fmt: skip
    """The moments lie from the first import over the fork to the first spaces that run."""
    system = make_system({"app": '[build]\ncommand = "sleep 3"\n' + idle(), "slow": idle(run='after = ["app"]\n')})
    up = system.foreground("up", mode, program=(sys.executable, "-c", BEGUN))
    up.until("begun\n")  # earlier it is Python itself that is interrupted, while it loads its own modules
    moment = time.monotonic() + after_s
    while time.monotonic() < moment and up.process.poll() is None:
        time.sleep(0.001)
    up.interrupt()
    assert up.ended() in {130, -signal.SIGINT}
    assert "Traceback" not in up.err or up.process.returncode == -signal.SIGINT
    assert not system.marked()
    assert not system.here()


def test_an_interrupt_ends_a_build_and_all_it_started(make_system: Any, idle: Callable[..., str]) -> None:
    system = make_system({"app": '[build]\ncommand = "sleep 1000 & echo compiling; wait"\n' + idle()})
    up = system.foreground("up")
    up.until("app: building: compiling")
    up.interrupt()
    assert up.ended() == 130
    assert not system.marked()
    assert not (system.state / "builds" / "app.json").exists()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGKILL])
@pytest.mark.parametrize("ready", [True, False])
def test_the_system_ends_with_the_command_that_holds_it(
    make_system: Any, idle: Callable[..., str], wait_for: Callable[..., Any], number: int, ready: bool
) -> None:
    """A closed terminal, and the harshest end there is: the supervisor sees its lifeline close."""
    build = "" if ready else '[build]\ncommand = "echo compiling; exec sleep 1000"\n'
    system = make_system({"app": build + idle()})
    up = system.foreground("up")
    up.until(SHOWING if ready else "app: building: compiling")
    up.interrupt(number)
    assert up.ended() == -number
    wait_for(lambda: not system.here(), "all gone")
    assert not system.marked()
    assert system.run("ps").code == 4


def test_detach_ends_with_the_command_until_it_is_ready(
    make_system: Any, idle: Callable[..., str], wait_for: Callable[..., Any]
) -> None:
    system = make_system({"app": '[build]\ncommand = "echo compiling; exec sleep 1000"\n' + idle()})
    up = system.foreground("up", "--detach")
    up.until("app: building: compiling")
    up.interrupt(signal.SIGKILL)
    wait_for(lambda: not system.here(), "all gone")


def test_detach_holds_nothing_of_the_pipe_it_was_run_in(make_system: Any, idle: Callable[..., str]) -> None:
    system = make_system({"app": idle()})
    line = f"{sys.executable} -m spacectl up -d 2>&1 3>&1 | cat; {sys.executable} -m spacectl down 2>&1 | cat"
    done = subprocess.run(["/bin/sh", "-c", line], cwd=system.root, env=system.environment, capture_output=True,
                          text=True, timeout=30, check=True)  # fmt: skip
    assert "tiny  ● ready" in done.stdout
    assert done.stdout.endswith("stopped\n")


def test_nothing_that_was_open_is_handed_on(make_system: Any, idle: Callable[..., str]) -> None:
    system = make_system({"app": idle()})
    reading, writing = os.pipe()
    try:
        system.up(pass_fds=[reading, writing])
        ours = str(Path(f"/proc/self/fd/{reading}").readlink())
        for process in [*system.supervisors(), *system.marked()]:
            links = [str(path.readlink()) for path in Path(f"/proc/{process.pid}/fd").iterdir()]
            assert ours not in links
            assert (str(system.state / "run" / "lock") in links) == (process in system.supervisors())
    finally:
        os.close(reading)
        os.close(writing)


def test_the_end_is_orderly_where_nobody_reads_any_more(
    make_system: Any, idle: Callable[..., str], wait_for: Callable[..., Any]
) -> None:
    system = make_system({"clock": idle("tick", "tock")})
    up = system.start("up", stderr=subprocess.STDOUT)
    assert up.stdout is not None
    wait_for(lambda: "tock" in up.stdout.readline(), "the log")
    up.stdout.close()
    assert up.wait(timeout=30) == 0
    assert not system.here()


def test_closed_standard_streams_do_no_harm(make_system: Any, idle: Callable[..., str]) -> None:
    """Without care the lock or a log would get the number of the closed one, and be written into."""
    system = make_system({"clock": idle()})
    command = f"exec {sys.executable} -m spacectl"
    for closed in (">&-", "<&- >&- 2>&-"):
        for words in (f"up -d {closed}", f"ps {closed}", f"logs {closed}", f"down {closed}"):
            done = subprocess.run(["/bin/sh", "-c", f"{command} {words}"], cwd=system.root, env=system.environment,
                                  capture_output=True, text=True, timeout=30, check=False)  # fmt: skip
            assert (done.returncode, "Traceback" in done.stderr) == (0, False), (words, done)
    assert (system.state / "run" / "lock").read_text().strip().isdigit()


def test_a_flood_does_not_hold_up_the_end(make_system: Any, run_program: Callable[..., str]) -> None:
    flood = f'[run]\n{run_program("flood", "600000")}[api]\nserves = false\n[ready]\nlog = "^000000000 "\n'
    system = make_system({"loud": flood})
    up = system.foreground("up")
    up.until(SHOWING)
    up.until("loud.1 | 0")
    up.interrupt()
    began = time.monotonic()
    assert up.ended() == 130
    assert time.monotonic() - began < 10
    whole = system.log("loud.1").splitlines()
    shown = [line.removeprefix("loud.1 | ") for line in up.out.splitlines()]
    assert shown[-1] == whole[-1]  # what is shown is the end, without a gap after the last that was told of
    if "bytes are not shown here" not in up.err:
        assert shown == whole[-len(shown) :]
