"""The documentation that can be wrong: what is generated is current, what is linked is there."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
from pathlib import Path

import pytest

from spacectl.cli.app import app

ROOT = Path(__file__).parents[1]
DOCS = sorted((ROOT / "docs").glob("*.md"))
MAN = sorted((ROOT / "docs" / "man").iterdir())


def test_the_reference_of_manifests_is_current() -> None:
    reference = runpy.run_path(str(ROOT / "scripts" / "reference.py"))["reference"]()
    assert (ROOT / "docs" / "manifests.md").read_text() == reference, "`make docs` renews it"


@pytest.mark.parametrize("document", DOCS, ids=lambda path: path.name)
def test_what_is_linked_is_there(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_the_man_pages_are_current_and_of_every_command() -> None:
    pages = runpy.run_path(str(ROOT / "scripts" / "manual.py"))["pages"]()
    assert {page.name: page.read_text(encoding="utf-8") for page in MAN} == pages, "`make docs` renews them"
    commands = {each.name or getattr(each.callback, "__name__", "") for each in app.registered_commands}
    assert pages.keys() == {"spacectl.1", *(f"spacectl-{name}.1" for name in commands)}


@pytest.mark.skipif(shutil.which("groff") is None, reason="no groff")
@pytest.mark.parametrize("page", MAN, ids=lambda path: path.name)
def test_a_man_page_is_set_without_a_warning_and_shows_its_text(page: Path) -> None:
    words = ["groff", "-man", "-ww", "-Tutf8", "-P-c", page]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    shown = " ".join(re.sub(r".\x08", "", done.stdout).split())
    assert f"{page.stem} - " in shown
    if page.stem != "spacectl":
        assert f"EXAMPLE {page.stem.replace('-', ' ', 1)}" in shown
