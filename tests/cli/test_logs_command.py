"""`spacectl logs` over logs as a run leaves them."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from spacectl.adapters.log_store.files import index_of
from spacectl.adapters.log_store.index_file import IndexWriter
from spacectl.cli.logs import logs
from spacectl.errors import NotRunningError, UsageError
from spacectl.model.report_log import LogLineReport

S = 10**9
NOON_S = 1795348800  # 2026-11-22T12:00:00Z
UNWANTED = {"NO_COLOR", "FORCE_COLOR", "SPACECTL_SYSTEM"}
PLAIN = {name: value for name, value in os.environ.items() if name not in UNWANTED}
RUN = """
import typer
import spacectl.cli.app
from spacectl.cli.logs import logs

spacectl.cli.app.app = typer.Typer()
spacectl.cli.app.app.command()(logs)
spacectl.cli.app.main()
"""

app = typer.Typer()
app.command()(logs)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A system that ran: a file of each kind, with times a second apart."""
    (tmp_path / "system.toml").write_text('[system]\nname = "shop"\nspaces = ["spaces/*"]\n')
    for name in ("cart", "orders", "payments"):
        (tmp_path / "spaces" / name).mkdir(parents=True)
        (tmp_path / "spaces" / name / "space.toml").write_text(f'[space]\nname = "{name}"\n[run]\ncommand = "run"\n')
    write(tmp_path, "cart.1", b"INFO: c1\n", b"ERROR: c2\n  trace\n")
    write(tmp_path, "orders.1", b"o1\n", b"o2 \xff\n")
    write(tmp_path, "orders.1.previous", b"older\n")
    write(tmp_path, "bus", b"[INF] up\n", b"[ERR] refused\n")
    write(tmp_path, "supervisor", b'{"subject":"cart.1","kind":"ready","text":"after 1s"}\n')
    return tmp_path


def log_of(shop: Path, name: str) -> Path:
    return shop / ".spacectl/logs" / f"{name}.log"


def write(shop: Path, name: str, *parts: bytes) -> None:
    log = log_of(shop, name)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_bytes(b"".join(parts))
    index = IndexWriter(index_of(log), log.stat().st_ino, log.stat().st_size)
    for number, _ in enumerate(parts):
        index.append((NOON_S + number) * S, len(b"".join(parts[: number + 1])))
    index.close()
    os.utime(log, ns=((NOON_S + len(parts) - 1) * S,) * 2)


@pytest.fixture
def run(shop: Path) -> Callable[..., bytes]:
    def command(*words: str) -> bytes:
        result = CliRunner().invoke(app, [*words, "--system", str(shop)], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout_bytes

    return command


@pytest.fixture
def start(shop: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []

    def command(*words: str, **options: Any) -> subprocess.Popen[bytes]:
        line = [sys.executable, "-c", RUN, *words, "--system", str(shop)]
        started.append(subprocess.Popen(line, env=PLAIN, **{"stdout": subprocess.PIPE, **options}))
        return started[-1]

    yield command
    for process in started:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def test_everything_in_the_order_of_time(run: Callable[..., bytes]) -> None:
    assert run() == (
        b"cart.1   | INFO: c1\norders.1 | o1\nbus      | [ERR] refused\n"
        b"cart.1   | ERROR: c2\ncart.1   |   trace\norders.1 | o2 \xff\n"
    )


def test_without_prefix_the_bytes_are_those_of_the_file(shop: Path, run: Callable[..., bytes]) -> None:
    write(shop, "cart.1", b"a\x00\r\n\xff", b"\xc3\nno end")
    assert run("cart", "--no-prefix") == log_of(shop, "cart.1").read_bytes()


@pytest.mark.parametrize(
    ("words", "out"),
    [
        (("orders",), b"o1\no2 \xff\n"),
        (("bus",), b"[INF] up\n[ERR] refused\n"),
        (("spacectl",), b"cart.1 ready: after 1s\n"),
        (("orders", "--previous"), b"older\n"),
        (("orders", "--tail", "1"), b"o2 \xff\n"),
        (("-n", "1"), b"[ERR] refused\n  trace\no2 \xff\n"),
        (("--grep", "^o[0-9]$"), b"o1\n"),
        (("--level", "warn"), b"[ERR] refused\nERROR: c2\n  trace\n"),
        (("--since", "2026-11-22T12:00:01Z", "cart.1"), b"ERROR: c2\n  trace\n"),
        (("--until", "2026-11-22T12:00:00Z", "cart.1"), b"INFO: c1\n"),
        (("payments",), b""),
    ],
)
def test_what_is_selected(run: Callable[..., bytes], words: tuple[str, ...], out: bytes) -> None:
    assert run("--no-prefix", *words) == out


def test_times(run: Callable[..., bytes]) -> None:
    assert run("orders", "--time", "-n", "1") == b"2026-11-22T12:00:01.000Z orders.1 | o2 \xff\n"


def test_json(run: Callable[..., bytes]) -> None:
    records = [LogLineReport.model_validate_json(line) for line in run("--json", "cart", "orders").splitlines()]
    assert [(each.source, each.level, each.line) for each in records] == [
        ("cart.1", "info", "INFO: c1"),
        ("orders.1", None, "o1"),
        ("cart.1", "error", "ERROR: c2"),
        ("cart.1", "error", "  trace"),
        ("orders.1", None, "o2 \ufffd"),
    ]
    assert json.loads(run("--json", "orders", "-n", "1")) == {
        "time": "2026-11-22T12:00:01.000Z",
        "source": "orders.1",
        "space": "orders",
        "replica": "orders.1",
        "level": None,
        "line": "o2 \ufffd",
        "truncated": False,
        "approximate": False,
    }


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (("--since", "noon"), '--since "noon" is not a time', "a time is written like"),
        (("--until", "5"), '--until "5" is not a time', "a time is written like"),
        (("--since", "1m", "--until", "5m"), "--since is later than --until", "swap"),
        (("--tail", "-1"), '--tail "-1" is not a number of lines', "--tail 100"),
        (("--tail", "²"), '--tail "²" is not a number of lines', "--tail 100"),
        (("--grep", "("), '--grep "(" is not a regular expression', "itself"),
        (("--level", "eror"), '--level "eror" is not a level', 'did you mean "error"?'),
        (("--level", "x"), '--level "x" is not a level', "debug, info, warning, error"),
        (("-f", "--previous"), "--previous shows what is over", "leave out one"),
        (("-f", "--until", "5m"), "--until shows what is over", "leave out one"),
        (("ordres",), 'nothing named "ordres" has a log', 'did you mean "orders"?'),
        (("zzz",), 'nothing named "zzz" has a log', "there are: bus, cart, orders, payments, spacectl"),
    ],
)
def test_wrong_usage(run: Callable[..., bytes], words: tuple[str, ...], message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        run(*words)
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")


def test_no_system(tmp_path: Path) -> None:
    with pytest.raises(NotRunningError):
        CliRunner().invoke(app, ["--system", str(tmp_path)], catch_exceptions=False)


def line_of(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    return process.stdout.readline()


def append(log: Path, text: bytes) -> None:
    with log.open("ab") as file:
        file.write(text)


def test_follow(shop: Path, start: Callable[..., subprocess.Popen[bytes]]) -> None:
    process = start("orders", "payments", "--follow", "--tail", "1")
    assert line_of(process) == b"orders.1 | o2 \xff\n"
    append(log_of(shop, "orders.1"), b"o3\n")
    assert line_of(process) == b"orders.1 | o3\n"
    append(log_of(shop, "payments.1"), b"p1\n")
    assert line_of(process) == b"payments.1 | p1\n"
    process.send_signal(signal.SIGSTOP)
    append(log_of(shop, "payments.1"), b"p2\n" * 100_000)  # a reader that is suspended holds nobody up
    process.send_signal(signal.SIGCONT)
    for _ in range(100_000):
        assert line_of(process) == b"payments.1 | p2\n"


def test_following_ends_with_its_reader(start: Callable[..., subprocess.Popen[bytes]]) -> None:
    process = start("--follow")
    assert line_of(process)
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(20) == 0


def test_on_a_terminal(shop: Path, start: Callable[..., subprocess.Popen[bytes]]) -> None:
    append(log_of(shop, "cart.1"), b"\x1b[2Jwiped\n")
    ours, theirs = pty.openpty()
    process = start("cart", "-n", "1", stdout=theirs)
    os.close(theirs)
    shown, end = b"", time.monotonic() + 20
    while b"wiped" not in shown and time.monotonic() < end:
        shown += os.read(ours, 1000)
    os.close(ours)
    process.wait(20)
    assert shown.startswith(b"\x1b[")
    assert b"cart.1 |" in shown
    assert b"\\x1b[2Jwiped" in shown
