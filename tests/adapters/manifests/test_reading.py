from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from spacectl.adapters.manifests import load, read_system
from spacectl.errors import Exit, ManifestError
from spacectl.model.manifest import ProbeSection
from spacectl.model.units import GiveUp

Write = Callable[[Mapping[str, str | bytes]], Path]

ORDERS = '[space]\nname = "orders"\n[run]\ncommand = "run"\n'

DESIGN_SYSTEM = """
[system]
name = "shop"
spaces = ["spaces/*"]          # globs; each match holds a space.toml

[bus]                          # every key optional
port = "auto"
url = "nats://127.0.0.1:4222"  # use this server instead of the embedded one (then nothing is started)
max_store = "1GB"
sync = "interval"              # or "always": fsync before the publisher's ack

[gateway]
port = "auto"                  # 8080 if free, else the next free port
"""

DESIGN_SPACE = """
[space]
name = "orders"                # [a-z][a-z0-9-]*, at most 32 characters
summary = "Takes orders and follows them until they are paid"
kind = "service"               # or "job": runs to completion; exit 0 is success
profiles = []                  # started only with `up --profile NAME` when not empty

[build]
command = "uv sync --frozen"
inputs = ["pyproject.toml", "uv.lock"]     # rebuilt only when these change

[run]
command = [".venv/bin/uvicorn", "orders.app:app", "--host", "$HOST", "--port", "$PORT"]
runtime = "process"            # or "container"
replicas = 1
after = []                     # spaces that must be ready first
env = { LOG_LEVEL = "info" }
env_file = ".env"

[container]                    # used when runtime = "container"
build = "."                    # folder with a Dockerfile, or image = "name:tag"

[ready]                        # one or more; all must pass
http = "/health"
tcp = false
exec = "test -e ready"
log = "Application startup complete"
timeout = "1s"
start_timeout = "30s"
interval = "2s"                # while starting it probes at 50 ms, doubling up to this
failures = 3                   # in a row: then it is unhealthy and gets no traffic
[alive]                        # optional, same keys: failing it restarts the replica

[restart]
policy = "on-failure"          # "always", "never"
backoff = "500ms"              # doubles, with jitter
max_backoff = "30s"
give_up = "5 in 60s"           # then the replica is "failed" until someone starts it
reset = "10s"                  # ready this long forgets earlier failures

[stop]
signal = "SIGTERM"
timeout = "10s"                # then SIGKILL to everything it started

[watch]
paths = ["orders"]
ignore = []
on_change = "restart"          # "build" (build, then restart only if it succeeded), "none"

[limits]
memory = "256MB"
cpu = 0.5

[api]
serves = true                  # false for a space that only calls others
port = "auto"
calls = ["catalog"]            # the spaces whose API it calls

[events]
publishes = ["orders.placed", "orders.cancelled"]
subscribes = ["payments.captured"]
[events.retention]             # of the stream that holds what it publishes
storage = "file"               # or "memory", for high rates that may be lost with the bus
max_age = "7d"
max_bytes = "256MB"
[events.delivery]              # of what it subscribes to
start = "all"                  # or "new": only what comes after the first `up`
max_in_flight = 256
max_deliver = 5
ack_wait = "30s"
"""

DESIGN: Mapping[str, str | bytes] = {
    "system.toml": DESIGN_SYSTEM,
    "spaces/orders/space.toml": DESIGN_SPACE,
    "spaces/orders/pyproject.toml": "",
    "spaces/orders/uv.lock": "",
    "spaces/orders/.env": "",
    "spaces/orders/Dockerfile": "",
    "spaces/orders/orders/app.py": "",
    "spaces/catalog/space.toml": '[space]\nname = "catalog"\n[run]\ncommand = "run"\n',
    "spaces/payments/space.toml": (
        '[space]\nname = "payments"\n[run]\ncommand = "run"\n[events]\npublishes = ["payments.captured"]\n'
    ),
}


def test_reads_every_value_of_the_design(write: Write) -> None:
    root = write(DESIGN)
    system = load(root)
    assert system.name == "shop"
    assert system.root == root
    assert system.manifest.system.spaces == ("spaces/*",)
    bus = system.manifest.bus
    assert (bus.port, bus.url, bus.max_store, bus.sync) == ("auto", "nats://127.0.0.1:4222", 10**9, "interval")
    assert system.manifest.gateway.port == "auto"
    assert [space.name for space in system.spaces] == ["catalog", "orders", "payments"]

    orders = system.space("orders")
    assert orders is not None
    assert orders.folder == root / "spaces" / "orders"
    assert orders.source.file == "spaces/orders/space.toml"
    manifest = orders.manifest
    assert manifest.space.summary == "Takes orders and follows them until they are paid"
    assert (manifest.space.kind, manifest.space.profiles) == ("service", ())
    assert manifest.build.command == "uv sync --frozen"
    assert manifest.build.inputs == ("pyproject.toml", "uv.lock")
    words = (".venv/bin/uvicorn", "orders.app:app", "--host", "$HOST", "--port", "$PORT")
    run = manifest.run
    assert (run.command, run.runtime, run.replicas, run.after) == (words, "process", 1, ())
    assert (run.env, run.env_file) == ({"LOG_LEVEL": "info"}, ".env")
    assert manifest.container is not None
    assert (manifest.container.build, manifest.container.image) == (".", None)
    ready = manifest.ready
    assert (ready.http, ready.tcp, ready.exec) == ("/health", False, "test -e ready")
    assert ready.log == "Application startup complete"
    assert (ready.timeout_s, ready.start_timeout_s, ready.interval_s, ready.failures) == (1.0, 30.0, 2.0, 3)
    assert manifest.alive == ProbeSection()
    restart = manifest.restart
    assert (restart.policy, restart.backoff_s, restart.max_backoff_s) == ("on-failure", 0.5, 30.0)
    assert (restart.give_up, restart.reset_s) == (GiveUp(count=5, window_s=60.0), 10.0)
    assert (manifest.stop.signal, manifest.stop.timeout_s) == ("SIGTERM", 10.0)
    assert (manifest.watch.paths, manifest.watch.ignore, manifest.watch.on_change) == (("orders",), (), "restart")
    assert (manifest.limits.memory, manifest.limits.cpu) == (256_000_000, 0.5)
    assert (manifest.api.serves, manifest.api.port, manifest.api.calls) == (True, "auto", ("catalog",))
    events = manifest.events
    assert events.publishes == ("orders.placed", "orders.cancelled")
    assert events.subscribes == ("payments.captured",)
    assert (events.retention.storage, events.retention.max_age_s) == ("file", 604_800.0)
    assert events.retention.max_bytes == 256_000_000
    assert (events.delivery.start, events.delivery.max_in_flight) == ("all", 256)
    assert (events.delivery.max_deliver, events.delivery.ack_wait_s) == (5, 30.0)


def test_defaults_of_a_space_are_those_of_the_design(write: Write) -> None:
    root = write({**DESIGN, "spaces/mini/space.toml": '[space]\nname = "mini"\n[run]\ncommand = "run"\n'})
    system = load(root)
    mini, orders = system.space("mini"), system.space("orders")
    assert mini is not None
    assert orders is not None
    for section in ("restart", "stop", "api", "events"):
        given = getattr(orders.manifest, section).model_dump()
        default = getattr(mini.manifest, section).model_dump()
        for key in default.keys() - {"calls", "publishes", "subscribes"}:
            assert default[key] == given[key], (section, key)
    assert mini.manifest.container is None
    assert mini.manifest.alive is None
    assert mini.manifest.limits.memory is None
    assert mini.manifest.ready == ProbeSection()


def test_whole_numbers_do_where_fractions_do(write: Write) -> None:
    system = load(write({"spaces/orders/space.toml": f"{ORDERS}[limits]\ncpu = 1\n"}))
    assert system.spaces[0].manifest.limits.cpu == 1.0


@pytest.mark.parametrize(
    ("content", "line", "told"),
    [
        (b"", 0, "is empty"),
        (b"\xef\xbb\xbf \r\n", 0, "is empty"),
        (b'[space]\nname = "caf\xe9"\n', 2, "is not UTF-8: byte 0xe9 at offset 19"),
        (b"\xff\xfe[\x00s\x00", 1, "is not UTF-8: byte 0xff at offset 0"),
        (b"a = 1\x00\n", 1, "is not TOML: "),
        (b"#" * (1024 * 1024 + 1), 0, "is 1.05 MB; a manifest has at most 1 MiB"),
        (b"a = " + b"[" * 100_000, 0, "is no manifest: its values are nested too deep"),
        (b"a = " + b"9" * 5000, 0, "is not TOML: exceeds the limit (4300 digits) for integer string conversion"),
        (b"a" + b".a" * 50_000 + b" = 1", 0, "is no manifest: a key has more than 64 dots"),
        (b"<html>", 1, "is not TOML: "),
    ],
    ids=["empty", "blank", "latin-1", "utf-16", "NUL", "large", "deep", "digits", "dots", "html"],
)
def test_a_file_that_is_no_manifest(write: Write, content: bytes, line: int, told: str) -> None:
    (problem,) = read_system(write({"spaces/orders/space.toml": content})).problems
    assert (problem.file, problem.line, problem.key) == ("spaces/orders/space.toml", line, "")
    assert problem.message.startswith(told)


def test_a_sparse_file_of_gigabytes_is_not_read(write: Write) -> None:
    root = write({"spaces/orders/space.toml": ""})
    os.truncate(root / "spaces/orders/space.toml", 3_000_000_000)
    (problem,) = read_system(root).problems
    assert problem.message == "is 3 GB; a manifest has at most 1 MiB"


def test_marks_and_line_ends_of_windows(write: Write) -> None:
    root = write({"spaces/orders/space.toml": b"\xef\xbb\xbf" + ORDERS.replace("\n", "\r\n").encode()})
    assert load(root).spaces[0].name == "orders"
    (root / "spaces/orders/space.toml").write_bytes(b"\xef\xbb\xbf" + f"{ORDERS}x = 1\n".replace("\n", "\r\n").encode())
    (problem,) = read_system(root).problems
    assert (problem.line, problem.key, problem.source) == (5, "run.x", "x = 1")


def test_a_missing_system(tmp_path: Path) -> None:
    (problem,) = read_system(tmp_path).problems
    assert (problem.file, problem.message) == ("system.toml", "there is no such file")


def test_folders_pipes_and_dead_links_are_no_manifests(write: Write) -> None:
    root = write({})
    for name in ("folder", "pipe", "link", "loop"):
        (root / "spaces" / name).mkdir()
    (root / "spaces/folder/space.toml").mkdir()
    os.mkfifo(root / "spaces/pipe/space.toml")
    (root / "spaces/link/space.toml").symlink_to("nowhere")
    (root / "spaces/loop/space.toml").symlink_to("space.toml")
    told = {problem.file.split("/")[1]: problem.message for problem in read_system(root).problems}
    assert told == {
        "folder": "is a folder, not a file",
        "pipe": "is not a regular file",
        "link": "there is no such file",
        "loop": "cannot be read: too many levels of symbolic links",
    }


@pytest.fixture
def as_nobody() -> Iterator[None]:
    """Takes root's right to read everything away."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_manifest_that_may_not_be_read(write: Write, request: pytest.FixtureRequest) -> None:
    root = write({"spaces/orders/space.toml": ORDERS})
    (root / "spaces/orders/space.toml").chmod(0)
    fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY)  # parents of the temporary folder are closed to others
    before = Path.cwd()
    try:
        os.fchdir(fd)
        request.getfixturevalue("as_nobody")
        (problem,) = read_system(Path(f"/proc/self/fd/{fd}")).problems
    finally:
        os.chdir(before)
        os.close(fd)
    assert problem.message == "cannot be read: permission denied"


def test_matches_that_are_no_spaces_are_passed_over(write: Write) -> None:
    root = write({"spaces/orders/space.toml": ORDERS, "spaces/.gitkeep": "", "spaces/docs/readme.md": "x"})
    (root / "spaces/.hidden").mkdir()
    (root / "spaces/.hidden/space.toml").write_text("broken")
    assert [space.name for space in load(root).spaces] == ["orders"]


def test_a_system_may_have_no_space_yet(write: Write) -> None:
    assert load(write({"spaces/.gitkeep": ""})).spaces == ()


def test_a_space_that_two_globs_match_is_one(write: Write) -> None:
    root = write(
        {
            "system.toml": '[system]\nname = "shop"\nspaces = ["spaces/*", "spaces/orders", "**/orders"]\n',
            "spaces/orders/space.toml": ORDERS,
        }
    )
    (root / "spaces/link").symlink_to("orders")
    assert len(load(root).spaces) == 1


def test_a_link_may_not_lead_out(write: Write, tmp_path: Path) -> None:
    (tmp_path / "else").mkdir()
    (tmp_path / "else/space.toml").write_text(ORDERS)
    root = write({})
    (root / "spaces/orders").symlink_to(tmp_path / "else")
    (problem,) = read_system(root).problems
    assert problem.key == "system.spaces[0]"
    assert problem.message == f"spaces/orders leads out of the system's folder, to {tmp_path / 'else'}"


def test_a_file_of_a_thousand_errors_is_told_in_a_hundred(write: Write) -> None:
    lines = "".join(f"key{number} = 1\n" for number in range(1000))
    problems = read_system(write({"spaces/orders/space.toml": ORDERS + lines})).problems
    assert len(problems) == 101
    assert problems[-1].message == "900 more problems in this file"


def test_a_file_of_nothing_but_errors_is_told_in_a_hundred(write: Write) -> None:
    wild = ", ".join(['">"'] * 20_000)
    problems = read_system(write({"spaces/orders/space.toml": f"{ORDERS}[events]\nsubscribes = [{wild}]\n"})).problems
    assert len(problems) == 101
    assert problems[-1].message == "thousands more problems in this file"


def test_a_list_of_a_thousand_errors_is_told_in_a_hundred(write: Write) -> None:
    subjects = ", ".join(f'"nobody.subject{number}"' for number in range(1000))
    problems = read_system(
        write({"spaces/orders/space.toml": f"{ORDERS}[events]\nsubscribes = [{subjects}]\n"})
    ).problems
    assert len(problems) == 101
    assert problems[-1].message == "900 more problems in this file"


def test_the_error_holds_every_problem_with_paths_from_here(
    write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root = write({"spaces/orders/space.toml": f"{ORDERS}[events]\npublish = []\n"})
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ManifestError) as caught:
        load(root)
    assert caught.value.exit_code is Exit.MANIFEST
    assert caught.value.message == (
        "shop/spaces/orders/space.toml:6: events.publish: unknown key\n"
        "    publish = []\n"
        '    did you mean "publishes"?\n'
        "1 problem in 1 file"
    )
    monkeypatch.chdir(root / "spaces")
    with pytest.raises(ManifestError, match=r"^\.\./spaces/orders/space\.toml:6: "):
        load(root)


def test_a_good_manifest_never_pays_for_positions(write: Write) -> None:
    root = write(DESIGN)
    code = (
        "import sys; from pathlib import Path; from spacectl.adapters.manifests import load; "
        "load(Path(sys.argv[1])); print([name for name in ('tree_sitter', 'tomlkit', 'rich') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, root], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_two_hundred_spaces(write: Write) -> None:
    files = {
        f"spaces/s{number}/space.toml": (
            f'[space]\nname = "s{number}"\n[run]\ncommand = "run"\nafter = ["s{(number + 1) % 200}"]\n'
            f'[events]\npublishes = ["s{number}.done"]\nsubscribes = ["s{(number * 7) % 200}.done"]\n'
        )
        for number in range(200)
    }
    (problem,) = read_system(write(files)).problems
    assert problem.message.startswith("these wait for each other: s0 -> s1 -> s2 -> ")
