"""Templates small enough to be read in the test that uses them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

Write = Callable[[Path, Mapping[str, str]], Path]
Tree = Callable[[Path], dict[str, str]]

COPIER = """
_templates_suffix: .jinja
_exclude: [copier.yml, template.toml]
"""

LANGUAGE = {
    "template.toml": '[template]\nsummary = "A small space"\nreserved = ["tests"]\n',
    "copier.yml": COPIER
    + """
space: {type: str}
package: {type: str}
summary: {type: str, default: ""}
publishes: {type: yaml, default: []}
subscribes: {type: yaml, default: []}
calls: {type: yaml, default: []}
""",
    "space.toml.jinja": """[space]
name = "{{ space }}"
summary = "{{ summary }}"
[run]
command = "true"
[api]
calls = {{ calls | to_json }}
[events]
publishes = {{ publishes | to_json }}
subscribes = {{ subscribes | to_json }}
""",
    "README.md.jinja": "generic {{ space }}\n",
    "tests/test_generic.py": "",
    "tests/notes.txt": "",
    "{{ package }}/__init__.py": "",
    "run.sh": "#!/bin/sh\n",
}

SYSTEM = {
    "copier.yml": COPIER + "system: {type: str}\n",
    "system.toml.jinja": '[system]\nname = "{{ system }}"\n',
    ".gitignore": ".spacectl/\n",
    "README.md.jinja": "# {{ system }}\n",
}


@pytest.fixture
def write() -> Write:
    """Writes files, given as path and text, below a folder."""

    def write_files(folder: Path, files: Mapping[str, str]) -> Path:
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return folder

    return write_files


@pytest.fixture
def tree() -> Tree:
    """Reads all files below a folder, hidden ones too, as path and text."""

    def read_files(folder: Path) -> dict[str, str]:
        found = {}
        for path in folder.rglob("*"):
            if path.is_file() and ".git" not in path.relative_to(folder).parts:
                found[str(path.relative_to(folder))] = path.read_text(encoding="utf-8")
        return found

    return read_files


@pytest.fixture
def home(tmp_path: Path, write: Write) -> Path:
    """A folder of templates: the language `python`, the systems `blank` and `duo`."""
    folder = tmp_path / "home"
    write(folder / "spaces/python", LANGUAGE)
    (folder / "spaces/python/run.sh").chmod(0o755)
    write(folder / "systems/blank", {**SYSTEM, "template.toml": '[template]\nsummary = "Empty"\n'})
    write(
        folder / "systems/duo",
        {
            **SYSTEM,
            "template.toml": """[template]
summary = "Two spaces"
[[spaces]]
name = "order-book"
summary = "Takes orders"
publishes = ["order-book.placed"]
exclude = ["tests/test_generic.py"]
[[spaces]]
name = "payments"
subscribes = ["order-book.placed"]
calls = ["order-book"]
""",
            "spaces/payments/README.md.jinja": "payments of {{ system }}\n",
            "spaces/payments/extra.txt": "extra\n",
        },
    )
    return folder


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(autouse=True)
def _own_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copier's settings and its cache of git repositories are this test's own, and git has no identity."""
    monkeypatch.setenv("COPIER_CACHE_DIR", str(tmp_path / "copier-cache"))
    monkeypatch.setenv("COPIER_SETTINGS_PATH", str(tmp_path / "no-settings.yml"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)


@pytest.fixture
def repository(write: Write) -> Callable[[Path, Mapping[str, str], str | None], Path]:
    """Makes a git repository with one commit, and a tag where one is named."""

    def make(folder: Path, files: Mapping[str, str], tag: str | None) -> Path:
        write(folder, files)
        git(folder, "init", "--quiet")
        git(folder, "add", "-A")
        git(folder, "-c", "user.name=Tester", "-c", "user.email=tester@example.org", "commit", "-qm", "first")
        if tag is not None:
            git(folder, "tag", tag)
        return folder

    return make


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)
