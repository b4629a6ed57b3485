"""The template of a Python space, and the spaces of the shop that are made of it, rendered and put to work."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import copier
import pytest

from spacectl.model.manifest import SpaceManifest

TEMPLATES = Path(__file__).parents[2] / "templates"
PYTHON = TEMPLATES / "spaces/python"
SHOP = TEMPLATES / "systems/ecommerce"
SHOP_SPACES = ("catalog", "cart", "orders", "payments")
TOOLS = Path(sys.executable).parent

Answers = dict[str, Any]


@dataclass(frozen=True)
class Rendered:
    """A rendered space: its folder and the name of its package."""

    folder: Path
    package: str


PLAIN: Answers = {"space": "ledger"}
FULL: Answers = {
    "space": "order-history",
    "summary": 'Keeps "all" that happened & <more>',
    "publishes": ["order-history.recorded"],
    "subscribes": ["orders.placed", "orders.confirmed", "payments.captured"],
    "calls": ["catalog"],
}
OWN: Answers = {
    "space": "echo",
    "summary": "Ends with a \\ and a 'quote'",
    "publishes": ["echo.said", "echo.was-heard", "echo.was_felt"],
    "subscribes": ["echo.said", "x.y.z"],
    "calls": ["catalog", "order-history"],
}


def render(answers: Answers, into: Path) -> Rendered:
    copier.run_copy(str(PYTHON), str(into), data=answers, defaults=True, quiet=True, overwrite=True)
    return Rendered(into, answers["space"].replace("-", "_"))


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has what the spaces and their tests are locked to."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    uv = [str(TOOLS / "uv")]
    subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, str(folder)], check=True)
    locked = str(PYTHON / "requirements-dev.lock")
    interpreter = folder / "bin/python"
    sync = ["pip", "sync", "--quiet", "--require-hashes", "--compile-bytecode", "--python", str(interpreter)]
    subprocess.run([*uv, *sync, locked], check=True)
    return interpreter


@pytest.fixture(scope="session")
def run(python: Path) -> Callable[..., str]:
    """Runs a module in the folder of a space; its output when it succeeds."""
    hidden = ("PYTEST_", "OTEL_", "COV_", "NATS_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}

    def run(space: Rendered, *arguments: str) -> str:
        done = subprocess.run(
            [str(python), "-m", *arguments],
            cwd=space.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The spaces of the shop: each from the template of its language, with the shop's own files over it."""
    root = tmp_path_factory.mktemp("shop")
    planned = tomllib.loads((SHOP / "template.toml").read_text(encoding="utf-8"))["spaces"]
    for answers in planned:
        if answers["name"] in SHOP_SPACES:
            data = {"space": answers["name"], **answers}
            render(data, root / "spaces" / answers["name"])
    copier.run_copy(str(SHOP), str(root), data={"system": "shop"}, defaults=True, quiet=True, overwrite=True)
    return root / "spaces"


@pytest.fixture(params=[PLAIN, FULL, OWN], ids=["plain", "full", "own"])
def space(request: pytest.FixtureRequest, tmp_path: Path) -> Rendered:
    return render(request.param, tmp_path / request.param["space"])


def files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def assert_sound(space: Rendered) -> None:
    for name, text in files(space.folder).items():
        assert "{%" not in text, name
        assert not name.endswith((".jinja", "copier.yml", "template.toml"))
        assert "://" not in text or not name.endswith(".lock"), f"{name} names a host"
        if name.endswith(".py"):
            ast.parse(text, name)
    manifest = tomllib.loads((space.folder / "space.toml").read_text(encoding="utf-8"))
    SpaceManifest.model_validate_json(json.dumps(manifest))
    project = tomllib.loads((space.folder / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["name"] == manifest["space"]["name"]
    ruff = subprocess.run(
        [str(TOOLS / "ruff"), "check", "--no-cache", "."], cwd=space.folder, capture_output=True, text=True, check=False
    )
    assert ruff.returncode == 0, ruff.stdout


def assert_contract_is_what_the_command_writes(space: Rendered, run: Callable[..., str]) -> None:
    contract = space.folder / "contract"
    committed = files(contract)
    assert set(committed) - {"calls/catalog.json"} == {
        "openapi.json",
        "asyncapi.json",
    }  # what others offer is no output
    run(space, f"{space.package}.contract")
    assert files(contract) == committed


def test_a_rendered_space_is_sound(space: Rendered) -> None:
    assert_sound(space)


def test_the_answers_reach_the_manifest(tmp_path: Path) -> None:
    text = (render(FULL, tmp_path).folder / "space.toml").read_text(encoding="utf-8")
    manifest = SpaceManifest.model_validate_json(json.dumps(tomllib.loads(text)))
    assert manifest.space.summary == FULL["summary"]
    assert list(manifest.events.publishes) == FULL["publishes"]
    assert list(manifest.events.subscribes) == FULL["subscribes"]
    assert list(manifest.api.calls) == FULL["calls"]


def test_the_rendered_contract_is_what_the_command_writes(space: Rendered, run: Callable[..., str]) -> None:
    assert_contract_is_what_the_command_writes(space, run)


def test_a_build_leaves_the_environment_that_is_active_alone(tmp_path: Path) -> None:
    space, active = render(PLAIN, tmp_path / "ledger"), tmp_path / "active"
    subprocess.run([str(TOOLS / "uv"), "venv", "--quiet", "--seed", str(active)], check=True)
    before = {path for path in active.rglob("*") if "__pycache__" not in path.parts}
    command = tomllib.loads((space.folder / "space.toml").read_text(encoding="utf-8"))["build"]["command"]
    path = f"{active / 'bin'}{os.pathsep}{TOOLS}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "VIRTUAL_ENV": str(active), "PATH": path}
    subprocess.run(["/bin/sh", "-c", command], cwd=space.folder, env=environment, check=True)
    assert (space.folder / ".venv/bin/uvicorn").is_file()
    assert {path for path in active.rglob("*") if "__pycache__" not in path.parts} == before


def test_the_tests_of_a_rendered_space_pass(space: Rendered, run: Callable[..., str]) -> None:
    output = run(space, "pytest", "-q", "-p", "no:cacheprovider", "--ignore=tests/kit")
    assert " passed" in output


def test_the_tests_of_the_kit_pass(tmp_path: Path, run: Callable[..., str]) -> None:
    output = run(render(FULL, tmp_path), "pytest", "-q", "-p", "no:cacheprovider", "tests/kit")
    assert " passed" in output


@pytest.mark.parametrize("name", SHOP_SPACES)
def test_a_space_of_the_shop_is_sound_and_its_tests_pass(name: str, shop: Path, run: Callable[..., str]) -> None:
    space = Rendered(shop / name, name)
    assert_sound(space)
    assert_contract_is_what_the_command_writes(space, run)
    output = run(space, "pytest", "-q", "-p", "no:cacheprovider", "--ignore=tests/kit")
    assert " passed" in output


@pytest.mark.parametrize("name", SHOP_SPACES)
def test_a_space_of_the_shop_is_formatted(name: str, shop: Path) -> None:
    ruff = [str(TOOLS / "ruff"), "format", "--no-cache", "--diff", "."]
    formatted = subprocess.run(ruff, cwd=shop / name, capture_output=True, text=True, check=False)
    assert formatted.returncode == 0, formatted.stdout


def test_the_messaging_kit_stands_once() -> None:
    folders = sorted({path.parent for path in TEMPLATES.rglob("outbox.py*")})
    assert folders == [PYTHON / "{{ package }}/kit"]


def test_the_locks_hold_what_the_project_asks_for(tmp_path: Path) -> None:
    project = tomllib.loads((render(PLAIN, tmp_path).folder / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = {_name(line) for line in project["project"]["dependencies"]}
    development = {_name(line) for line in project["dependency-groups"]["dev"]}
    assert wanted <= _locked(PYTHON / "requirements.lock")
    assert wanted | development <= _locked(PYTHON / "requirements-dev.lock")


def _name(requirement: str) -> str:
    return requirement.partition(">")[0].partition("[")[0].lower()


def _locked(lock: Path) -> set[str]:
    lines = lock.read_text(encoding="utf-8").splitlines()
    return {line.partition("==")[0].partition("[")[0] for line in lines if "==" in line}
