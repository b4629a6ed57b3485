from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from spacectl.adapters.processes.leftovers import find, signal_all
from spacectl.adapters.processes.table import start_ticks
from spacectl.core.adopting import Found

NAME = "SPACECTL_LEFTOVER_TEST"
IDLE = "import os, signal, sys; print(os.getpid(), flush=True); signal.pause()"


@pytest.fixture
def mark(tmp_path: Path) -> str:
    return str(tmp_path)


@pytest.fixture
def start(mark: str) -> Iterator[object]:
    """Starts an idle process; it has the mark unless told otherwise."""
    started: list[subprocess.Popen[str]] = []

    def one(code: str = IDLE, **env: str) -> int:
        given = {NAME: mark, "SPACE": "orders", "REPLICA": "1"} | env
        process = subprocess.Popen([sys.executable, "-S", "-c", code], env=given, stdout=subprocess.PIPE, text=True,
                                   start_new_session=True)  # fmt: skip
        started.append(process)
        assert process.stdout is not None
        return int(process.stdout.readline())

    yield one
    for process in started:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_every_process_with_the_mark_is_found_with_its_name(start, mark: str) -> None:  # noqa: ANN001
    one, two = start(SPACECTL_RUN="a"), start(SPACE="cart", REPLICA="2", SPACECTL_RUN="b")
    start(**{NAME: "another system"})
    found = {each.pid: each for each in find(NAME, mark, {})}
    assert found.keys() == {one, two}
    assert found[one] == Found(one, start_ticks(one) or 0, "orders.1", "a", leads=True)
    assert (found[two].name, found[two].mark) == ("cart.2", "b")


def test_what_cleared_its_environment_is_found_by_its_session(start, mark: str) -> None:  # noqa: ANN001
    child = start(f"import subprocess, sys\nsubprocess.run([sys.executable, '-S', '-c', {IDLE!r}], env={{}})")
    found = find(NAME, mark, {})
    assert [each.name for each in found] == ["orders.1", "orders.1"]
    assert child in {each.pid for each in found if not each.leads}


def test_what_is_on_record_is_found_without_its_mark(start, mark: str) -> None:  # noqa: ANN001
    pid = start(**{NAME: "cleared"})
    ticks = start_ticks(pid) or 0
    assert find(NAME, mark, {(pid, ticks): ("orders.1", "a")}) == [Found(pid, ticks, "orders.1", "a", leads=True)]
    assert find(NAME, mark, {(pid, ticks + 1): ("orders.1", "a")}) == []  # another process had this pid


def test_who_asks_is_spared_and_so_are_its_parents(mark: str) -> None:
    """`spacectl down` may be typed inside a space."""
    code = f"from spacectl.adapters.processes.leftovers import find; print(len(find({NAME!r}, {mark!r}, {{}})))"
    command = f'"{sys.executable}" -c "$CODE"; true'
    env = dict(os.environ) | {NAME: mark, "CODE": code}
    done = subprocess.run(["/bin/sh", "-c", command], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"


def test_what_has_ended_is_not_found_and_signalling_it_is_no_error(start, mark: str) -> None:  # noqa: ANN001
    pid = start()
    signal_all([pid], signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # it is a zombie now
    assert find(NAME, mark, {}) == []
    signal_all([pid, 2**22 - 1], signal.SIGTERM)
