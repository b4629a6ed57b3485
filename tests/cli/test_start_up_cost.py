"""What a command that is typed often must not import, for it would pay for it each time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PS = "spacectl.cli.app, spacectl.cli.ps, spacectl.adapters.control.client, spacectl.adapters.folders, spacectl.view.ps"
HEAVY = {
    "spacectl.model.manifest",
    *(
        "asyncio",
        "copier",
        "httpx",
        "nats",
        "psutil",
        "starlette",
        "textual",
        "tomlkit",
        "tree_sitter",
        "uvicorn",
        "watchfiles",
    ),
}


def imported(names: str) -> set[str]:
    """The modules that are there after importing these."""
    program = f"import json, sys, {names}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_the_command_line_as_such_imports_neither_drawing_nor_manifests() -> None:
    assert imported("spacectl.cli.app") & {*HEAVY, "rich.console"} == set()


def test_ps_imports_no_manifests_and_no_engines() -> None:
    assert imported(PS) & HEAVY == set()


@pytest.mark.parametrize("line", ["resta", "restart ", "tap ", "add x --calls ", "letters show "])
def test_what_a_shell_is_offered_needs_no_checked_manifests_and_no_engines(tmp_path: Path, line: str) -> None:
    folder = tmp_path / "spaces" / "orders"
    folder.mkdir(parents=True)
    (tmp_path / "system.toml").write_text('[system]\nname = "shop"\n')
    (folder / "space.toml").write_text('[space]\nname = "orders"\n[events]\npublishes = ["orders.placed"]\n')
    asked = {"_SPACECTL_COMPLETE": "complete_bash", "COMP_WORDS": f"spacectl {line}", "COMP_CWORD": "9"}
    program = (
        "import json, sys\nfrom spacectl.cli.app import main\n"
        "try: main()\nexcept SystemExit: print(json.dumps(sorted(sys.modules)))"
    )
    words = [sys.executable, "-c", program]
    done = subprocess.run(words, cwd=tmp_path, env=os.environ | asked, capture_output=True, text=True, check=True)
    heavy = HEAVY - {"asyncio"} if line.startswith("letters") else HEAVY
    assert set(json.loads(done.stdout.splitlines()[-1])) & {*heavy, "rich.console"} == set()
