"""Kills a running shop at random, over and over, while its customers buy, and sees whether anything is ever lost.

    python kills.py FOLDER [--kills 200] [--seed 1]

FOLDER is a shop made by `spacectl new`. What is hit is drawn from its spaces, its bus and its supervisor, with SIGKILL;
whoever is hit may be hit again before it is back. A scribe is added that numbers the lines it writes. Exits with 0 when
every burst of orders left the shop's invariants whole, no replica ever ran twice, no line of the scribe is missing, and
nothing is left at the end. The same seed draws the same victims; the moments are the machine's.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

import psutil

SPACECTL = (sys.executable, "-m", "spacectl")
BURST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "checks/test_burst.py")
DEADLINE_S = 90.0

_PLENTY = 30
"""What is on the shelf of a product that a burst cannot empty; so many times as much, that all bursts cannot either."""

NEVER_GIVE_UP = """
[restart]
policy = "always"
backoff = "50ms"
max_backoff = "200ms"
give_up = "100000 in 60s"
"""

SCRIBE = """
import os, pathlib, time
count = pathlib.Path(os.environ["DATA_DIR"], "count")
number = int(count.read_text()) if count.exists() else 0
while True:
    number += 1
    os.write(1, b"line %d\\n" % number)
    aside = count.with_suffix(".new")
    aside.write_text(str(number))
    aside.replace(count)
    time.sleep(0.002)
"""
"""It may be killed between a line and its count: then that line comes a second time. It never leaves one out."""

SCRIBE_MANIFEST = f"""
[space]
name = "scribe"
[run]
command = ["{sys.executable}", "-S", "scribe.py"]
[api]
serves = false
{NEVER_GIVE_UP}"""


@dataclass
class Victims:
    """The shop, and what has been done to it."""

    root: Path
    chance: random.Random
    hits: Counter[str] = field(default_factory=Counter)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*SPACECTL, *words], cwd=self.root, capture_output=True, text=True, timeout=DEADLINE_S,
                              stdin=subprocess.DEVNULL, check=False)  # fmt: skip

    def up(self) -> None:
        done = self.run("up", "--detach", "--timeout", f"{DEADLINE_S - 10:.0f}s")
        if done.returncode:
            fail(f"up: exit {done.returncode}\n{done.stderr}")

    def ps(self) -> Any:
        done = self.run("ps", "--json")
        if done.returncode:
            fail(f"ps: exit {done.returncode}\n{done.stderr}")
        return json.loads(done.stdout)

    def hit(self, number: int) -> None:
        """Kill one, sometimes the supervisor right after it, and see who is back."""
        ps = self.ps()
        pids = {each["name"]: each["pid"] for space in ps["spaces"] for each in space["replicas"] if each["pid"]}
        pids["bus"] = ps["bus"]["pid"]
        victim = self.chance.choice(["supervisor", *sorted(pids)])
        with_supervisor = victim == "supervisor" or self.chance.random() < 1 / 8
        print(f"{number}: {victim}{' and the supervisor' if with_supervisor and victim != 'supervisor' else ''}",
              flush=True)  # fmt: skip
        if victim != "supervisor":
            kill(pids[victim])
            self.hits[victim] += 1
        if with_supervisor:
            pause(self.chance.choice([0.0, 0.0, 0.02, 0.1]))
            kill(ps["supervisor_pid"])
            self.hits["supervisor"] += 1
            wait_for(lambda: not lives(ps["supervisor_pid"]), "the supervisor gone")
            self.up()
            self.spared_run_on({name: pid for name, pid in pids.items() if name not in {victim, "shopper.1"}})
        elif self.chance.random() < 2 / 3:
            wait_for(lambda: self.is_back(victim, pids.get(victim)), f"{victim} back")
        self.nobody_runs_twice()

    def spared_run_on(self, pids: dict[str, int]) -> None:
        """Who was ready before the supervisor was killed, and was not hit, has the same process still."""
        ps = self.ps()
        now = {each["name"]: each["pid"] for space in ps["spaces"] for each in space["replicas"]}
        now["bus"] = ps["bus"]["pid"]
        changed = {name: (pid, now[name]) for name, pid in pids.items() if now[name] != pid}
        if changed:
            fail(f"restarted although only the supervisor was killed: {changed}")

    def carts(self) -> int:
        """How many carts customers have taken so far; only a burst takes any."""
        store = self.root / ".spacectl" / "data" / "cart" / "space.sqlite"
        try:
            with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as found:
                return int(found.execute("SELECT count(*) FROM carts").fetchone()[0])
        except sqlite3.OperationalError:  # it is not there yet, or is being opened
            return 0

    def is_back(self, victim: str, before: int | None) -> bool:
        ps = self.ps()
        state = {each["name"]: each for space in ps["spaces"] for each in space["replicas"]} | {"bus": ps["bus"]}
        return state[victim]["state"] == "ready" and state[victim]["pid"] != before

    def nobody_runs_twice(self) -> None:
        mains = Counter(name for pid, name in self.processes() if os.getsid(pid) == pid and not name.endswith("build"))
        twice = {name: count for name, count in mains.items() if count > 1}
        if twice:
            fail(f"running more than once: {twice}")

    def processes(self) -> Iterator[tuple[int, str]]:
        """Everything that runs in the shop's name: pid and replica."""
        for process in psutil.process_iter():
            try:
                env = process.environ() if process.status() != psutil.STATUS_ZOMBIE else {}
                if env.get("DATA_DIR", env.get("PWD", "")).startswith(str(self.root)) or self.is_bus(process, env):
                    yield process.pid, f"{env.get('SPACE')}.{env.get('REPLICA')}"
            except (psutil.Error, ProcessLookupError):
                continue

    def is_bus(self, process: psutil.Process, env: dict[str, str]) -> bool:
        return env.get("SPACE") == "bus" and process.cwd().startswith(str(self.root))


def main() -> int:
    asked = argparse.ArgumentParser(description="Kill a running shop at random, and see that nothing is lost.")
    asked.add_argument("folder", type=Path)
    asked.add_argument("--kills", type=int, default=200)
    asked.add_argument("--seed", type=int, default=1)
    options = asked.parse_args()
    victims = Victims(options.folder.resolve(), random.Random(options.seed))  # noqa: S311  (nothing secret)
    prepare(victims.root)
    try:
        return play(victims, options.kills)
    finally:
        victims.run("down")


def play(victims: Victims, kills: int) -> int:
    """Burst after burst until that many were killed."""
    victims.up()
    number, bursts = 0, 0
    while number < kills:
        bursts += 1
        number = play_burst(victims, number, kills)
        print(f"burst {bursts}: its invariants hold", flush=True)
    no_line_is_lost(victims)
    down = victims.run("down")
    left = list(victims.processes())
    if down.returncode or left:
        fail(f"down: exit {down.returncode}, left: {left}\n{down.stderr}")
    print(f"{number} kills in {bursts} bursts, nothing lost: {dict(sorted(victims.hits.items()))}")
    return 0


def play_burst(victims: Victims, number: int, kills: int) -> int:
    """Kill one after another as long as a burst lasts; how many were killed by then."""
    carts = victims.carts()
    burst = subprocess.Popen(BURST, cwd=victims.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    wait_for(lambda: burst.poll() is not None or victims.carts() > carts, "the burst begun")
    while burst.poll() is None and number < kills:
        number += 1
        victims.hit(number)
        pause(victims.chance.random())
    out, _ = burst.communicate(timeout=2 * DEADLINE_S)
    if burst.returncode:
        fail(f"the invariants do not hold:\n{out}")
    return number


def prepare(root: Path) -> None:
    for manifest in root.glob("spaces/*/space.toml"):
        with manifest.open("a", encoding="utf-8") as file:
            file.write(NEVER_GIVE_UP)
    products = root / "spaces" / "catalog" / "catalog" / "data" / "products.json"
    goods = json.loads(products.read_text(encoding="utf-8"))
    for each in goods:
        each["stock"] *= _PLENTY if each["stock"] >= _PLENTY else 1
    products.write_text(json.dumps(goods), encoding="utf-8")
    scribe = root / "spaces" / "scribe"
    scribe.mkdir()
    (scribe / "scribe.py").write_text(SCRIBE, encoding="utf-8")
    (scribe / "space.toml").write_text(SCRIBE_MANIFEST, encoding="utf-8")


def no_line_is_lost(victims: Victims) -> None:
    written = int((victims.root / ".spacectl" / "data" / "scribe" / "count").read_text())  # it goes on writing
    out = victims.run("logs", "scribe").stdout
    numbers = [int(line.rpartition(" ")[2]) for line in out.splitlines()]
    steps = Counter(after - before for before, after in pairwise(numbers))
    if numbers[:1] != [1] or steps.keys() - {0, 1} or numbers[-1] < written:
        fail(f"lines are missing: {len(numbers)} of {written}, first {numbers[:1]}, steps {dict(steps)}")


def kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def pause(seconds: float) -> None:
    """Let the shop go on for a while: the next kill is to come at any moment."""
    time.sleep(seconds)


def wait_for(fact: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + DEADLINE_S
    while not fact():
        if time.monotonic() > end:
            fail(f"not within {DEADLINE_S:.0f}s: {what}")
        time.sleep(0.05)


def fail(what: str) -> NoReturn:
    print(what, flush=True)
    sys.exit(1)


if __name__ == "__main__":
    sys.exit(main())
