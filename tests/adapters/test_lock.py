import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from spacectl.adapters.lock import holder, is_locked, sign, try_lock
from spacectl.errors import MachineError


def in_a_fork(holding: Callable[[], object]) -> int:
    """The pid of a child that has done something and lives until it is killed."""
    ready, done = os.pipe()
    pid = os.fork()
    if pid == 0:
        holding()
        os.write(done, b"!")
        signal.pause()
    os.close(done)
    assert os.read(ready, 1) == b"!"
    os.close(ready)
    return pid


def end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_only_one_has_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_locked(path)
    first = try_lock(path)
    assert first is not None
    assert try_lock(path) is None
    assert is_locked(path)
    assert path.stat().st_mode & 0o777 == 0o600
    os.close(first)
    assert not is_locked(path)
    second = try_lock(path)
    assert second is not None
    os.close(second)


def test_it_is_held_over_a_fork_and_let_go_by_death(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    descriptor = try_lock(path)
    assert descriptor is not None
    child = in_a_fork(lambda: None)
    os.close(descriptor)
    assert is_locked(path)
    assert try_lock(path) is None
    end(child)
    assert not is_locked(path)


def test_asking_takes_it_from_nobody(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    asking = in_a_fork(lambda: [is_locked(path) for _ in range(100)])
    descriptor = try_lock(path)
    assert descriptor is not None
    os.close(descriptor)
    end(asking)


def test_the_holder_signs(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert holder(path) is None
    descriptor = try_lock(path)
    assert descriptor is not None
    assert holder(path) is None
    sign(descriptor, 123456)
    sign(descriptor, 77)
    assert holder(path) == 77
    os.close(descriptor)
    assert holder(path) is None


def test_a_lock_that_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match=r"cannot write .*/away/lock: No such file or directory"):
        try_lock(tmp_path / "away" / "lock")
    assert not is_locked(tmp_path / "away" / "lock")
