"""The documentation that can be wrong: what is generated is current, what is linked is there."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = sorted((ROOT / "docs").glob("*.md"))


def test_the_reference_of_manifests_is_current() -> None:
    reference = runpy.run_path(str(ROOT / "scripts" / "reference.py"))["reference"]()
    assert (ROOT / "docs" / "manifests.md").read_text() == reference, "`make docs` renews it"


@pytest.mark.parametrize("document", DOCS, ids=lambda path: path.name)
def test_what_is_linked_is_there(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []
