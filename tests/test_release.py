"""The release workflow: what it may do, and that what it calls exists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
JOBS: dict[str, Any] = yaml.safe_load(TEXT)["jobs"]


def test_no_job_may_more_than_it_needs() -> None:
    assert yaml.safe_load(TEXT)["permissions"] == {}
    building = [job["permissions"] for name, job in JOBS.items() if name != "publish"]
    assert building == [{"contents": "read"}] * len(building)
    assert JOBS["publish"]["permissions"] == {"contents": "write", "id-token": "write", "attestations": "write"}
    assert "startsWith(github.ref, 'refs/tags/v')" in JOBS["publish"]["if"]


def test_binaries_are_built_for_linux_on_both_processors_and_for_macos() -> None:
    assert JOBS["binary"]["strategy"]["matrix"]["runner"] == ["ubuntu-22.04", "ubuntu-22.04-arm", "macos-15"]


def test_everything_is_attested_before_it_is_released() -> None:
    assert set(JOBS["publish"]["needs"]) == JOBS.keys() - {"publish"}
    steps = [step.get("uses", step.get("run", "")) for step in JOBS["publish"]["steps"]]
    attested = next(number for number, step in enumerate(steps) if step.startswith("actions/attest-build-provenance@"))
    released = next(number for number, step in enumerate(steps) if step.startswith("gh release create"))
    assert attested < released


@pytest.mark.parametrize("used", sorted(set(re.findall(r"uses: (\S+)", TEXT))))
def test_only_actions_of_the_host_itself_are_used_in_a_fixed_version(used: str) -> None:
    assert re.fullmatch(r"actions/[a-z-]+@v\d+", used)


def test_the_targets_of_make_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"\bmake ([a-z]+)", TEXT))
    assert targets == {"binary", "wheel"}
    assert targets <= set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
