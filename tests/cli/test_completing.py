"""What a real shell offers at TAB."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SPACES = {
    "orders": 'name = "orders"\n[events]\npublishes = ["orders.placed", "orders.cancelled"]\n',
    "order-history": 'name = "order-history"\n',
    "payments": 'name = "payments"\n',
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "system.toml").write_text('[system]\nname = "shop"\nspaces = ["spaces/*"]\n')
    for name, text in SPACES.items():
        folder = tmp_path / "spaces" / name
        folder.mkdir(parents=True)
        (folder / "space.toml").write_text(f"[space]\n{text}")
    return tmp_path


def offered(line: str, folder: Path) -> list[str]:
    """What bash offers after this line, by the script that it is given; nothing else may be printed."""
    if shutil.which("bash") is None:
        pytest.skip("no bash")
    bin_ = folder / "bin"
    bin_.mkdir(exist_ok=True)
    program = bin_ / "spacectl"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m spacectl "$@"\n')
    program.chmod(0o755)
    script = (
        'source <(spacectl --show-completion bash)\nCOMP_WORDS=($1)\n[ "${1% }" = "$1" ] || COMP_WORDS+=("")\n'
        "COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_spacectl_completion spacectl\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    env = os.environ | {"PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}"}
    words = ["bash", "--norc", "-c", script, "bash", line]
    done = subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("spacectl resta", ["restart"]),
        ("spacectl restart ", ["order-history", "orders", "payments"]),
        ("spacectl up order", ["order-history", "orders"]),
        ("spacectl scale pay", ["payments="]),
        ("spacectl logs pay", ["payments", "payments.build"]),
        ("spacectl send orders.", ["orders.cancelled", "orders.placed"]),
        ("spacectl tap orders.p", ["orders.placed"]),
        ("spacectl new x -t e", ["ecommerce"]),
        ("spacectl call order", ["order-history", "orders"]),
    ],
)
def test_what_there_is_is_offered(shop: Path, line: str, words: list[str]) -> None:
    assert offered(line, shop) == words


@pytest.mark.parametrize(
    "text",
    [
        "no toml",
        "space = 1",
        "[other]",
        "events = 1\n[space]\nname = 'a'",
        "[space]\nname = 'a'\n[events]\npublishes = 5",
    ],
)
def test_what_is_wrong_offers_nothing(shop: Path, text: str) -> None:
    (shop / "spaces" / "orders" / "space.toml").write_text(text)
    assert offered("spacectl tap ", shop) == []


def test_outside_a_system_nothing_is_offered(tmp_path: Path) -> None:
    assert offered("spacectl restart ", tmp_path) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_there_is_a_script_for_each_shell(shell: str) -> None:
    words = [sys.executable, "-m", "spacectl", "--show-completion", shell]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert "_SPACECTL_COMPLETE" in told
