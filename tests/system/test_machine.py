"""What the machine may lack: a port, room, permission; and folders with unusual names."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.system


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """A small file system of its own; the test is skipped where this user may not mount one."""
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip("mounting a small file system needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that this process listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_an_api_port_that_is_taken(make_system: Any, serve: Callable[..., str], taken: int) -> None:
    system = make_system({"orders": serve(more=f"[api]\nport = {taken}\n")})
    done = system.run("up", "--detach")
    assert done.code == 6
    assert done.err.startswith(f"error: orders.1: port {taken} is in use by pytest (pid {os.getpid()})\n") or (
        f"port {taken} is in use by " in done.err and f"(pid {os.getpid()})" in done.err
    )
    assert 'hint: stop it, or set [api] in spaces/orders/space.toml: port = "auto"\n' in done.err
    assert not system.here()


def test_a_bus_port_that_is_taken(make_system: Any, serve: Callable[..., str], taken: int) -> None:
    system = make_system({"orders": serve()}, f"[bus]\nport = {taken}\n")
    done = system.run("up", "--detach")
    assert done.code == 6
    assert f"error: bus: port {taken} is in use by " in done.err
    assert f'(pid {os.getpid()})\n  hint: stop it, or set [bus] port = "auto"\n' in done.err
    assert not system.here()


def test_a_port_that_is_asked_for_is_given(make_system: Any, serve: Callable[..., str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    system = make_system({"orders": serve(more=f"[api]\nport = {port}\n")})
    system.up()
    assert system.replica("orders.1")["port"] == port
    system.run("down")
    system = make_system({"orders": serve()}, f"[gateway]\nport = {port}\n")
    system.up()
    assert system.ps()["spaces"][0]["url"] == f"http://127.0.0.1:{port}/orders"


def test_a_read_only_folder(make_system: Any, serve: Callable[..., str], tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=1m") as folder:
        system = make_system({"orders": serve()}, folder=folder / "shop")
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        done = system.run("up", "--detach")
        assert (done.code, "Traceback" in done.err) == (6, False)
        assert f"error: cannot write {system.state}: Read-only file system\n  hint: " in done.err
        assert system.run("ps").code == 4
        assert system.run("down").code == 4


@pytest.mark.parametrize("kilobytes", [12, 16, 24, 32, 64, 256])
def test_a_full_disk(make_system: Any, serve: Callable[..., str], tmp_path: Path, kilobytes: int) -> None:
    """Wherever on the way it is that the room ends, the system comes up or the exit code says why it does not."""
    with mounted(tmp_path / "disk", f"size={kilobytes}k") as folder:
        system = make_system(
            {"orders": serve(more='[events]\npublishes = ["orders.placed"]\n')}, folder=folder / "shop"
        )
        with (folder / "ballast").open("wb") as ballast:
            ballast.write(bytes(4096))
        done = system.run("up", "--detach", "--timeout", "5s")
        assert "Traceback" not in done.err
        assert done.code in ({6} if kilobytes <= 24 else {0, 5, 6}), done
        if done.code == 6:
            assert "No space left on device" in done.err
            assert not system.here()
        if done.code == 5:
            assert f"the disk that holds {system.root} is full\n" in done.err
        system.end()


def test_files_may_not_grow(make_system: Any, serve: Callable[..., str]) -> None:
    """As root too: a limit on the size of files stands for a quota."""
    system = make_system({"orders": serve()})
    done = system.run(
        "up", "--detach", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    )
    assert (done.code, "Traceback" in done.err) == (6, False)
    assert "File too large" in done.err
    assert not system.here()


@pytest.mark.parametrize(
    "name", ["two words & 'more'", "ünïcödé-商店", "a" * 120 + "/" + "b" * 120, "$HOME {x} #1 \\n"]
)
def test_folders_with_unusual_names(make_system: Any, serve: Callable[..., str], tmp_path: Path, name: str) -> None:
    system = make_system({"orders": serve()}, folder=tmp_path / name / "shop")
    system.up()
    assert system.run("call", "orders", "GET", "/env").json["DATA_DIR"] == str(system.state / "data" / "orders")
    assert system.run("logs").out == "orders.1 | hello\n"
    assert system.run("down").code == 0


def test_a_command_runs_from_below_and_from_elsewhere(
    make_system: Any, idle: Callable[..., str], tmp_path: Path
) -> None:
    system = make_system({"app": idle()})
    system.up(cwd=system.root / "spaces" / "app")
    assert system.run("ps", "--system", str(system.root), cwd=tmp_path).code == 0
    assert system.run("ps", "--system", system.root.name, cwd=system.root.parent).code == 0
    assert system.run("ps", cwd=tmp_path, env={"SPACECTL_SYSTEM": str(system.root)}).code == 0
    done = system.run("ps", cwd=tmp_path)
    assert (done.code, done.out) == (4, "")
    assert done.err.startswith(f"error: no system here: no system.toml in {tmp_path} or above it\n  hint: ")
    done = system.run("ps", "--system", "nowhere", cwd=tmp_path)
    assert (done.code, done.err.partition("\n")[0]) == (4, "error: no system in nowhere: it has no system.toml")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "system.toml"),
        (b"[system\nname = 3", "system.toml:1"),
        (b'[system]\nname = "caf\xe9"\n', "system.toml"),
        (b'[system]\nname = "x"\nspaecs = []\n', 'did you mean "spaces"?'),
        (b"# " + b"x" * 20_000_000, "system.toml"),
        (b"\x00\xff\xfe", "system.toml"),
    ],
    ids=["empty", "broken", "not UTF-8", "unknown key", "huge", "binary"],
)
def test_a_manifest_that_cannot_be_used(make_system: Any, content: bytes, said: str) -> None:
    system = make_system({})
    (system.root / "system.toml").write_bytes(content)
    done = system.run("up", "--detach")
    assert (done.code, done.out) == (3, "")
    assert said in done.err
    assert "Traceback" not in done.err
    assert len(done.err) < 2000
    assert not system.state.exists()
    assert not system.here()
