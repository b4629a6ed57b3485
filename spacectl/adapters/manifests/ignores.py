"""Reads `contract-ignore.toml`."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from spacectl.adapters.manifests.text import decode
from spacectl.core.explain import explain
from spacectl.model.contract_ignore import Ignored, IgnoreFile
from spacectl.model.problem import Problem
from spacectl.model.units import WRITTEN

FILE = "contract-ignore.toml"


def read_ignores(root: Path) -> tuple[tuple[Ignored, ...], tuple[Problem, ...]]:
    """The entries of the file in a system's folder, none where there is no such file; and what is wrong with it."""
    if not (root / FILE).exists():
        return (), ()
    found = decode(root / FILE, FILE)
    if found.table is None:
        return (), found.problems
    try:
        file = IgnoreFile.model_validate(found.table, by_alias=True, by_name=False, context=WRITTEN)
    except ValidationError as error:
        return (), tuple(explain(IgnoreFile, error.errors(include_url=False), found.source))
    return file.ignore, ()
