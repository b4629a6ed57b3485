"""The single binary on a usual machine: what is in it, and that it behaves as the installed command does."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]

PROJECT = Path(__file__).resolve().parents[3]
MOST_BYTES = 120 * 10**6
UV = Path(sys.executable).with_name("uv")
ECOMMERCE = ("cart", "catalog", "orders", "payments", "shopper")


@pytest.fixture
def env(caches: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """An environment with a cache of its own, and without the programs that came with the project."""
    path = os.pathsep.join(part for part in environment["PATH"].split(os.pathsep) if not Path(part, "uv").exists())
    return {**environment, "XDG_CACHE_HOME": str(caches), "PATH": path}


def run(words: list[Any], env: Mapping[str, str], cwd: Path | None = None, *, within_s: float = 120) -> str:
    done = subprocess.run(words, env=env, cwd=cwd, capture_output=True, text=True, timeout=within_s, check=False)
    assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def unpacked(caches: Path) -> Path:
    (lock,) = (caches / "spacectl").glob("*.lock")
    return lock.with_suffix("")


def test_it_is_small_enough(binary: Path) -> None:
    assert binary.stat().st_size < MOST_BYTES


def test_it_is_named_after_version_and_machine(binary: Path, env: dict[str, str]) -> None:
    version = json.loads(run([binary, "version", "--json"], env))["spacectl"]
    assert binary.name == f"spacectl-{version}-{sys.platform}-{os.uname().machine}"


def test_two_builds_are_equal(binary: Path, built_again: Path) -> None:
    assert built_again.read_bytes() == binary.read_bytes()


def test_it_says_what_the_installed_command_says(binary: Path, env: dict[str, str]) -> None:
    for words in (["--help"], ["up", "--help"], ["new", "--list"], ["version"], ["schema", "space"]):
        assert run([binary, *words], env) == run([sys.executable, "-m", "spacectl", *words], env)


def test_it_completes_in_a_shell(binary: Path, env: dict[str, str], tmp_path: Path) -> None:
    """By the script that it gives itself, under the name that it is put in PATH by."""
    folder = tmp_path / "spaces" / "orders"
    folder.mkdir(parents=True)
    (tmp_path / "system.toml").write_text('[system]\nname = "shop"\n', encoding="utf-8")
    (folder / "space.toml").write_text('[space]\nname = "orders"\n', encoding="utf-8")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "spacectl").symlink_to(binary)
    script = (
        'source <(spacectl --show-completion bash)\nCOMP_WORDS=("$@")\nCOMP_CWORD=$(($# - 1))\n'
        '_spacectl_completion spacectl\nprintf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    found = env | {"PATH": f"{tmp_path / 'bin'}{os.pathsep}{env['PATH']}"}
    for words, offered in ((["resta"], "restart"), (["up", "or"], "orders"), (["new", "x", "-t", "e"], "ecommerce")):
        typed = ["bash", "--norc", "-c", script, "bash", "spacectl", *words]
        assert run(typed, found, tmp_path) == f"{offered}\n"


def test_nothing_but_what_the_lock_names_is_in_it(binary: Path, env: dict[str, str], caches: Path) -> None:
    run([binary, "--help"], env)
    python = unpacked(caches) / "bin" / "spacectl-python"
    script = "import importlib.metadata as m; print(*sorted({each.name for each in m.distributions()}))"
    inside = {plain(name) for name in run([python, "-c", script], env).split()}
    lock = (PROJECT / "requirements.lock").read_text(encoding="utf-8")
    locked = {plain(name) for name in re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)}
    assert inside - locked == {"spacectl"}
    assert not {"pip", "pytest-xdist"} & inside
    assert not [*unpacked(caches).rglob("spacectl-*.data")]  # what the wheel has for other folders
    libraries = " ".join(path.name for path in (unpacked(caches) / "lib").iterdir())
    assert not re.findall(r"lib(?:readline|gdbm|db-|nsl|crypt\.)\S*", libraries)


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_module_is_there_and_compiled(binary: Path, env: dict[str, str], caches: Path) -> None:
    run([binary, "--help"], env)
    python = unpacked(caches) / "bin" / "spacectl-python"
    run([python, "-c", "import sqlite3, ssl, zoneinfo, unittest.mock, xml.dom.minidom, multiprocessing.pool"], env)
    before = sorted(unpacked(caches).rglob("*.pyc"))
    run([python, "-c", "import textual.app, copier, uvicorn, starlette.routing, nats, tree_sitter_toml"], env)
    assert sorted(unpacked(caches).rglob("*.pyc")) == before


def test_what_is_meant_for_another_python_is_not_heeded(binary: Path, env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("raise SystemExit('not this one')\n")
    misleading = {"PYTHONPATH": str(tmp_path), "PYTHONHOME": str(tmp_path), "LD_LIBRARY_PATH": str(tmp_path)}
    assert run([binary, "new", "--list"], env | misleading, tmp_path) == run([binary, "new", "--list"], env)


@pytest.fixture
def calm(binary: Path, env: dict[str, str], adopt_system: Callable[..., Any], tmp_path: Path) -> Any:
    """A system without a space, made and run by the binary."""
    run([binary, "new", "calm"], env, tmp_path)
    system = adopt_system(tmp_path / "calm", **env)
    system.program = (str(binary),)
    return system


def test_the_version_of_a_supervisor_stays_until_it_ends(
    calm: Any, small: Callable[..., Path], env: dict[str, str], caches: Path
) -> None:
    calm.up()
    mine = unpacked(caches)
    run([small("newer")], env)
    assert (mine / "files").exists()
    assert calm.run("down").code == 0
    run([small("newest")], env)
    assert not mine.exists()
    assert unpacked(caches).name == "newest"


def test_the_shop_where_there_is_python_but_no_uv(
    binary: Path, env: dict[str, str], adopt_system: Callable[..., Any], tmp_path: Path
) -> None:
    cached = env | {"UV_CACHE_DIR": run([UV, "cache", "dir"], env).strip(), "PYTHONDONTWRITEBYTECODE": "1"}
    assert subprocess.run(["/bin/sh", "-c", "command -v uv"], env=cached, check=False).returncode != 0
    run(["python3", "--version"], cached)
    run([binary, "new", "shop", "-t", "ecommerce"], cached, tmp_path)
    shop = adopt_system(tmp_path / "shop", **cached)
    shop.program = (str(binary),)
    shop.up("--timeout", "240s", within_s=250)
    assert {space["name"] for space in shop.ps()["spaces"]} == set(ECOMMERCE)
    assert shop.run("call", "catalog", "GET", "/products?limit=1").code == 0
    assert json.loads(shop.run("flow", "--json").out)["edges"]
    assert "shop  ● ready" in shop.run("top", "--once").out
    checked = shop.run("check", "--running", within_s=200)
    assert checked.code == 0, checked.err
    assert shop.run("down").code == 0
    assert not shop.here()
