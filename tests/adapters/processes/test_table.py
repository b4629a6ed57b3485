import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from spacectl.adapters.processes import table


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    env = {"LONG": "x" * 20_000, "MARK": "mine", "REMARK": "other", "LAST": "z" * 8192}
    with subprocess.Popen(["/bin/sleep", "300"], env=env, start_new_session=True) as process:
        yield process
        process.kill()


def test_a_look_sees_parents_and_sessions(sleeper: subprocess.Popen[bytes]) -> None:
    row = table.look()[sleeper.pid]
    assert row.parent == os.getpid()
    assert row.session == sleeper.pid
    assert row.start_ticks == table.start_ticks(sleeper.pid)
    assert table.look()[os.getpid()].memory_bytes > 1_000_000


def test_a_name_with_brackets_and_blanks_confuses_nothing() -> None:
    rename = "open('/proc/self/comm', 'w').write(') R 1 (x'); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", rename], stdin=-1, stdout=-1) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert table.look()[process.pid].parent == os.getpid()
        process.kill()


def test_zombies_do_not_live() -> None:
    with subprocess.Popen(["/bin/true"], stdout=-1) as process:
        assert process.stdout is not None
        process.stdout.read()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert process.pid not in table.look()
        assert table.start_ticks(process.pid) is not None
    assert table.start_ticks(process.pid) is None


def test_a_variable_is_found_by_its_whole_name(sleeper: subprocess.Popen[bytes]) -> None:
    assert table.variable(sleeper.pid, b"MARK") == b"mine"
    assert table.variable(sleeper.pid, b"REMARK") == b"other"
    assert table.variable(sleeper.pid, b"LONG") == b"x" * 20_000
    assert table.variable(sleeper.pid, b"LAST") == b"z" * 8192
    assert table.variable(sleeper.pid, b"ARK") is None
    assert table.variable(2**22 + 1, b"MARK") is None


def test_a_process_that_executes_another_is_not_overlooked(tmp_path: Path) -> None:
    (tmp_path / "again").write_text("exec /bin/sh again\n")
    with subprocess.Popen(["/bin/sh", "again"], cwd=tmp_path, env={"MARK": "mine"}) as process:
        try:
            assert {table.variable(process.pid, b"MARK") for _ in range(2000)} == {b"mine"}
        finally:
            process.kill()


def test_descendants_are_all_below(sleeper: subprocess.Popen[bytes]) -> None:
    children = table.families(table.look())
    assert sleeper.pid in table.descendants(children, [os.getppid()])
    assert table.descendants(children, [sleeper.pid]) == set()
    assert os.getpid() not in table.descendants(children, [os.getpid()])


def test_the_kernel_tells_the_own_children_until_they_are_waited_for() -> None:
    before = table.own_children()
    process = subprocess.Popen(["true"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert before is not None
    assert table.own_children() == before | {process.pid}
    process.wait()
    assert table.own_children() == before
