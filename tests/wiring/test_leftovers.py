"""What is looked for that a killed supervisor may have left."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

LOOK = """
import sys
from pathlib import Path
from spacectl.adapters.containers import presence
from spacectl.model.layout import Layout
from spacectl.wiring import leftovers
presence.SOCKET = Path(sys.argv[1], "no.sock")
assert leftovers.find(Layout(Path(sys.argv[1]))) == []
print("docker" in sys.modules)
"""


def look(folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Look for what is left in a folder, where no engine is in its usual place."""
    env = {name: value for name, value in os.environ.items() if name != "DOCKER_HOST"} | more
    return subprocess.run([sys.executable, "-c", LOOK, folder], env=env, capture_output=True, text=True, check=False)


def test_without_an_engine_the_first_look_does_without_its_library(tmp_path: Path) -> None:
    done = look(tmp_path)
    assert done.stdout == "False\n", done.stderr


def test_where_containers_ran_an_engine_must_answer(tmp_path: Path) -> None:
    (tmp_path / ".spacectl" / "run" / "containers").mkdir(parents=True)
    done = look(tmp_path, DOCKER_HOST=f"unix://{tmp_path}/no.sock")
    assert "containers of this system may be there" in done.stderr
