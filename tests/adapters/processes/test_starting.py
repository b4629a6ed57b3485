from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from spacectl.adapters.processes.children import Processes
from spacectl.model.launch import Launch, SpawnError

pytestmark = pytest.mark.anyio
Make = Callable[..., Launch]


def program(path: Path, text: bytes, mode: int = 0o755) -> None:
    path.write_bytes(text)
    path.chmod(mode)


@pytest.mark.parametrize(
    ("argv", "reason"),
    [
        (("no-such-program",), "command not found: 'no-such-program'"),
        (("./missing",), "command not found: './missing'"),
        (("./plain",), "cannot run './plain': it is not executable"),
        (("./folder",), "cannot run './folder': it is a folder"),
        (
            ("./orphan", "x"),
            "cannot run './orphan': the interpreter its first line names, /no/python, was not found",
        ),
        (("orphan",), "cannot run 'orphan': the interpreter its first line names, /no/python, was not found"),
        (("./noise",), "cannot run './noise': it is not a program this machine can execute"),
        (("sh", "nul\0byte"), "cannot run 'sh': embedded null byte"),
        (("sh", "x" * 200_000), "cannot run 'sh': Argument list too long"),
        (("plain/sh",), "cannot run 'plain/sh': Not a directory"),
    ],
)
async def test_why_it_cannot_be_started(
    processes: Processes, launch: Make, tmp_path: Path, argv: tuple[str, ...], reason: str
) -> None:
    program(tmp_path / "plain", b"#!/bin/sh\n", mode=0o644)
    (tmp_path / "folder").mkdir()
    program(tmp_path / "orphan", b"#!/no/python -u\n")
    program(tmp_path / "noise", b"\x00\x01\x02")
    with pytest.raises(SpawnError) as raised:
        processes.spawn(launch(argv=argv, env={"PATH": f"/bin:/usr/bin:{tmp_path}"}))
    assert raised.value.reason == reason
    assert raised.value.final
    assert processes._children == {}


async def test_a_folder_that_is_gone(processes: Processes, launch: Make, tmp_path: Path) -> None:
    with pytest.raises(SpawnError, match=r"its folder .*/away is gone") as raised:
        processes.spawn(replace(launch("true"), folder=tmp_path / "away"))
    assert raised.value.final


async def test_a_variable_that_cannot_be_one(processes: Processes, launch: Make) -> None:
    with pytest.raises(SpawnError, match="cannot run '/bin/sh': illegal environment variable name"):
        processes.spawn(launch("true", env={"A=B": "c"}))
    with pytest.raises(SpawnError, match="embedded null byte"):
        processes.spawn(launch("true", env={"A": "nul\0"}))


async def test_a_log_that_cannot_be_written_may_be_tried_again(
    processes: Processes, launch: Make, tmp_path: Path
) -> None:
    with pytest.raises(SpawnError, match=r"cannot write .*/away/log: No such file or directory") as raised:
        processes.spawn(launch("true", log="away/log"))
    assert not raised.value.final
    (tmp_path / "folder").mkdir()
    with pytest.raises(SpawnError, match="Is a directory"):
        processes.spawn(launch("true", log="folder"))


async def test_the_program_is_found_on_the_path_it_is_given(processes: Processes, launch: Make, tmp_path: Path) -> None:
    program(tmp_path / "greet", b"#!/bin/sh\necho hello\n")
    assert (await processes.run(launch(argv=("greet",), env={"PATH": str(tmp_path)}))).success
    assert (tmp_path / "log").read_text() == "hello\n"
