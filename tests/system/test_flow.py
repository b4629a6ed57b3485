"""What `flow` tells of programs in three languages, of which none knows spacectl."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spacectl.model.layout import Layout
from spacectl.wiring import cockpit

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


def counter(subjects: str = '"ticker.tick", "ticker.tock"', delivery: str = "") -> str:
    more = f"[events]\nsubscribes = [{subjects}]\n[events.delivery]\n{delivery}\n"
    return run(sys.executable, "-S", str(THREE / "counter.py"), more=more)


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

    asked_by_us = 1  # through the front door

    def taken() -> Any:
        nonlocal asked_by_us
        asked_by_us += 1
        return json.loads(here.run("call", "counter", "GET", "/told").out)

    def flow() -> Any:
        done = here.run("flow", "--json")
        assert done.code == 0, done.err
        return done.json

    def settled() -> Any:
        report = flow()
        edges = [each for each in report["edges"] if each["kind"] == "event"]
        calls = edge(report, "caller", "counter", "counter")
        asked = next(space["requests"] for space in report["spaces"] if space["name"] == "counter")
        counted = sum(each["total"] for each in edges) == EVENTS + ticks and calls["total"] == CALLS
        return counted and asked >= CALLS + asked_by_us and calls["p50_ms"] is not None and report

    wait_for(lambda: f"taken {ticks}" in here.log("caller.1") and f"called {CALLS}" in here.log("caller.1"), "all done")
    assert f"published {EVENTS}" in here.log("ticker.1")
    told = wait_for(lambda: sum((all_told := taken())["taken"].values()) == EVENTS and all_told, "all taken")
    assert told == {"taken": {"ticker.tick": ticks, "ticker.tock": tocks}}
    assert json.loads(here.run("call", "counter", "GET", "/add").out) == {"asked": CALLS + 1}

    report = wait_for(settled, "every event and request counted")
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
    assert spaces["counter"]["requests"] == CALLS + asked_by_us
    assert report["bus"]["published"] == EVENTS
    assert report["unseen"] == report["unheard"] == []


def test_what_a_space_gave_up_is_listed_shown_replayed_and_forgotten(
    make_system: Callable[..., Any], wait_for: Callable[..., Any]
) -> None:
    here = make_system({"ticker": ticker(12), "counter": counter('"ticker.tick"', "max_deliver = 2")})
    answer = here.state / "data" / "counter" / "answer"
    answer.parent.mkdir(parents=True)
    answer.write_text("-NAK")
    here.up()

    def letters() -> Any:
        return here.run("letters", "--json").json["letters"]

    def ticks() -> Any:
        return edge(here.run("flow", "--json").json, "ticker", "counter", "ticker.tick")

    found = wait_for(lambda: len(them := letters()) == 9 and them, "nine letters")
    assert {(x["from"], x["to"], x["via"], x["deliveries"], x["cause"]) for x in found} == {
        ("ticker", "counter", "ticker.tick", 2, "max_deliver")
    }
    told = wait_for(lambda: (now := ticks())["dead"] == 9 and now["redelivered"] == 9 and now, "dead letters counted")
    assert (told["total"], told["errors"], told["lag"], told["in_flight"]) == (9, 9, 0, 0)
    unheard = here.run("flow", "--json").json["unheard"]
    assert unheard == [{"from": "ticker", "via": "ticker.tock", "published": 3}]

    first = str(found[0]["id"])
    shown = here.run("letters", "show", first, "--json").json
    assert (shown["data"], shown["sequence"], shown["size"]) == (0, 1, 1)
    assert "ticker → counter" in here.run("letters").out
    assert "delivered 2 times without success" in here.run("letters", "show", first).out

    answer.write_text("+ACK")
    done = here.run("letters", "replay", first, "--json")
    assert (done.code, done.json["replayed"]) == (0, [{"id": found[0]["id"], "outcome": "acknowledged", "detail": ""}])
    assert here.run("letters", "drop", str(found[1]["id"])).code == 0
    layout, other = Layout(here.root), found[2]["id"]
    assert [number for number, _ in asyncio.run(cockpit.letters(layout, ("counter",)))] == [
        each["id"] for each in found[2:]
    ]
    assert asyncio.run(cockpit.replay(layout, ("counter",), (other,))) == "1 acknowledged"
    assert asyncio.run(cockpit.scaled(layout, ("counter",), 1)) == "nothing to change"
    assert here.run("letters", "replay", "--all").code == 0
    assert letters() == []
    taken = json.loads(here.run("call", "counter", "GET", "/told").out)
    assert taken == {"taken": {"ticker.tick": 8}}
    wait_for(lambda: ticks()["dead"] == 0, "no letter is left")
    assert here.run("letters", "show", "999").code == 2
    assert here.run("letters", "drop").code == 2


def test_the_architecture_is_drawn_and_the_flow_followed(
    make_system: Callable[..., Any], wait_for: Callable[..., Any]
) -> None:
    here = make_system({"ticker": ticker(12), "counter": counter()})
    drawn = here.run("graph")
    assert drawn.code == 0
    assert "├─ tick, tock ─" in drawn.out
    assert here.run("flow").code == here.run("graph", "--live").code == here.run("letters").code == 4
    here.up()
    following = here.foreground("flow", "--follow", "--json")
    wait_for(lambda: following.out.count("\n") >= 3, "three reports")
    following.interrupt()
    assert following.ended() == 130
    reports = [json.loads(line) for line in following.out.splitlines()]
    assert sorted(each["at"] for each in reports) == [each["at"] for each in reports]
    live = here.run("graph", "--live", "--format", "json").json
    assert live["layers"] == [["ticker"], ["counter"]]
    assert [each["total"] for each in live["edges"]] == [9, 3]
    assert here.run("graph", "--live", "--format", "mermaid").out.startswith("flowchart LR")
    assert here.run("graph", "--format", "dot").out.startswith("digraph")
    assert "ticker → counter" in here.run("flow").out
    assert next(s for s in here.ps()["spaces"] if s["name"] == "counter")["messages_per_s"] is not None


def test_a_refused_event_is_told_with_space_subject_and_the_line_that_would_allow_it(
    make_system: Callable[..., Any], wait_for: Callable[..., Any]
) -> None:
    less = ticker(12).replace('"ticker.tick", "ticker.tock"', '"ticker.tick"')
    here = make_system({"ticker": less, "counter": counter('"ticker.tick"')})
    here.up()
    wait_for(lambda: "violation" in here.log("supervisor"), "the violation is a line of history")
    notes = [json.loads(line) for line in here.log("supervisor").splitlines() if line.startswith("{")]
    note = next(each for each in notes if each["kind"] == "violation")
    assert note["subject"] == "ticker"
    assert "may not publish ticker.tock" in note["text"]
    assert 'add "ticker.tock" to publishes under [events] in the space.toml of ticker' in note["text"]
