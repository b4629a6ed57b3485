"""What a shell offers at TAB: the spaces, replicas, subjects and templates that there are.

It runs at each TAB, and whatever it printed would stand in the middle of somebody's line: manifests are read without
being checked, nothing heavy is imported, and what cannot be read offers nothing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def spaces(incomplete: str) -> list[str]:
    """The spaces whose names begin so."""
    return _beginning(incomplete, (name for name, _ in _manifests()))


def counts(incomplete: str) -> list[str]:
    """The spaces, each with the sign before a number."""
    return [f"{name}=" for name in spaces(incomplete)]


def sources(incomplete: str) -> list[str]:
    """Whatever has a log: spaces, their builds, engines, spacectl itself."""
    names = [name for name, _ in _manifests()]
    return _beginning(incomplete, [*names, *(f"{name}.build" for name in names), "bus", "gateway", "spacectl"])


def subjects(incomplete: str) -> list[str]:
    """The subjects that spaces publish."""
    return _beginning(incomplete, (subject for _, published in _manifests() for subject in published))


def templates(incomplete: str) -> list[str]:
    """The bundled templates of systems."""
    from spacectl.scaffold.templates import bundled

    return _beginning(incomplete, (each.name for each in bundled()))


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    return sorted({name for name in names if name.startswith(incomplete)})


def _manifests() -> list[tuple[str, list[str]]]:
    """The name of each space of the system here, and what it publishes."""
    from spacectl.adapters.folders import find_system
    from spacectl.errors import SpacectlError

    try:
        root = find_system(None).root
        patterns = _read(root / "system.toml").get("system", {}).get("spaces", ["spaces/*"])
        files = [file for pattern in patterns for file in sorted(root.glob(f"{pattern}/space.toml"))]
        manifests = [_read(file) for file in files]
        return [
            (each["space"]["name"], [str(subject) for subject in each.get("events", {}).get("publishes", ())])
            for each in manifests
            if isinstance(each["space"]["name"], str)
        ]
    except (SpacectlError, OSError, ValueError, LookupError, AttributeError, TypeError, NotImplementedError):
        return []  # of another form than a manifest has


def _read(file: Path) -> dict[str, Any]:
    return tomllib.loads(file.read_text(encoding="utf-8"))
