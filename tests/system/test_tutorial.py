"""The tutorial, done by a shell: each of its commands succeeds, one after the other, in an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]
TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial.md"


def test_every_command_of_the_tutorial_works(
    adopt_system: Callable[..., Any], environment: Mapping[str, str], tmp_path: Path
) -> None:
    folder = Path(sys.executable).parent
    cache = subprocess.run([folder / "uv", "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()
    path = f"{folder}{os.pathsep}{environment['PATH']}"
    lab = adopt_system(tmp_path / "lab", **environment)  # whatever becomes of it, it is taken down
    blocks = re.findall(r"^```sh\n(.*?)^```", TUTORIAL.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 7
    done = subprocess.run(
        ["bash", "-ex"], input="".join(blocks), text=True, cwd=tmp_path, capture_output=True, check=False, timeout=380,
        env={**environment, "PATH": path, "UV_CACHE_DIR": cache, "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert '{"name":"Ada"}' in done.stdout
    assert "kept greeter.greeted" in done.stdout
    assert "passed, 0 failed" in done.stdout
    assert not lab.state.exists()
