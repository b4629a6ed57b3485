"""Reads a system: its `system.toml` and every `space.toml`, with all their problems at once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from spacectl.adapters.manifests.globs import MANIFEST, find_spaces
from spacectl.adapters.manifests.references import missing_files
from spacectl.adapters.manifests.text import Decoded, decode
from spacectl.core.explain import explain
from spacectl.core.validate import problems as problems_of
from spacectl.errors import ManifestError
from spacectl.model.manifest import SpaceManifest, SystemManifest, SystemSection
from spacectl.model.problem import Problem
from spacectl.model.system import Space, System
from spacectl.model.units import WRITTEN
from spacectl.view.problems import problems_text

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Read:
    """What reading a system gave.

    Attributes:
        system: the system, or None where there is any problem.
        problems: everything that is wrong, by file and line.
    """

    system: System | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _SpaceRead:
    space: Space | None
    name: str | None
    problems: tuple[Problem, ...]


def load(root: Path) -> System:
    """The system in a folder.

    Raises:
        ManifestError: something is wrong with it; the message holds every problem.
    """
    read = read_system(root)
    if read.system is None:
        raise ManifestError(problems_text(read.problems, base=from_here(root)))
    return read.system


def read_system(root: Path) -> Read:
    """Read the manifests of the system in a folder and check them against each other."""
    root = root.absolute()
    decoded = decode(root / "system.toml", "system.toml")
    manifest, problems = _manifest(SystemManifest, decoded)
    found = find_spaces(root, _globs(manifest, decoded.table), decoded.source)
    reads = [_read_space(root, folder) for folder in found.folders]
    system = System(manifest or _UNREAD, root, decoded.source, _by_name(reads))
    wrong = [
        *problems,
        *(found.problems if decoded.table is not None else ()),
        *(problem for read in reads for problem in read.problems),
        *(problem for space in system.spaces for problem in missing_files(space)),
        *problems_of(system, unread=[read.name for read in reads if read.space is None]),
    ]
    return Read(None if wrong else system, _sorted(wrong))


_UNREAD = SystemManifest(system=SystemSection(name="unread"))
"""Stands in for a `system.toml` that cannot be read while its spaces are checked; nothing shows it."""


def _manifest(kind: type[M], decoded: Decoded) -> tuple[M | None, tuple[Problem, ...]]:
    if decoded.table is None:
        return None, decoded.problems
    try:
        return kind.model_validate(decoded.table, by_alias=True, by_name=False, context=WRITTEN), ()
    except ValidationError as error:
        return None, tuple(explain(kind, error.errors(include_url=False), decoded.source))


def _globs(manifest: SystemManifest | None, table: dict[str, Any] | None) -> Sequence[str]:
    """The globs; those that can be made out where `system.toml` has a problem, so that the spaces are read too."""
    if manifest is not None:
        return manifest.system.spaces
    section = (table or {}).get("system")
    globs = section.get("spaces") if isinstance(section, dict) else None
    if not isinstance(globs, list):
        return _UNREAD.system.spaces if globs is None else ()
    return [glob if isinstance(glob, str) and "\x00" not in glob else "" for glob in globs]


def _read_space(root: Path, folder: Path) -> _SpaceRead:
    decoded = decode(folder / MANIFEST, str((folder / MANIFEST).relative_to(root)))
    manifest, problems = _manifest(SpaceManifest, decoded)
    if manifest is None:
        return _SpaceRead(None, _name_in(decoded.table), problems)
    return _SpaceRead(Space(manifest, folder, decoded.source), manifest.space.name, problems)


def _name_in(table: dict[str, Any] | None) -> str | None:
    section = (table or {}).get("space")
    name = section.get("name") if isinstance(section, dict) else None
    return name if isinstance(name, str) else None


def _by_name(reads: Iterable[_SpaceRead]) -> tuple[Space, ...]:
    return tuple(sorted((read.space for read in reads if read.space is not None), key=lambda space: space.name))


def _sorted(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """By file and line; what belongs to no line, such as a missing section, comes last."""
    return tuple(sorted(problems, key=lambda problem: (problem.file, problem.line == 0, problem.line)))


def from_here(root: Path) -> str:
    """How the system's folder is written from the current one, so that a terminal can open the files."""
    root = root.absolute()
    near = os.path.relpath(root)
    return min(near, str(root), key=len)
