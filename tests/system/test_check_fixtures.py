"""Plain `pytest checks` beside a running system: what the fixtures see and do, and how they fail."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.system
COUNTER = Path(__file__).parent / "programs" / "three" / "counter.py"

PASSING = """
import pytest

def test_states_and_urls(system):
    assert (system.name, system.state) == ("tiny", "ready")
    assert system.states == {"counter": "ready", "ticker": "ready"}
    assert system.urls["ticker"] == system.url + "/ticker"

def test_a_space_is_an_http_client(spaces):
    assert set(spaces) == {"counter", "ticker"}
    assert spaces["ticker"].post("/echo", json={"a": 1}).json() == {"got": {"a": 1}}
    assert spaces["ticker"].logs() == "hello\\n"
    with pytest.raises(KeyError, match="no space is named 'nobody'; there are: counter, ticker"):
        spaces["nobody"]

def test_events_are_seen_once_each(bus):
    bus.publish("ticker.tick", {"n": 1, "more": True})
    bus.publish("ticker.tick", {"n": 2})
    assert bus.expect("ticker.tick", where={"n": 2}).data == {"n": 2}
    assert bus.expect("ticker.*", where=lambda data: data["n"] < 5).data["n"] == 1
    with pytest.raises(AssertionError, match="was taken already"):
        bus.expect("ticker.tick", within=0.01)

def test_the_events_of_another_check_are_not_seen(bus):
    assert bus.messages == []

def test_all_is_settled(bus, spaces, eventually):
    bus.drained(within=20)
    assert eventually(lambda: spaces["counter"].get("/told").json()["taken"]) == {"ticker.tick": 2}

def test_acting_on_a_space(spaces, eventually):
    ticker = spaces["ticker"]
    first = ticker.get("/pid").json()
    ticker.restart()
    second = ticker.get("/pid").json()
    assert first != second
    ticker.kill()
    third = eventually(lambda: ticker.get("/pid").json()["pid"], holds=lambda pid: pid != second["pid"])
    assert third not in (first["pid"], second["pid"])
    ticker.scale(2)
    assert len(ticker.replicas) == 2
    ticker.scale(1)
"""

FAILING = """
def test_event(bus):
    bus.publish("ticker.tick", {"n": 1})
    bus.publish("ticker.tock", "x")
    bus.expect("ticker.tick", where={"n": 3}, within=0.3)

def test_fact(eventually):
    eventually(lambda: [], within=0.05, what="the order")
"""


@pytest.fixture
def here(make_system: Callable[..., Any], serve: Callable[..., str]) -> Any:
    ticker = serve(more='[events]\npublishes = ["ticker.tick", "ticker.tock"]\n[restart]\nbackoff = "10ms"\n')
    run = f'[run]\ncommand = ["{sys.executable}", "-S", "{COUNTER}"]\n'
    return make_system({"ticker": ticker, "counter": run + '[events]\nsubscribes = ["ticker.tick"]\n'})


def check(here: Any, text: str, *, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    (here.root / "checks").mkdir(exist_ok=True)
    (here.root / "checks" / "test_it.py").write_text(text)
    (here.root / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(here.root / "checks")]
    given = here.environment | env
    return subprocess.run(command, cwd=cwd or here.root, env=given, capture_output=True, text=True, check=False)


def test_the_fixtures_and_their_failures(here: Any) -> None:
    here.up()
    done = check(here, PASSING)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 passed" in done.stdout
    failed = check(here, FAILING)
    assert failed.returncode == 1
    assert "no ticker.tick with {'n': 3} within 0.3 s" in failed.stdout
    assert "1 of them had the subject" in failed.stdout
    assert failed.stdout.index('ticker.tick  from /spacectl  {"n":1}') < failed.stdout.index("ticker.tock  from")
    assert "the order: not within 0.05 s; last seen:" in failed.stdout


def test_without_a_running_system_they_say_so(here: Any) -> None:
    done = check(here, "def test(spaces): pass\n")
    assert done.returncode == 1
    assert "no system is running here: start it with `spacectl up`" in done.stdout
