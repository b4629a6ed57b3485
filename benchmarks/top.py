"""Measures the cockpit with a simulated supervisor: 500 spaces, 5,000 edges, all changing every second.

    .venv/bin/python benchmarks/top.py [--seconds 60] [--updates 3600]

It prints the time of a frame, from a key to its redraw, the share of a core, and how memory grows; the exit code is 1
when a bound is missed. Times are of this process's work: what other programs take of the machine does not count.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import random
import resource
import sys
import time
from collections.abc import AsyncGenerator
from statistics import median, quantiles
from typing import Any

import psutil

from spacectl.model.flow import EdgeReport, FlowReport, SpaceFlow
from spacectl.model.report import Change, EngineReport, PsReport, ReplicaReport, SpaceReport
from spacectl.model.report_top import TopReport
from spacectl.tui.app import Start, TopApp
from spacectl.tui.collecting import collect_seldom
from spacectl.tui.ports import Cockpit, Declared, Told

SPACES = 500
EDGES = 5000
SIZE = (200, 60)
BOUNDS = {"frame_ms": 50.0, "key_ms": 100.0, "core_percent": 10.0, "growth_mb": 8.0}

_WORDS = ("ready", "ready", "ready", "ready", "ready", "starting", "backoff", "unhealthy")


def ps(rng: random.Random) -> PsReport:
    return PsReport(
        system="large", state="ready", since="2026-11-22T10:00:00Z", supervisor_pid=1, gateway=None,
        bus=EngineReport(state="ready", url="nats://127.0.0.1:4222"),
        spaces=tuple(space(f"space-{number:03}", rng) for number in range(SPACES)),
    )  # fmt: skip


def space(name: str, rng: random.Random) -> SpaceReport:
    state = rng.choice(_WORDS)
    replica = ReplicaReport(
        name=f"{name}.1", state=state, pid=4000, container=None, port=40000, restarts=rng.randrange(3),
        started="2026-11-22T10:00:01Z", cpu_percent=rng.random() * 9, memory_bytes=rng.randrange(10**8), exit=None,
        reason=None,
    )  # fmt: skip
    return SpaceReport(name=name, kind="service", state=state, desired=1, ready=1, runtime="process", url=None,
                       replicas=(replica,))  # fmt: skip


def flow(rng: random.Random) -> FlowReport:
    names = [f"space-{number:03}" for number in range(SPACES)]
    edges = tuple(
        edge(names[number % SPACES], names[(number * 7 + 1) % SPACES], number, rng) for number in range(EDGES)
    )
    spaces = tuple(
        SpaceFlow(name=name, published=1, published_rate=rng.random() * 99, delivered=1,
                  delivered_rate=rng.random() * 99, calls=1, calls_rate=1.0, requests=1, requests_rate=1.0)
        for name in names
    )  # fmt: skip
    return FlowReport(system="large", at="2026-11-22T10:05:00Z", edges=edges, spaces=spaces)


def edge(source: str, target: str, number: int, rng: random.Random) -> EdgeReport:
    return EdgeReport.model_validate(
        {
            "from": source, "to": target, "kind": "event", "via": f"{source}.event-{number}", "declared": True,
            "seen": True, "total": rng.randrange(10**6), "rate": rng.random() * 1000, "lag": rng.randrange(100),
            "oldest_s": rng.random(), "in_flight": 1, "redelivered": 0, "dead": 0, "p50_ms": None, "p95_ms": None,
            "errors": 0,
        }
    )  # fmt: skip


class Simulated:
    """What a supervisor would tell, already written as JSON: only what a client does is measured."""

    def __init__(self, pause_s: float) -> None:
        rng = random.Random(1)  # noqa: S311  (figures, not secrets)
        self._reports = [Change(ps=ps(rng)).model_dump_json(exclude_unset=True) for _ in range(3)]
        self._flows = [TopReport(flow=flow(rng)).model_dump_json(by_alias=True) for _ in range(3)]
        self._pause_s = pause_s
        self.told = 0

    async def __call__(self) -> AsyncGenerator[Told, None]:
        while True:
            change = Change.model_validate_json(self._reports[self.told % 3], strict=False)
            moved = TopReport.model_validate_json(self._flows[self.told % 3], strict=False)
            for value in (change.ps, moved.flow):
                if value is not None:
                    yield value
            self.told += 1
            await asyncio.sleep(self._pause_s)


async def nothing(*_: Any) -> AsyncGenerator[Any, None]:
    await asyncio.Event().wait()
    yield None


def cockpit(feed: Simulated) -> Cockpit:
    return Cockpit(system="large", feed=feed, logs=nothing, tap=nothing, history=list,
                   declared=lambda _: Declared(None), published=dict, verbs={})  # fmt: skip


async def measure(seconds: float, updates: int) -> dict[str, float]:
    feed = Simulated(1.0)
    app = TopApp(cockpit(feed), Start())
    async with app.run_test(size=SIZE) as pilot:
        await until(lambda: app.pane.table is not None and len(app.pane.table.keys) == SPACES)
        found = {"cpu": await core_percent(seconds / 2)}
        frames, keys = [], []
        for screen in "12":
            await pilot.press(screen)
            for number in range(30):
                keys.append(await timed_key(app, pilot, "down" if number % 2 else "up"))
                frames.append(timed_frame(app))
            keys += [await timed_key(app, pilot, letter) for letter in ("W", "L")]
        found["cpu_flow"] = await core_percent(seconds / 2)
    growth = await grown(updates)
    return {
        "frame_ms": quantiles(frames, n=20)[-1], "key_ms": quantiles(keys, n=20)[-1],
        "frame_median_ms": median(frames), "key_median_ms": median(keys),
        "core_percent": max(found.values()), "growth_mb": growth,
    }  # fmt: skip


def timed_frame(app: TopApp) -> float:
    """The milliseconds of taking in what is known and drawing the whole screen."""
    began = time.process_time()
    app.pane.give(app.seen, app.cockpit.now())
    app.tell_around()
    app.screen._compositor.render_strips()  # noqa: SLF001  (what Textual does for a whole frame)
    return (time.process_time() - began) * 1000


async def timed_key(app: TopApp, pilot: Any, key: str) -> float:
    """The milliseconds from a key to the screen that shows what it did."""
    began = time.process_time()
    await pilot.press(key)
    app.screen._compositor.render_strips()  # noqa: SLF001
    return (time.process_time() - began) * 1000


async def core_percent(seconds: float) -> float:
    process = psutil.Process()
    before = process.cpu_times()
    await asyncio.sleep(seconds)
    after = process.cpu_times()
    return (after.user + after.system - before.user - before.system) / seconds * 100


async def grown(updates: int) -> float:
    """The megabytes by which memory grows over so many updates, once the first half of them has passed."""
    feed = Simulated(0.0)
    app = TopApp(cockpit(feed), Start())
    async with app.run_test(size=SIZE):
        await until(lambda: feed.told >= updates / 2)
        before = memory()
        await until(lambda: feed.told >= updates)
        return (memory() - before) / 1e6


def memory() -> int:
    gc.collect()
    return psutil.Process().memory_info().rss


async def until(fact: Any) -> None:
    while not fact():  # noqa: ASYNC110  (there is no event for it)
        await asyncio.sleep(0.05)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long the share of a core is measured")
    parser.add_argument("--updates", type=int, default=1000, help="after how many updates memory is measured")
    given = parser.parse_args()
    collect_seldom()
    found = asyncio.run(measure(given.seconds, given.updates))
    missed = [name for name, bound in BOUNDS.items() if found[name] > bound]
    for name, value in found.items():
        bound = f"bound {BOUNDS[name]:g}" if name in BOUNDS else ""
        print(f"{name:<16} {value:8.1f}   {bound}{' MISSED' if name in missed else ''}")
    print(f"{'peak_mb':<16} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:8.1f}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
