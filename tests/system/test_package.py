"""Wheel and sdist: what is in them, and that they are installed by the tools that people install commands with."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from spacectl.adapters.envoy.program import find_envoy
from spacectl.adapters.nats_server import find_nats_server

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

PROJECT = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")
PIPX = Path(sys.executable).with_name("pipx")
LEFT_OUT = re.compile(r"(^|/)(__pycache__|\.venv|\.spacectl|\.[a-z]+_cache)(/|$)|\.pyc$")


def run(words: list[Any], env: Mapping[str, str], cwd: Path | None = None) -> str:
    done = subprocess.run(words, env=env, cwd=cwd, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def cached(environment: Mapping[str, str]) -> dict[str, str]:
    """The test's environment, with the caches of package tools shared, so that nothing is fetched twice."""
    uv = run([UV, "cache", "dir"], os.environ).strip()
    pip = run([sys.executable, "-m", "pip", "cache", "dir"], os.environ).strip()
    return {**environment, "UV_CACHE_DIR": uv, "PIP_CACHE_DIR": pip}


def built(kind: str, source: Path, into: Path, env: Mapping[str, str]) -> Path:
    words = ["build", kind, "--quiet", "--no-build-isolation", "--python", sys.executable, "--out-dir", into, source]
    run([UV, *words], env)
    (made,) = [path for path in into.iterdir() if path.suffix in {".whl", ".gz"}]
    return made


@pytest.fixture
def wheel(tmp_path: Path, cached: Mapping[str, str]) -> Path:
    return built("--wheel", PROJECT, tmp_path / "wheel", cached)


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def files(folder: Path) -> set[str]:
    """The files below a folder of the project that are part of it, relative to the folder."""
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {name for name in found if not LEFT_OUT.search(name)}


def test_the_wheel_is_whole(wheel: Path) -> None:
    inside = contents(wheel)
    wanted = {f"spacectl/{name}" for name in files(PROJECT / "spacectl")}
    wanted |= {f"spacectl/_templates/{name}" for name in files(PROJECT / "templates")}
    (about,) = [name.partition("/")[0] for name in inside if name.endswith("/METADATA")]
    share = f"{about.removesuffix('.dist-info')}.data/data/share/man/man1"
    wanted |= {f"{share}/{name}" for name in files(PROJECT / "docs" / "man")}
    told = {name for name in inside if ".dist-info/" not in name}
    assert told == wanted
    assert inside[f"{about}/licenses/LICENSE"] == (PROJECT / "LICENSE").read_bytes()
    assert b"spacectl = spacectl.__main__:main" in inside[f"{about}/entry_points.txt"]
    assert b"[pytest11]\nspacectl = spacectl.checks.plugin" in inside[f"{about}/entry_points.txt"]


def test_the_source_package_has_all_and_gives_the_same_wheel(
    wheel: Path, tmp_path: Path, cached: Mapping[str, str]
) -> None:
    sdist = built("--sdist", PROJECT, tmp_path / "sdist", cached)
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    source = tmp_path / sdist.name.removesuffix(".tar.gz")
    for name in ("spacectl", "templates", "tests", "benchmarks", "docs", "scripts", ".github"):
        assert files(source / name) == files(PROJECT / name)
    for name in ("README.md", "LICENSE", "Makefile", "pyproject.toml", "requirements.lock", "requirements-dev.lock"):
        assert (source / name).read_bytes() == (PROJECT / name).read_bytes()
    again = contents(built("--wheel", source, tmp_path / "again", cached))
    assert again == contents(wheel)


def constraints(folder: Path) -> Path:
    """The versions of the lock: which newer ones there are today is not what is tested."""
    lock = (PROJECT / "requirements.lock").read_text(encoding="utf-8")
    file = folder / "constraints.txt"
    file.write_text("\n".join(re.findall(r"^[\w.-]+==[^\s;]+", lock, re.MULTILINE)) + "\n", encoding="utf-8")
    return file


@pytest.fixture(params=["uv tool", "pipx"])
def installed(request: pytest.FixtureRequest, wheel: Path, tmp_path: Path, cached: dict[str, str]) -> Iterator[Path]:
    """The command as one of the tools installs it."""
    folder = tmp_path / "tools"
    if request.param == "uv tool":
        places = {"UV_TOOL_DIR": str(folder / "environments"), "UV_TOOL_BIN_DIR": str(folder / "bin")}
        words = [UV, "tool", "install", "--quiet", "--python", sys.executable, "-c", constraints(tmp_path), wheel]
    else:
        places = {"PIPX_HOME": str(folder), "PIPX_BIN_DIR": str(folder / "bin"), "PIPX_MAN_DIR": str(folder / "man")}
        limit = f"--constraint {constraints(tmp_path)}"
        words = [PIPX, "install", "--quiet", "--python", sys.executable, "--backend", "pip", "--pip-args", limit, wheel]
    (tmp_path / "installer").mkdir()
    run(words, cached | places | {"HOME": str(tmp_path / "installer")})
    yield folder / "bin" / "spacectl"
    shutil.rmtree(folder)  # large, and pytest keeps what tests leave for a while


def test_it_is_installed_as_a_tool(
    installed: Path, tmp_path: Path, environment: dict[str, str], adopt_system: Callable[..., Any]
) -> None:
    alone = environment | {"PATH": os.defpath}  # whoever runs the tests may have a uv
    told = json.loads(run([installed, "doctor", "--json"], alone))["findings"]
    findings = {each["name"]: each for each in told}
    for name in ("nats-server", "envoy", "uv"):
        assert str(installed.parent.parent) in findings[name]["found"]  # they came along
    assert (installed.resolve().parent.parent / "share" / "man" / "man1" / "spacectl-up.1").is_file()
    run([installed, "new", "tiny"], environment, tmp_path)
    tiny = adopt_system(tmp_path / "tiny", **environment)
    tiny.program = (str(installed),)
    tiny.up()
    assert tiny.run("down").code == 0
    checked = tiny.run("check", within_s=60)
    assert checked.code == 0, checked.err
    assert "✔ test_ready.py::test_system_is_ready" in checked.err


def test_engines_of_ones_own_take_the_place_of_those_that_came_along(
    adopt_system: Callable[..., Any], environment: dict[str, str], serve: Callable[..., str], tmp_path: Path
) -> None:
    mine = {
        "SPACECTL_NATS_SERVER": wrapped(find_nats_server({}), tmp_path / "my-nats"),
        "SPACECTL_ENVOY": wrapped(find_envoy({}), tmp_path / "my-envoy"),
    }
    root = tmp_path / "system"
    root.mkdir()
    (root / "system.toml").write_text('[system]\nname = "mine"\nspaces = ["spaces/*"]\n', encoding="utf-8")
    system = adopt_system(root, **environment, **{name: str(path) for name, path in mine.items()})
    system.write_space("web", serve())
    system.up()
    for path in mine.values():
        assert "--config" in path.with_suffix(".words").read_text(encoding="utf-8")
    assert system.run("down").code == 0


def wrapped(program: Path, wrapper: Path) -> Path:
    """A program that keeps its words and becomes the other."""
    shell = shutil.which("sh")
    wrapper.write_text(f'#!{shell}\necho "$*" >> {wrapper}.words\nexec {program} "$@"\n', encoding="utf-8")
    wrapper.chmod(0o755)
    return wrapper
