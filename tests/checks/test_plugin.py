"""What the plugin costs where there is no system."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HEAVY = ("httpx", "nats", "pydantic", "spacectl.checks.fixtures", "spacectl.adapters")


def loaded(folder: Path, **env: str) -> set[str]:
    """Which of the heavy modules a session of pytest in a folder has imported, when its one test runs."""
    test = f"import sys\ndef test(): print('loaded', *[name for name in {HEAVY!r} if name in sys.modules])\n"
    (folder / "test_loaded.py").write_text(test)
    given = {key: value for key, value in os.environ.items() if not key.startswith(("SPACECTL_", "PYTEST_"))}
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "-p", "no:hypothesispytest"]
    done = subprocess.run(command, cwd=folder, env=given | env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    line = next(line for line in done.stdout.splitlines() if line.startswith("loaded"))
    return set(line.split()[1:])


def test_it_imports_nothing_where_there_is_no_system(tmp_path: Path) -> None:
    assert loaded(tmp_path) == set()


def test_its_fixtures_are_there_where_a_system_is_above_or_named(tmp_path: Path) -> None:
    checks, elsewhere = tmp_path / "shop" / "checks", tmp_path / "elsewhere"
    for folder in (checks, elsewhere):
        folder.mkdir(parents=True)
    (tmp_path / "shop" / "system.toml").touch()
    assert "spacectl.checks.fixtures" in loaded(checks)
    assert "spacectl.checks.fixtures" in loaded(elsewhere, SPACECTL_SYSTEM=str(tmp_path / "shop"))
