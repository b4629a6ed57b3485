"""What a command that is typed often must not import, for it would pay for it each time."""

from __future__ import annotations

import json
import subprocess
import sys

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
