"""Spaces in containers of a real engine: reached, watched, adopted and removed like processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from engine import IMAGE, PrivateEngine, docker, make_image, need_engine

from spacectl.wiring.prepare import instance_of

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("image")]

SERVE = "trap 'exit 0' TERM; echo hello; touch /data/health; httpd -f -p $HOST:$PORT -h /data & wait $!"


@pytest.fixture(scope="session")
def image() -> str:
    need_engine()
    return make_image()


@pytest.fixture
def here(make_system: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """Makes a system of which nothing may be left in the engine."""
    made: list[Any] = []

    def make(spaces: dict[str, str]) -> Any:
        made.append(make_system(spaces))
        return made[-1]

    yield make
    for system in made:
        system.end()
        left = ours(system, "ps", "--all", "--quiet"), ours(system, "network", "ls", "--quiet")
        for name in left[0]:
            docker("rm", "--force", name)
        assert left == ([], [])


def web(command: str = SERVE, *, more: str = "", run: str = "") -> str:
    container = f"[container]\nimage = {json.dumps(IMAGE)}\ncommand = {json.dumps(command)}\n{more}"
    return f'[run]\ncommand = ["none"]\nruntime = "container"\n{run}{container}'


def quiet(command: str) -> str:
    return web(command) + '[api]\nserves = false\n[ready]\nlog = "up"\n'


def ours(system: Any, *words: str) -> list[str]:
    return docker(*words, "--filter", f"label=spacectl.instance={instance_of(system.root)}").split()


def inspected(system: Any, replica: str) -> Any:
    return json.loads(docker("inspect", system.replica(replica)["container"]))[0]


def address_of(name: str) -> str:
    return docker("inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", name)


def test_processes_and_containers_reach_each_other(here: Callable[..., Any], serve: Callable[..., str]) -> None:
    ask = "trap 'exit 0' TERM; wget -q -O - $API_URL/health; echo; echo up; sleep 100000 & wait $!"
    limits = '[limits]\nmemory = "64MB"\ncpu = 0.5\n'
    asks = f'{web(ask)}[api]\nserves = false\ncalls = ["api"]\n[ready]\nlog = "up"\n{limits}'
    system = here({"api": serve(more='[api]\ncalls = ["web"]\n'), "asks": asks, "web": web()})
    system.up("--timeout", "60s", within_s=90)
    assert '{"status": 200}' in system.log("asks.1")
    environment = httpx.get(f"{system.ps()['gateway']['url']}/api/env", trust_env=False).json()
    assert httpx.get(f"{environment['WEB_URL']}/health", trust_env=False).status_code == 200
    assert system.run("call", "web", "GET", "/health").code == 0

    space = next(each for each in system.ps()["spaces"] if each["name"] == "web")
    (replica,) = space["replicas"]
    assert (space["runtime"], replica["pid"]) == ("container", None)
    seen = inspected(system, "asks.1")
    host = seen["HostConfig"]
    assert (host["ReadonlyRootfs"], host["CapDrop"], host["SecurityOpt"]) == (True, ["ALL"], ["no-new-privileges"])
    assert (host["Memory"], host["NanoCpus"]) == (64_000_000, 500_000_000)
    assert not seen["Config"]["User"].startswith("0")
    inside = dict(each.split("=", 1) for each in seen["Config"]["Env"])
    assert not inside.keys() & (os.environ.keys() - {"PATH", "HOST", "SPACE", "PORT"} - inside.keys())
    assert inside["DATA_DIR"] == "/data"
    published = docker("port", replica["container"]).splitlines()
    assert all(line.split("-> ")[1].startswith("127.0.0.1:") for line in published)
    flow = {(each["from"], each["to"]): each["total"] for each in system.run("flow", "--json").json["edges"]}
    assert flow["asks", "api"] == 1

    system.wait_for_replica("web.1", lambda each: each["memory_bytes"])
    assert system.run("down").code == 0
    assert system.run("down").code == 4


def test_nobody_outside_its_network_gets_through_to_bus_and_others(
    here: Callable[..., Any], serve: Callable[..., str]
) -> None:
    asks = quiet("trap 'exit 0' TERM; echo up; sleep 100000 & wait $!").replace("[api]", '[api]\ncalls = ["api"]')
    system = here({"api": serve(), "asks": asks})
    system.up("--timeout", "60s", within_s=90)
    seen = inspected(system, "asks.1")
    (network,) = seen["NetworkSettings"]["Networks"]
    given = dict(each.split("=", 1) for each in seen["Config"]["Env"])
    api, bus = (given[name].rpartition("@")[2].removeprefix("http://") for name in ("API_URL", "NATS_URL"))

    def answers(inside: str) -> tuple[str, str]:
        run = ["docker", "run", "--rm", "--network", inside, IMAGE]
        asked = (["wget", "-q", "-O", "-", f"http://{api}/health"], ["nc", "-w", "5", *bus.split(":")])
        told = [subprocess.run([*run, *words], capture_output=True, text=True, check=False).stdout for words in asked]
        return told[0], told[1][:4]

    assert answers(network) == ('{"status": 200}', "INFO")
    outside = docker("network", "create", f"outside-{instance_of(system.root)}")
    try:  # like somebody on another machine who has a route
        assert answers(outside) == ("", "")
    finally:
        docker("network", "rm", outside)


def test_the_bus_is_reached_from_inside(here: Callable[..., Any]) -> None:
    publish = (
        "trap 'exit 0' TERM; u=${NATS_URL#nats://}; cred=${u%@*}; at=${u#*@};"
        ' (printf \'CONNECT {"verbose":false,"user":"%s","pass":"%s"}\\r\\nPUB web.up 2\\r\\nhi\\r\\n\''
        ' "${cred%%:*}" "${cred#*:}"; sleep 100000) | nc ${at%:*} ${at#*:} & echo up; wait $!'
    )
    system = here({"web": web(publish) + '[api]\nserves = false\n[events]\npublishes = ["web.up"]\n'})
    system.up("--timeout", "60s", within_s=90)  # ready only once it is connected
    tapped = system.run("tap", "--since", "1m", "--count", "1", "--json", within_s=20)
    assert json.loads(tapped.out)["subject"] == "web.up"


def test_killed_removed_and_paused_containers(here: Callable[..., Any]) -> None:
    system = here({"web": web(more="") + '[restart]\nbackoff = "50ms"\n[ready]\ninterval = "200ms"\nfailures = 1\n'})
    system.up("--timeout", "60s", within_s=90)
    first = system.replica("web.1")["container"]
    docker("kill", first)
    second = system.wait_for_replica("web.1", lambda each: each["restarts"] == 1 and each["state"] == "ready")
    assert second["container"] != first
    docker("rm", "--force", second["container"])
    third = system.wait_for_replica("web.1", lambda each: each["restarts"] == 2 and each["state"] == "ready")
    history = system.log("supervisor")
    assert "killed by SIGKILL" in history
    assert "its container was removed by hand" in history
    docker("pause", third["container"])
    assert "timed out" in system.wait_for_replica("web.1", lambda each: each["state"] == "unhealthy")["reason"]
    docker("unpause", third["container"])
    system.wait_for_replica("web.1", lambda each: each["state"] == "ready")
    assert system.run("restart", "web", within_s=60).code == 0
    assert system.replica("web.1")["container"] != third["container"]
    docker("pause", system.replica("web.1")["container"])
    assert system.run("down", within_s=40).code == 0


def test_a_signal_that_did_not_end_it_is_no_end(here: Callable[..., Any], wait_for: Callable[..., Any]) -> None:
    job = "trap 'echo told' HUP; echo up; while [ ! -e /data/go ]; do sleep 0.05 & wait $!; done"
    system = here({"once": f'kind = "job"\n{web(job)}[api]\nserves = false\n'})
    begun = system.start("up", "--detach", "--timeout", "60s")
    wait_for(lambda: "up" in system.log("once.1"), "started")
    docker("kill", "--signal", "HUP", system.replica("once.1")["container"])
    wait_for(lambda: "told" in system.log("once.1"), "told")
    (system.state / "data" / "once" / "go").touch()
    assert begun.wait(timeout=90) == 0
    once = system.replica("once.1")
    assert (once["state"], once["restarts"]) == ("completed", 0)


def test_one_that_is_started_again_by_hand_is_probed_where_it_is_now(
    here: Callable[..., Any], wait_for: Callable[..., Any]
) -> None:
    system = here({"web": web() + '[ready]\ninterval = "200ms"\nfailures = 1\n'})
    system.up("--timeout", "60s", within_s=90)
    name, supervisor = system.replica("web.1")["container"], system.ps()["supervisor_pid"]
    before = address_of(name)
    (network,) = inspected(system, "web.1")["NetworkSettings"]["Networks"]
    health = system.state / "data" / "web" / "health"
    os.kill(supervisor, signal.SIGSTOP)  # or it may see the end, and start another one
    try:
        docker("stop", name)
        other = docker("run", "--detach", "--network", network, IMAGE, "sleep", "100000")  # takes the address
        health.unlink()
        docker("start", name)
        wait_for(health.exists, "started")
        assert address_of(name) != before
    finally:
        os.kill(supervisor, signal.SIGCONT)
    try:
        health.unlink()
        unwell = system.wait_for_replica("web.1", lambda each: each["state"] == "unhealthy" and "404" in each["reason"])
        assert unwell["container"] == name
        health.touch()
        system.wait_for_replica("web.1", lambda each: each["state"] == "ready")
    finally:
        docker("rm", "--force", other)


def test_a_killed_supervisor_loses_no_container_and_no_line(
    here: Callable[..., Any], wait_for: Callable[..., Any]
) -> None:
    loop = "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.01 & wait $!; done"
    stay = "trap 'echo asked' TERM; echo up; while :; do sleep 0.05 & wait $!; done"
    system = here({"counts": quiet(f"trap 'echo bye; exit 0' TERM; echo up; {loop}"), "stays": quiet(stay)})
    system.up("--timeout", "60s", within_s=90)
    before = inspected(system, "counts.1")["Id"]
    for _ in range(2):
        os.kill(system.ps()["supervisor_pid"], signal.SIGKILL)
        told = system.run("ps")
        assert told.code == 4
        assert "counts.1 (container " in told.err
        assert "taking over" in system.up("--timeout", "60s", within_s=90).err
        assert inspected(system, "counts.1")["Id"] == before
    lines = system.log("counts.1").count("\n")
    wait_for(lambda: system.log("counts.1").count("\n") > lines + 20, "more lines")

    os.kill(system.ps()["supervisor_pid"], signal.SIGKILL)
    assert system.run("down", "--timeout", "2s", within_s=40).code == 0
    assert ours(system, "ps", "--all", "--quiet") == []
    numbers = [int(line.split()[1]) for line in system.log("counts.1").splitlines() if line.startswith("line ")]
    assert numbers == list(range(1, len(numbers) + 1))
    assert system.log("counts.1").endswith("\nbye\n")
    assert system.log("stays.1").startswith("up\nasked\n")  # although it had to be killed


def test_down_finds_them_where_all_records_are_gone(here: Callable[..., Any], tmp_path: Path) -> None:
    system = here({"web": web()})
    system.up("--timeout", "60s", within_s=90)
    os.kill(system.ps()["supervisor_pid"], signal.SIGKILL)
    system.state.rename(tmp_path / "gone")
    assert system.run("down", within_s=40).code == 0
    assert ours(system, "ps", "--all", "--quiet") == []


def test_images_are_built_when_what_they_are_made_of_changes(here: Callable[..., Any]) -> None:
    manifest = '[run]\ncommand = ["none"]\nruntime = "container"\n[container]\nbuild = "."\n'
    system = here({"web": manifest + '[api]\nserves = false\n[ready]\nlog = "said"\n'})
    dockerfile = system.root / "spaces" / "web" / "Dockerfile"
    command = 'CMD ["sh", "-c", "trap \'exit 0\' TERM; echo said {}; sleep 100000 & wait $!"]\n'
    once = f"LABEL made={uuid.uuid4()}\n"  # no image of an earlier run is the same
    dockerfile.write_text(f"FROM {IMAGE}\n{once}{command.format(1)}")
    system.up("--timeout", "60s", within_s=90)
    first = inspected(system, "web.1")["Config"]["Image"]
    assert first.startswith("tiny/web:")
    assert "Successfully built" in system.log("web.build")
    assert (system.state / "logs" / "web.build.log").stat().st_mode & 0o777 == 0o600
    dockerfile.write_text(f"FROM {IMAGE}\n{once}{command.format(2)}")
    assert "web" in system.up("--timeout", "60s", within_s=90).err
    assert inspected(system, "web.1")["Config"]["Image"] not in {first, ""}
    dockerfile.write_text(f"FROM {IMAGE}\nRUN none\n")
    failed = system.run("up", "--detach", "--timeout", "30s", within_s=60)
    assert failed.code != 0
    assert "the build failed" in failed.err
    assert system.run("down", "--data").code == 0
    assert ours(system, "images", "--quiet") == []


def test_builds_that_take_long_hold_up_nothing_and_end_when_cancelled(
    here: Callable[..., Any], serve: Callable[..., str], wait_for: Callable[..., Any]
) -> None:
    mark = f"made={uuid.uuid4()}"

    def builds() -> list[str]:
        return docker("ps", "--quiet", "--no-trunc", "--filter", f"label={mark}").split()

    image = '[run]\ncommand = ["none"]\nruntime = "container"\n[container]\nbuild = "."\n[api]\nserves = false\n'
    slow = [f"slow{number}" for number in range(8)]
    asked = web(more="") + '[ready]\nexec = ["cat", "/data/health"]\n'
    system = here({"app": serve(), "web": asked, **dict.fromkeys(slow, image)})
    for name in slow:
        (system.root / "spaces" / name / "Dockerfile").write_text(
            f"FROM {IMAGE}\nLABEL {mark}\nRUN echo {name} && sleep 100000\n"
        )
    system.start("up", "--detach", "--timeout", "60s")
    wait_for(lambda: len(builds()) > 1, "several builds at a time")
    system.wait_for_replica("app.1", lambda each: each["state"] == "ready")
    system.wait_for_replica("web.1", lambda each: each["state"] == "ready")

    first = builds()
    assert system.run("stop", *slow, within_s=60).code == 0
    wait_for(lambda: not set(first) & set(builds()), "the engine stops what was cancelled")
    wait_for(lambda: not builds(), "nothing else begins")
    system.start("start", "slow0")
    (again,) = wait_for(builds, "it is built again")
    assert system.run("down", within_s=60).code == 0
    wait_for(lambda: again not in builds(), "the engine stops it")
    docker("image", "prune", "--force", "--filter", f"label={mark}")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder to another user")
@pytest.mark.parametrize(("user", "owner"), [("12345:12345", 12345), ("app", 12346)])
def test_a_user_of_its_own_has_its_data(here: Callable[..., Any], user: str, owner: int) -> None:
    manifest = '[run]\ncommand = ["none"]\nruntime = "container"\n[api]\nserves = false\n[ready]\nlog = "up"\n'
    system = here({"web": f'{manifest}[container]\nbuild = "."\nuser = "{user}"\n'})
    folder = system.root / "spaces" / "web"
    (folder / "passwd").write_text("app:x:12346:12346::/:/bin/sh\n")
    command = 'CMD ["sh", "-c", "trap \'exit 0\' TERM; touch /data/mine && echo up; sleep 100000 & wait $!"]\n'
    (folder / "Dockerfile").write_text(f"FROM {IMAGE}\nCOPY passwd /etc/passwd\n{command}")
    system.up("--timeout", "60s", within_s=90)
    assert (system.state / "data" / "web" / "mine").stat().st_uid == owner
    assert system.run("down", "--data").code == 0


@pytest.mark.skipif(os.getuid() != 0, reason="only root can start an engine")
def test_what_ends_well_with_the_engine_is_started_again(
    make_system: Callable[..., Any], adopt_system: Callable[..., Any]
) -> None:
    with tempfile.TemporaryDirectory(prefix="engine") as folder, ExitStack() as stack:
        engine = PrivateEngine(Path(folder))
        stack.callback(engine.stop)
        engine.start()
        saved = subprocess.run(["docker", "save", IMAGE], capture_output=True, check=True).stdout
        subprocess.run(["docker", "--host", engine.host, "load"], input=saved, capture_output=True, check=True)
        system = adopt_system(make_system({"web": web()}).root, DOCKER_HOST=engine.host)
        system.up("--timeout", "60s", within_s=90)
        os.kill(supervisor := system.ps()["supervisor_pid"], signal.SIGSTOP)  # or it may see how the engine stops it
        engine.stop()
        engine.start()
        os.kill(supervisor, signal.SIGCONT)
        system.wait_for_replica("web.1", lambda each: each["restarts"] == 1 and each["state"] == "ready")
        assert system.run("down", within_s=60).code == 0


def test_a_command_of_a_probe_that_hangs_is_not_run_again_beside_itself(here: Callable[..., Any]) -> None:
    ready = '[ready]\nexec = "echo asked >> /data/asked; sleep 100000"\ntimeout = "100ms"\ninterval = "100ms"\n'
    system = here({"web": web() + ready})
    assert system.run("up", "--detach", "--timeout", "4s", within_s=60).code == 5
    assert "timed out" in system.replica("web.1")["reason"]
    assert (system.state / "data" / "web" / "asked").read_text() == "asked\n"


def test_what_cannot_be_run_is_told(here: Callable[..., Any], idle: Callable[..., str]) -> None:
    system = here({"web": web().replace(IMAGE, "nowhere.invalid/none:1"), "app": idle()})
    away = system.run("up", "--detach", env={"DOCKER_HOST": "unix:///nonexistent.sock"})
    assert away.code == 6
    assert "no Docker engine answers" in away.err
    told = system.run("up", "--detach", "--timeout", "20s", within_s=60)
    assert told.code in {1, 5}
    assert "nowhere.invalid" in told.err
    assert system.replica("app.1")["state"] == "ready"
