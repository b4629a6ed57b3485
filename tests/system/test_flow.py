"""What `flow` tells of programs in three languages, of which none knows spacectl."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.system
THREE = Path(__file__).parent / "programs" / "three"
EVENTS = 10_000
CALLS = 1_000


def run(*words: str, more: str) -> str:
    return f"[run]\ncommand = {json.dumps(words)}\n{more}"


def ticker(events: int) -> str:
    return run(
        "/bin/bash", str(THREE / "ticker.sh"), str(events),
        more='[api]\nserves = false\n[ready]\nlog = "published"\n'
        '[events]\npublishes = ["ticker.tick", "ticker.tock"]\n',
    )  # fmt: skip


def counter(subjects: str = '"ticker.tick", "ticker.tock"') -> str:
    return run(sys.executable, "-S", str(THREE / "counter.py"), more=f"[events]\nsubscribes = [{subjects}]\n")


def caller(calls: int) -> str:
    return run(
        "node", str(THREE / "caller.js"), str(calls),
        more='after = ["counter"]\n[api]\nserves = false\ncalls = ["counter"]\n[ready]\nlog = "up"\n'
        '[events]\nsubscribes = ["ticker.tick"]\n',
    )  # fmt: skip


def edge(report: Any, source: str, target: str, via: str) -> Any:
    return next(e for e in report["edges"] if (e["from"], e["to"], e["via"]) == (source, target, via))


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_counts_are_those_of_the_programs_themselves(
    make_system: Callable[..., Any], wait_for: Callable[..., Any]
) -> None:
    here = make_system({"ticker": ticker(EVENTS), "counter": counter(), "caller": caller(CALLS)})
    here.up()
    ticks, tocks = EVENTS * 3 // 4, EVENTS // 4

    def taken() -> Any:
        return json.loads(here.run("call", "counter", "GET", "/told").out)

    def flow() -> Any:
        done = here.run("flow", "--json")
        assert done.code == 0, done.err
        return done.json

    def settled() -> Any:
        report = flow()
        edges = [each for each in report["edges"] if each["kind"] == "event"]
        calls = edge(report, "caller", "counter", "counter")
        counted = sum(each["total"] for each in edges) == EVENTS + ticks and calls["total"] == CALLS
        return counted and calls["p50_ms"] is not None and report

    wait_for(lambda: f"taken {ticks}" in here.log("caller.1") and f"called {CALLS}" in here.log("caller.1"), "all done")
    assert f"published {EVENTS}" in here.log("ticker.1")
    told = wait_for(lambda: sum((all_told := taken())["taken"].values()) == EVENTS and all_told, "all taken")
    assert told == {"taken": {"ticker.tick": ticks, "ticker.tock": tocks}}
    assert json.loads(here.run("call", "counter", "GET", "/add").out) == {"asked": CALLS + 1}

    report = wait_for(settled, "every event counted")
    assert edge(report, "ticker", "counter", "ticker.tick")["total"] == told["taken"]["ticker.tick"]
    assert edge(report, "ticker", "counter", "ticker.tock")["total"] == told["taken"]["ticker.tock"]
    assert edge(report, "ticker", "caller", "ticker.tick")["total"] == ticks
    for each in report["edges"]:
        if each["kind"] == "event":
            assert (each["lag"], each["in_flight"], each["redelivered"], each["dead"]) == (0, 0, 0, 0)
            assert (each["declared"], each["seen"], each["oldest_s"]) == (True, True, None)
    calls = edge(report, "caller", "counter", "counter")
    assert (calls["errors"], calls["errors_by_class"]) == (0, {"4xx": 0, "5xx": 0})
    assert calls["p50_ms"] <= calls["p95_ms"] <= calls["p99_ms"]
    spaces = {space["name"]: space for space in report["spaces"]}
    assert spaces["ticker"]["published"] == EVENTS
    assert spaces["counter"]["delivered"] == EVENTS
    assert spaces["caller"]["calls"] == CALLS
    assert report["bus"]["published"] == EVENTS
    assert report["unseen"] == report["unheard"] == []
