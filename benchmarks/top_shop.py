"""Measures the cockpit on a real shop: how soon its first frame is there, and what looking on costs the shop.

    .venv/bin/python benchmarks/top_shop.py [--starts 9] [--rounds 15] [--seconds 2]

The shop's catalog answers as many requests as it can through the gateway: with nobody looking, with `top` open in a
terminal, and with a `top` that is suspended (SIGSTOP), in turn. Each while is compared with the plain ones before and
after it. The exit code is 1 when a bound is missed.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import re
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from shop import SPACECTL, Shop, running, ticks

ROWS, COLUMNS = 30, 100
CONNECTIONS = 16
ASKED = "/catalog/products?q=wool&limit=3"
FIRST_ROW = b"catalog"
FIRST_FRAME_S, LEAST_RATIO = 1.0, 0.98
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@contextmanager
def terminal(folder: Path) -> Iterator[tuple[int, int]]:
    """`top` in a terminal; its pid and the other end of the terminal."""
    pid, end = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execvpe(SPACECTL[0], [*SPACECTL, "top"], os.environ | {"TERM": "xterm-256color"})  # noqa: S606
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    try:
        yield pid, end
    finally:
        os.kill(pid, signal.SIGCONT)
        os.kill(pid, signal.SIGTERM)
        drain(end)
        os.waitpid(pid, 0)
        os.close(end)


def drain(end: int) -> None:
    """Read what is drawn until nobody draws any more."""
    try:
        while os.read(end, 65536):
            pass
    except OSError:  # the terminal was closed (pty(7))
        return


def first_frame(folder: Path) -> float:
    """The seconds from the start of the process to the first frame that shows the spaces."""
    began, seen = time.perf_counter(), b""
    with terminal(folder) as (_, end):
        while FIRST_ROW not in seen:
            select.select([end], [], [])
            seen += os.read(end, 65536)
        return time.perf_counter() - began


class Onlooker:
    """A `top` that is open, and suspended while it is not wanted."""

    def __init__(self, pid: int, end: int) -> None:
        self.pid = pid
        threading.Thread(target=drain, args=(end,), daemon=True).start()

    def look(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def suspend(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)


def throughput(port: int, seconds: float) -> float:
    """Requests per second that are answered."""
    words = [sys.executable, str(Path(__file__).with_name("load.py")), str(port), str(CONNECTIONS), str(seconds), ASKED]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    found = re.search(r"Requests/sec: ([\d.]+)", done.stdout)
    assert found is not None, done.stdout
    return float(found[1])


def compared(shop: Shop, rounds: int, seconds: float) -> dict[str, float]:
    """What is left of the throughput while somebody looks, and while a suspended one is attached: medians of ratios."""
    port = urlsplit(shop.report()["gateway"]["url"]).port or 80
    throughput(port, seconds)
    attached, suspended, used = [], [], []
    plain = throughput(port, seconds)
    for _ in range(rounds):
        with terminal(shop.folder) as (pid, end):
            select.select([end], [], [])
            top = Onlooker(pid, end)
            time.sleep(1)  # what its start costs is not what looking costs
            before, began = ticks(pid), time.perf_counter()
            looking = throughput(port, seconds)
            used.append((ticks(pid) - before) / _TICKS_PER_S / (time.perf_counter() - began) * 100)
            top.suspend()
            stopped = throughput(port, seconds)
        after = throughput(port, seconds)
        attached.append(looking / ((plain + after) / 2))
        suspended.append(stopped / ((plain + after) / 2))
        plain = after
    return {
        "attached": statistics.median(attached),
        "suspended": statistics.median(suspended),
        "top_core_percent": statistics.median(used),
        "plain_per_s": plain,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=9, help="how often the first frame is measured")
    parser.add_argument("--rounds", type=int, default=15, help="how often the throughput is compared")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each while is")
    given = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory(prefix="spacectl-bench-") as folder, running(Path(folder)) as shop:
        starts = sorted(first_frame(shop.folder) for _ in range(given.starts))
        found = compared(shop, given.rounds, given.seconds)
    first = statistics.median(starts)
    print(f"first frame       {first:.2f} s ({starts[0]:.2f} to {starts[-1]:.2f})   bound {FIRST_FRAME_S:g} s")
    for name in ("attached", "suspended"):
        print(f"{name:<17} {found[name]:.3f} of the throughput   bound {LEAST_RATIO:g}")
    print(f"top itself        {found['top_core_percent']:.1f} % of a core")
    print(f"throughput        {found['plain_per_s']:.0f} requests per second")
    kept = first <= FIRST_FRAME_S and min(found["attached"], found["suspended"]) >= LEAST_RATIO
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
