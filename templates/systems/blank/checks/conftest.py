"""What the checks know of the running system: what `spacectl ps --json` says about it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def system() -> dict[str, Any]:
    """The running system: its `name`, `state` and `spaces`, each with its state, replicas and URL."""
    program = shutil.which("spacectl")
    command = [program] if program else [sys.executable, "-m", "spacectl"]
    folder = os.environ.get("SPACECTL_SYSTEM", str(Path(__file__).parent.parent))
    ps = subprocess.run([*command, "ps", "--json"], cwd=folder, capture_output=True, text=True, timeout=30, check=False)
    if ps.returncode != 0:
        pytest.fail(f"`spacectl ps`: is the system up?\n{ps.stderr.strip()}", pytrace=False)
    return json.loads(ps.stdout)
