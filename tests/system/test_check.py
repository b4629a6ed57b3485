"""`spacectl check`: what is clean passes, what is wrong is named, and the report survives what the checks do."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from xmlschema import XMLSchema

pytestmark = pytest.mark.system
THREE = Path(__file__).parent / "programs" / "three"
PATIENCE_S = 110.0

SCHEMA = XMLSchema(Path(__file__).parents[1] / "view" / "junit" / "junit-10.xsd")
"""What Jenkins takes, the nearest to a standard that JUnit files have."""


def ticker(events: int, more: str = "") -> str:
    command = json.dumps(["/bin/bash", str(THREE / "ticker.sh"), str(events)])
    publishes = (
        '[api]\nserves = false\n[ready]\nlog = "published"\n[events]\npublishes = ["ticker.tick", "ticker.tock"]\n'
    )
    return f"[run]\ncommand = {command}\n{publishes}{more}"


def counter(*how: str, delivery: str = "") -> str:
    command = json.dumps([sys.executable, "-S", str(THREE / "counter.py"), *how])
    return f'[run]\ncommand = {command}\n[events]\nsubscribes = ["ticker.tick"]\n[events.delivery]\n{delivery}\n'


def asyncapi(action: str, kind: str, *names: str) -> str:
    """What a space sends or receives: numbers or texts by the subjects of these names."""
    message = {"m": {"payload": {"type": kind}}}
    operations = {name: {"action": action, "channel": {"$ref": f"#/channels/{name}"}} for name in names}
    channels = {name: {"address": f"ticker.{name}", "messages": message} for name in names}
    return json.dumps({"asyncapi": "3.0.0", "channels": channels, "operations": operations})


def write_contract(here: Any, space: str, text: str) -> None:
    folder = here.root / "spaces" / space / "contract"
    folder.mkdir()
    (folder / "asyncapi.json").write_text(text)


def write_checks(here: Any, text: str) -> None:
    (here.root / "checks").mkdir(exist_ok=True)
    (here.root / "checks" / "test_it.py").write_text(text)


def results(report: Any) -> dict[str, Any]:
    return {each["name"]: each for each in report["results"]}


def failed(report: Any) -> dict[str, Any]:
    return {name: each for name, each in results(report).items() if each["outcome"] == "failed"}


def assert_is_junit(text: str, report: Any) -> None:
    """The file follows the usual schema, and says of each check what the report does."""
    SCHEMA.validate(text)
    root = ET.fromstring(text)  # noqa: S314  (our own)
    assert root.tag == "testsuites"
    outcomes = {
        case.get("name"): {"failure": "failed", "skipped": "skipped"}[case[0].tag] if len(case) else "passed"
        for case in root.iter("testcase")
    }
    assert outcomes == {name: each["outcome"] for name, each in results(report).items()}
    for suite in [root, *root]:
        assert int(suite.get("tests", 0)) == len(list(suite.iter("testcase")))
        assert int(suite.get("failures", 0)) == len(list(suite.iter("failure")))


SMOKE = """
[[smoke]]
request = "GET /told"
expect_json = { taken = { "ticker.tick" = 9 } }
[[smoke]]
name = "a tick is heard of"
publish = "ticker.tick"
json = { n = 5 }
expect_event = "ticker.*"
"""


def test_a_clean_system(make_system: Callable[..., Any]) -> None:
    smoke = SMOKE.replace('"ticker.*"', '"ticker.tick"\nexpect_json = { n = 5 }')
    here = make_system({"ticker": ticker(12), "counter": counter() + smoke})
    write_contract(here, "ticker", asyncapi("send", "integer", "tick", "tock"))
    write_contract(here, "counter", asyncapi("receive", "number", "tick"))
    write_checks(here, "def test_env(system):\n    assert str(system.layout.home).endswith('isolated/check-1')\n")
    done = here.run("check", "--json", "--junit", "junit.xml", within_s=PATIENCE_S, env={"GITHUB_ACTIONS": "true"})
    assert done.code == 0, done.err
    report = done.json
    assert (report["outcome"], report["bundle"], failed(report)) == ("passed", None, {})
    assert {name for name, each in results(report).items() if each["outcome"] == "passed"} >= {
        "everything is ready", "no declared edge points at nothing", "counter answers its health path",
        "contract fit: ticker → counter ticker.tick", "counter: GET /told", "counter: a tick is heard of",
        "test_it.py::test_env", "every event is settled", "nothing crashed or gave up", "the bus refused nothing",
        "counter restarts cleanly", "ticker restarts cleanly", "ticker stops when it is told to",
        "counter stops when it is told to", "no process is left",
    }  # fmt: skip
    assert_is_junit((here.root / "junit.xml").read_text(), report)
    assert "::group::the system\n✔ everything is ready" in done.err
    assert done.err.count("::group::") == done.err.count("::endgroup::")
    assert "::error" not in done.err
    assert not (here.state / "isolated").exists()
    assert not (here.state / "check").exists()
    assert not here.here()


def test_each_culprit_is_named(make_system: Callable[..., Any], run_program: Callable[..., str]) -> None:
    delivery = 'ack_wait = "1s"\nmax_deliver = 2'
    patient = 'ack_wait = "1s"\nmax_deliver = 1000'
    sick = f"[run]\n{run_program('serve', '--health', '500')}[ready]\ntcp = true\n"
    stubborn = f'[run]\n{run_program("stubborn")}[api]\nserves = false\n[stop]\ntimeout = "300ms"\n'
    here = make_system({
        "ticker": ticker(12), "picky": counter("picky", delivery=delivery),
        "silent": counter("silent", delivery=patient), "stubborn": stubborn,
        "sick": sick + '[[smoke]]\nrequest = "GET /env"\nexpect = 418\nwithin = "10ms"\n',
    })  # fmt: skip
    write_contract(here, "ticker", asyncapi("send", "integer", "tick", "tock"))
    write_contract(here, "picky", asyncapi("receive", "string", "tick"))
    write_checks(
        here, "def test_tick(bus):\n    bus.publish('ticker.tick', 9)\n    bus.expect('ticker.tock', within=0.2)\n"
    )
    done = here.run("check", "--junit", "out.xml", "--json", within_s=PATIENCE_S, env={"GITHUB_ACTIONS": "true"})
    assert done.code == 1, done.err
    found = failed(done.json)
    assert found.keys() == {
        "sick answers its health path", "contract fit: ticker → picky ticker.tick", "sick: GET /env",
        "test_it.py::test_tick", "every event is settled", "stubborn restarts cleanly",
        "stubborn stops when it is told to",
    }  # fmt: skip
    assert "sick: GET /health through the front door answers 500" in found["sick answers its health path"]["message"]
    assert "breaking" in found["contract fit: ticker → picky ticker.tick"]["detail"]
    settled = found["every event is settled"]["detail"]
    assert "picky ← ticker by ticker.tick: gave up " in settled
    assert re.search("silent ← ticker by ticker.tick: [0-9]+ not delivered, [0-9]+ not acknowledged", settled)
    for name in ("stubborn restarts cleanly", "stubborn stops when it is told to"):
        assert "stubborn.1: still there 300ms after SIGTERM: killed" in found[name]["message"]
    check = found["test_it.py::test_tick"]
    assert (check["file"], check["line"]) == ("checks/test_it.py", 3)
    assert "no ticker.tock within 0.2 s" in check["detail"]
    assert "ticker.tick  from /spacectl  9" in check["detail"]
    smoke = found["sick: GET /env"]
    late = "\nnot settled when the check failed:\n(.+\n)*silent ← ticker by ticker.tick: "
    assert all(re.search(late, each["detail"]) for each in (check, smoke))
    assert smoke["file"] == "spaces/sick/space.toml"
    assert (here.root / smoke["file"]).read_text().splitlines()[smoke["line"] - 1] == "[[smoke]]"
    assert f"::error file=spaces/sick/space.toml,line={smoke['line']},title=sick%3A GET /env::GET /env: exp" in done.err
    assert_is_junit((here.root / "out.xml").read_text(), done.json)

    bundle = Path(done.json["bundle"])
    assert bundle == here.state / "check" / "check-1"
    assert {"states.json", "flow.json", "letters.json", "events.jsonl", "timeline.jsonl", "report.json", "junit.xml",
            "pytest.txt", "logs"} <= {path.name for path in bundle.iterdir()}  # fmt: skip
    subjects = [json.loads(line)["subject"] for line in (bundle / "events.jsonl").read_text().splitlines()]
    assert subjects.count("ticker.tick") >= 10
    assert {each["to"] for each in json.loads((bundle / "letters.json").read_text())["letters"]} == {"picky"}
    assert "not listening" in (bundle / "logs" / "stubborn.1.log").read_text()
    assert not (here.state / "isolated").exists()


def test_a_check_that_takes_pytest_along_is_named_and_a_copy_can_be_kept(
    make_system: Callable[..., Any], idle: Callable[..., str]
) -> None:
    here = make_system({"app": idle()})
    write_checks(here, "import os\ndef test_a(): pass\ndef test_b(): os.abort()\ndef test_c(): pass\n")
    done = here.run("check", "--json", "--keep", within_s=PATIENCE_S)
    assert done.code == 1, done.err
    found = results(done.json)
    assert found["test_it.py::test_a"]["outcome"] == "passed"
    assert found["test_it.py::test_b"]["message"] == "did not end: killed by signal 6"
    assert (found["test_it.py::test_c"]["outcome"], found["test_it.py::test_c"]["message"]) == ("skipped", "not run")
    assert found["all checks were run"]["outcome"] == "failed"
    copy = str(here.state / "isolated" / "check-1")
    assert f"--system {copy}\n" in done.err
    assert here.run("ps", "--json", "--system", copy).json["state"] == "ready"


def test_the_system_that_is_up_is_left_as_it_is(make_system: Callable[..., Any], idle: Callable[..., str]) -> None:
    here = make_system({"app": idle()})
    assert here.run("check", "--running").code == 4
    here.up()
    before = here.replica("app.1")["pid"]
    write_checks(here, "import time\ndef test_a(): pass\ndef test_b(): time.sleep(600)\n")
    done = here.run("check", "--running", "--json", "--timeout", "15s", within_s=PATIENCE_S)
    assert done.code == 1, done.err
    assert results(done.json)["test_it.py::test_b"]["message"] == "did not end: not within --timeout 15s"
    write_checks(here, "def test_a(): pass\n")
    done = here.run("check", "--running", within_s=PATIENCE_S)
    assert done.code == 0, done.err
    assert here.replica("app.1")["pid"] == before


def test_a_check_that_waits_in_vain_up_to_the_timeout_tells_who_did_not_settle(make_system: Callable[..., Any]) -> None:
    delivery = 'ack_wait = "1s"\nmax_deliver = 1000'
    here = make_system({"ticker": ticker(12), "silent": counter("silent", delivery=delivery)})
    here.up()
    write_checks(here, "import time\ndef test_a(): time.sleep(600)\n")
    done = here.run("check", "--running", "--json", "--timeout", "10s", within_s=PATIENCE_S)
    assert done.code == 1, done.err
    check = results(done.json)["test_it.py::test_a"]
    assert check["message"] == "did not end: not within --timeout 10s"
    assert re.search("\nnot settled by then:\nsilent ← ticker by ticker.tick: ", check["detail"])


def test_an_interrupted_check_leaves_nothing(make_system: Callable[..., Any], idle: Callable[..., str]) -> None:
    here = make_system({"app": idle()})
    write_checks(here, "import time\ndef test_a(): pass\ndef test_b(): time.sleep(600)\n")
    check = here.foreground("check", "--junit", "out.xml")
    check.until("test_it.py::test_a")
    check.interrupt()
    assert check.ended() == 130, check.err
    assert not here.here()
    assert not (here.state / "isolated").exists()
    assert not (here.root / "out.xml").exists()


def test_a_system_that_does_not_get_ready(make_system: Callable[..., Any], run_program: Callable[..., str]) -> None:
    crashes = f'[run]\n{run_program("exits", "3")}[api]\nserves = false\n[restart]\npolicy = "never"\n'
    here = make_system({"app": crashes})
    done = here.run("check", "--json", "--junit", "out.xml", within_s=PATIENCE_S)
    assert done.code == 5, done.err
    assert done.json["outcome"] == "not ready"
    assert failed(done.json).keys() == {"app.1 is ready"}
    assert_is_junit((here.root / "out.xml").read_text(), done.json)
    assert (Path(done.json["bundle"]) / "states.json").exists()
    assert not (here.state / "isolated").exists()


def test_what_breaks_since_a_revision_is_named(make_system: Callable[..., Any]) -> None:
    here = make_system({"ticker": ticker(0), "counter": counter()})
    write_contract(here, "ticker", asyncapi("send", "integer", "tick", "tock"))
    write_contract(here, "counter", asyncapi("receive", "number", "tick"))
    me = ["-c", "user.name=me", "-c", "user.email=me@example.com"]
    for words in (["init", "-q"], ["add", "system.toml", "spaces"], [*me, "commit", "-qm", "all"]):
        subprocess.run(["git", *words], cwd=here.root, check=True)
    file = here.root / "spaces" / "ticker" / "contract" / "asyncapi.json"
    file.write_text(asyncapi("send", "string", "tick", "tock"))
    done = here.run("check", "--no-restart-check", "--against", "HEAD", "--json", within_s=PATIENCE_S)
    assert done.code == 1, done.err
    found = failed(done.json)
    assert found.keys() == {f"contract {check}: ticker → counter ticker.tick" for check in ("fit", "change")}
    assert {each["file"] for each in found.values()} == {"spaces/ticker/contract/asyncapi.json"}
    assert here.run("check", "--against", "nowhere").code == 2
    assert not here.here()


def test_what_is_missing_on_the_machine(make_system: Callable[..., Any], idle: Callable[..., str]) -> None:
    here = make_system({"app": idle()})
    done = here.run("check", env={"SPACECTL_NATS_SERVER": str(here.root / "none")})
    assert done.code == 6, done.err
    assert "SPACECTL_NATS_SERVER" in done.err
    assert not (here.state / "isolated").exists()


def test_what_is_written_wrong_is_told_before_anything_starts(
    make_system: Callable[..., Any], idle: Callable[..., str]
) -> None:
    here = make_system({"app": idle(more='[[smoke]]\nrequest = "GET /"\n[[smoke]]\nexpect_event = "app.none"\n')})
    done = here.run("check")
    assert done.code == 3
    assert 'smoke[0].request: "app" serves no API' in done.err
    assert 'smoke[1]: needs "request" or "publish"' in done.err
    assert 'smoke[1].expect_event: nobody publishes "app.none"' in done.err
    assert here.run("check", "--running", "--keep").code == 2
    assert here.run("check", "--running", "--runtime", "container").code == 2
    assert not here.state.exists()
