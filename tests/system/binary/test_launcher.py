"""The launcher of the single binary: what it unpacks, where, and what it does about everything that can go wrong."""

from __future__ import annotations

import os
import pty
import random
import shutil
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.system

DAYS_AGO = 3 * 24 * 60 * 60
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root may do that")


def run(program: Path, *words: str, within_s: float = 60, **env: str) -> subprocess.CompletedProcess[str]:
    given = {"PATH": os.environ["PATH"], **env}
    return subprocess.run([program, *words], env=given, capture_output=True, text=True, timeout=within_s, check=False)


def noise(seed: int, size: int) -> bytes:
    """What cannot be compressed."""
    return random.Random(seed).randbytes(size)  # noqa: S311


def names(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir())


def test_it_unpacks_once_and_passes_on_what_it_is_given(small: Callable[..., Path], tmp_path: Path) -> None:
    deep = "lib/{{ a }}/" + "d" * 90 + "/" + "f" * 90
    program = small(script='#!/bin/sh\nprintf "%s\\n" "$0" "$@"; exit 7\n', files={deep: b"x" * 3000})
    first, second = (run(program, "a b", "", "-c", HOME=str(tmp_path)) for _ in range(2))
    cache = tmp_path / ".cache" / "spacectl"
    python = cache / "1" / "bin" / "spacectl-python"
    assert first.stdout.split("\n") == [str(python), "-I", "-m", "spacectl", "a b", "", "-c", ""]
    assert (first.returncode, first.stderr) == (7, "")
    assert (second.returncode, second.stdout) == (7, first.stdout)
    assert names(cache) == ["1", "1.lock", "unpacking"]
    assert (cache / "1" / deep).read_bytes() == b"x" * 3000
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700
    assert not os.access(cache / "1" / "lib" / "empty", os.X_OK)


def test_a_second_start_writes_nothing(small: Callable[..., Path], tmp_path: Path) -> None:
    program = small()
    run(program, HOME=str(tmp_path))
    before = [(path, path.stat().st_mtime_ns, path.stat().st_ino) for path in sorted(tmp_path.rglob("*"))]
    run(program, HOME=str(tmp_path))
    assert [(path, path.stat().st_mtime_ns, path.stat().st_ino) for path in sorted(tmp_path.rglob("*"))] == before


def test_on_a_terminal_it_says_once_why_it_takes_a_moment(small: Callable[..., Path], tmp_path: Path) -> None:
    program, (ours, theirs) = small(), pty.openpty()
    for _ in range(2):
        subprocess.run([program], env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]}, stderr=theirs, check=True)
    os.close(theirs)
    with os.fdopen(ours, "rb") as terminal:
        assert terminal.readline() == f"unpacking 1 into {tmp_path}/.cache/spacectl, once\r\n".encode()
        with pytest.raises(OSError, match="Input/output error"):  # the end of a terminal: nothing more was said
            terminal.read()


def test_what_the_environment_says_of_the_cache(small: Callable[..., Path], tmp_path: Path) -> None:
    program = small()
    run(program, HOME=str(tmp_path / "home"), XDG_CACHE_HOME=str(tmp_path / "xdg"))
    assert names(tmp_path / "xdg" / "spacectl") == ["1", "1.lock", "unpacking"]
    assert not (tmp_path / "home").exists()
    run(program, HOME=str(tmp_path / "home"), XDG_CACHE_HOME="relative")
    assert (tmp_path / "home" / ".cache" / "spacectl" / "1").is_dir()


def test_a_mask_that_takes_every_right_is_no_trouble(small: Callable[..., Path], tmp_path: Path) -> None:
    program = small(script="#!/bin/sh\numask\n")
    shell = 'umask 0277; exec "$0"'
    done = subprocess.run(["/bin/sh", "-c", shell, program], env={"HOME": str(tmp_path)}, capture_output=True,
                          text=True, check=False)  # fmt: skip
    assert (done.stdout, done.stderr) == ("0277\n", "")


def test_many_that_start_at_once_unpack_once(small: Callable[..., Path], tmp_path: Path) -> None:
    files = {f"lib/{number}": noise(number, 20_000) for number in range(300)}
    program = small(script="#!/bin/sh\nstat -c %i ${0%/bin/*}\n", files=files)
    env = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    started = [subprocess.Popen(program, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for _ in range(8)]
    told = {process.communicate(timeout=60)[0] for process in started}
    assert len(told) == 1, told  # they ran from the same folder
    assert next(iter(told)).strip().isdigit()
    assert names(tmp_path / ".cache" / "spacectl") == ["1", "1.lock", "unpacking"]


@pytest.mark.parametrize("where", [pytest.param("/dev/null", id="home is no folder"), pytest.param("", id="no home")])
def test_without_a_home_it_takes_the_temporary_folder(small: Callable[..., Path], tmp_path: Path, where: str) -> None:
    done = run(small(), "word", TMPDIR=str(tmp_path), **({"HOME": where} if where else {}))
    assert done.stdout.splitlines()[-1] == "word"
    folder = tmp_path / f"spacectl-{os.geteuid()}"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert names(folder) == ["1", "1.lock", "unpacking"]


def test_a_temporary_folder_that_others_prepared_is_refused(small: Callable[..., Path], tmp_path: Path) -> None:
    program, folder = small(), tmp_path / f"spacectl-{os.geteuid()}"
    folder.mkdir()
    folder.chmod(0o777)
    refused = run(program, HOME="/dev/null", TMPDIR=str(tmp_path))
    assert refused.returncode == 6
    assert (
        f"error: there is no folder to unpack to: /dev/null/.cache/spacectl (Not a directory), {folder}"
        in refused.stderr
    )
    assert "(others may write there)\n  hint: set XDG_CACHE_HOME to a folder" in refused.stderr
    folder.rmdir()
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    folder.symlink_to(tmp_path / "elsewhere")
    assert run(program, HOME="/dev/null", TMPDIR=str(tmp_path)).returncode == 6
    assert not list((tmp_path / "elsewhere").iterdir())


@AS_ROOT
def test_a_folder_of_another_user_is_refused(small: Callable[..., Path], tmp_path: Path) -> None:
    theirs = tmp_path / "home" / ".cache" / "spacectl"
    theirs.mkdir(parents=True, mode=0o700)
    os.chown(theirs, 65534, 65534)
    done = run(small(), HOME=str(tmp_path / "home"), TMPDIR=str(tmp_path))
    assert done.returncode == 0
    assert not list(theirs.iterdir())
    assert (tmp_path / "spacectl-0" / "1").is_dir()


@AS_ROOT
@pytest.mark.parametrize(
    ("options", "reason"), [("noexec", "programs may not run there"), ("ro", "Read-only file system")]
)
def test_a_file_system_that_will_not_do(small: Callable[..., Path], tmp_path: Path, options: str, reason: str) -> None:
    mount = f'mount -t tmpfs -o {options} none "$XDG_CACHE_HOME" && exec "$0"'
    (tmp_path / "cache").mkdir()
    env = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "TMPDIR": "/dev/null", "PATH": os.environ["PATH"]}
    done = subprocess.run(["unshare", "--mount", "/bin/sh", "-c", mount, small()], env=env, capture_output=True,
                          text=True, check=False)  # fmt: skip
    assert done.returncode == 6, done.stderr
    assert f"{tmp_path}/cache/spacectl ({reason}), /dev/null/spacectl-0 (Not a directory)" in done.stderr


@AS_ROOT
def test_a_disk_that_is_full(small: Callable[..., Path], tmp_path: Path) -> None:
    program = small(files={"lib/large": noise(1, 3_000_000)})
    shell = (
        'mount -t tmpfs -o size=1m none "$XDG_CACHE_HOME" && "$0"; code=$?; ls "$XDG_CACHE_HOME/spacectl"; exit $code'
    )
    (tmp_path / "cache").mkdir()
    env = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PATH": os.environ["PATH"]}
    done = subprocess.run(["unshare", "--mount", "/bin/sh", "-c", shell, program], env=env, capture_output=True,
                          text=True, check=False)  # fmt: skip
    assert done.returncode == 6
    assert (
        f"error: cannot unpack in {tmp_path}/cache/spacectl: No space left on device\n  hint: make room" in done.stderr
    )
    assert done.stdout.split() == ["1.lock", "unpacking"]  # nothing of it fills the disk any longer


@pytest.mark.parametrize("cut", [1, 60, 5_000])
def test_a_download_that_was_cut_short_is_told(small: Callable[..., Path], tmp_path: Path, cut: int) -> None:
    program = small(files={"lib/noise": noise(1, 100_000)})
    os.truncate(program, program.stat().st_size - cut)
    done = run(program, HOME=str(tmp_path))
    assert (done.returncode, done.stderr) == (6, DAMAGED)


def test_a_byte_that_changed_is_told_and_nothing_runs(small: Callable[..., Path], tmp_path: Path) -> None:
    program = small(files={"lib/noise": noise(1, 100_000)})
    content = bytearray(program.read_bytes())
    content[-50_000] ^= 1
    program.write_bytes(content)
    for _ in range(2):
        done = run(program, HOME=str(tmp_path))
        assert (done.returncode, done.stdout, done.stderr) == (6, "", DAMAGED)


DAMAGED = "error: this file is damaged or incomplete\n  hint: download it again\n"


@pytest.mark.parametrize("harm", ["removed", "shortened", "list lost"])
def test_what_was_taken_from_the_cache_is_noticed_within_a_day(
    small: Callable[..., Path], tmp_path: Path, harm: str
) -> None:
    program, cache = small(files={"lib/some": b"thing"}), tmp_path / ".cache" / "spacectl"
    run(program, HOME=str(tmp_path))
    some = cache / "1" / "lib" / "some"
    match harm:
        case "removed":
            some.unlink()
        case "shortened":
            some.write_bytes(b"thin")
        case _:
            (cache / "1" / "files").write_bytes(b"")
    run(program, HOME=str(tmp_path))
    then = time.time() - DAYS_AGO
    os.utime(cache / "1.lock", (then, then))
    assert run(program, HOME=str(tmp_path)).returncode == 0
    assert some.read_bytes() == b"thing"
    assert names(cache) == ["1", "1.lock", "unpacking"]
    assert (cache / "1.lock").stat().st_mtime > then


def test_a_cache_that_is_whole_is_not_unpacked_again(small: Callable[..., Path], tmp_path: Path) -> None:
    program, cache = small(), tmp_path / ".cache" / "spacectl"
    run(program, HOME=str(tmp_path))
    before = (cache / "1").stat().st_ino
    then = time.time() - DAYS_AGO
    os.utime(cache / "1.lock", (then, then))
    run(program, HOME=str(tmp_path))
    assert (cache / "1").stat().st_ino == before
    assert (cache / "1.lock").stat().st_mtime > then


def test_versions_that_nobody_runs_are_removed_by_a_newer_one(
    small: Callable[..., Path], tmp_path: Path, wait_for: Callable[..., Any]
) -> None:
    cache, env = tmp_path / ".cache" / "spacectl", {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    waits = small("waits", script="#!/bin/sh\nread line\n")
    with subprocess.Popen(waits, env=env, stdin=subprocess.PIPE) as runs:
        wait_for((cache / "waits" / "files").exists, "the first to be unpacked")
        run(small("2"), HOME=str(tmp_path))
        run(small("3"), HOME=str(tmp_path))
        assert names(cache) == ["3", "3.lock", "unpacking", "waits", "waits.lock"]
        runs.communicate(b"\n", timeout=30)
    run(small("4"), HOME=str(tmp_path))
    assert names(cache) == ["4", "4.lock", "unpacking"]


@pytest.mark.timeout(300)
def test_killed_while_it_unpacks_at_twenty_moments_the_next_start_works(binary: Path, caches: Path) -> None:
    started = time.monotonic()
    assert run(binary, "--help", HOME=str(caches / "whole")).returncode == 0
    takes_s = time.monotonic() - started
    moments = random.Random(8)  # noqa: S311
    caught = 0
    for number in range(20):
        home = caches / str(number)
        with subprocess.Popen([binary, "--help"], env={"HOME": str(home)}, stdout=subprocess.DEVNULL) as unpacking:
            try:
                unpacking.wait(timeout=moments.uniform(0, takes_s))
            except subprocess.TimeoutExpired:
                unpacking.kill()
        caught += any(home.glob(".cache/spacectl/*.part"))
        done = run(binary, "config", "--system", str(home), HOME=str(home))
        assert (done.returncode, done.stdout) == (4, ""), done.stderr
        assert "it has no system.toml" in done.stderr
        assert is_whole(home / ".cache" / "spacectl")
        shutil.rmtree(home)
    assert caught > 0


def is_whole(cache: Path) -> bool:
    """Whether nothing but one version is there, with all its files."""
    (lock,) = cache.glob("*.lock")
    root = cache / lock.stem
    count, *lines = (root / "files").read_text(encoding="utf-8").splitlines()
    sizes = {path: int(size) for size, path in (line.split(" ", 1) for line in lines)}
    there = {path: (root / path).stat().st_size for path in sizes}
    return names(cache) == [root.name, lock.name, "unpacking"] and int(count) == len(sizes) and there == sizes
