"""A shop to measure: made, brought up, started by hand, watched while idle, and taken down."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commands import timed

SPACECTL = (sys.executable, "-m", "spacectl")
_READY_WITHIN_S = 60.0
_POLL_S = 0.01
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Shop:
    """A shop in a folder."""

    folder: Path

    def timed(self, *words: str) -> float:
        """The seconds that a spacectl command took here."""
        return timed([*SPACECTL, *words], self.folder)

    def report(self) -> dict[str, Any]:
        """What `ps --json` tells."""
        done = subprocess.run([*SPACECTL, "ps", "--json"], cwd=self.folder, capture_output=True, text=True, check=True)
        told: dict[str, Any] = json.loads(done.stdout)
        return told


@dataclass(frozen=True)
class Started:
    """A replica as the supervisor started it, so that it can be started in the same way without it."""

    words: tuple[str, ...]
    env: dict[str, str]
    folder: str
    port: int


@dataclass(frozen=True)
class Usage:
    """What a process used over a while."""

    cpu_percent: float
    pss_mb: float


def made(folder: Path) -> float:
    """Make a shop; the seconds it took."""
    return timed([*SPACECTL, "new", str(folder), "-t", "ecommerce"])


@contextmanager
def running(folder: Path) -> Iterator[Shop]:
    """A shop that is built and up; at the end nothing of it is left."""
    made(folder / "shop")
    shop = Shop(folder / "shop")
    try:
        shop.timed("up", "--detach", "--timeout", "300s")
        yield shop
    finally:
        shop.timed("down", "--data")


def second_up(shop: Shop) -> tuple[float, float]:
    """The seconds that a whole `up --detach` takes, and those in which its processes are ready without spacectl."""
    shop.timed("down")
    ours = shop.timed("up", "--detach")
    replicas = [each for space in shop.report()["spaces"] for each in space["replicas"] if each["pid"] is not None]
    started = [as_started(each["pid"], each["port"]) for each in replicas]
    shop.timed("stop")  # the bus runs on
    plain = by_hand(started)
    return ours, plain


def as_started(pid: int, port: int) -> Started:
    """How a running process was started."""
    proc = Path(f"/proc/{pid}")
    words = proc.joinpath("cmdline").read_text(encoding="utf-8").rstrip("\0").split("\0")
    pairs = proc.joinpath("environ").read_text(encoding="utf-8").rstrip("\0").split("\0")
    env = dict(pair.split("=", 1) for pair in pairs)
    return Started(tuple(words), env, str(proc.joinpath("cwd").readlink()), port)


def by_hand(replicas: list[Started]) -> float:
    """Start all at once and wait until each says that it is well; the seconds until the last did."""
    began = time.perf_counter()
    processes = [
        subprocess.Popen(each.words, cwd=each.folder, env=each.env, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        for each in replicas
    ]
    try:
        for each in replicas:
            wait_until_well(each, deadline=began + _READY_WITHIN_S)
        return time.perf_counter() - began
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.wait(timeout=_READY_WITHIN_S)


def wait_until_well(replica: Started, *, deadline: float) -> None:
    """Ask again and again until it answers with 200.

    Raises:
        TimeoutError: it did not in time.
    """
    while not is_well(replica.port):
        if time.perf_counter() > deadline:
            raise TimeoutError(f"{' '.join(replica.words)} is not well after {_READY_WITHIN_S:g} s")
        time.sleep(_POLL_S)


def is_well(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def idle(pid: int, *, seconds: float) -> Usage:
    """What a process uses over so many seconds."""
    before, began = ticks(pid), time.perf_counter()
    time.sleep(seconds)
    used_s = (ticks(pid) - before) / _TICKS_PER_S
    return Usage(100 * used_s / (time.perf_counter() - began), pss_mb(pid))


def ticks(pid: int) -> int:
    """Processor time of a process in clock ticks (proc(5), fields 14 and 15 of stat)."""
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    fields = stat[stat.rindex(")") + 2 :].split()
    return int(fields[11]) + int(fields[12])


def pss_mb(pid: int) -> float:
    """Memory of a process, with its share of what it shares, in MB."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise ValueError(f"no Pss of {pid}")
