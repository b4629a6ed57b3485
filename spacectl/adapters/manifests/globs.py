"""Finds the folders of a system's spaces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from spacectl.core.pointing import problem_at
from spacectl.model.problem import Problem
from spacectl.model.system import Source
from spacectl.model.wording import quoted

MANIFEST = "space.toml"
_WILD = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Found:
    """The folders (absolute) that hold a `space.toml`, each once, and what is wrong with the globs."""

    folders: tuple[Path, ...]
    problems: tuple[Problem, ...]


def find_spaces(root: Path, globs: Sequence[str], source: Source) -> Found:
    """Expand the globs of `[system] spaces`; a match without a `space.toml` is not a space.

    An empty glob stands for one that the model refused.
    """
    folders: dict[Path, Path] = {}
    problems: list[Problem] = []
    for index, glob in enumerate(globs):
        if not glob:
            continue
        try:
            for folder in _matches(root, glob):
                folders.setdefault(_inside(root, folder), folder)
        except _GlobError as error:
            problems.append(problem_at(source, ("system", "spaces", index), str(error)))
    return Found(tuple(sorted(folders.values())), tuple(problems))


class _GlobError(Exception):
    """Why a glob leads to no space."""


def _matches(root: Path, glob: str) -> Sequence[Path]:
    parts = PurePosixPath(glob).parts
    if glob.startswith("/") or ".." in parts or not parts:
        raise _GlobError(f"must lead to folders below the system's, not {quoted(glob)}")
    try:
        found = [folder for folder in _expanded(root, glob, parts) if _has_manifest(folder)]
        if found or _may_be_empty(root, parts):
            return found
    except (ValueError, NotImplementedError, OSError) as error:
        raise _GlobError(f"{quoted(glob)} cannot be looked up: {error}") from error
    raise _GlobError(_nothing(root, glob, parts))


def _inside(root: Path, folder: Path) -> Path:
    """The folder with its links followed, so that a space that two globs find is one."""
    real = folder.resolve()
    if not real.is_relative_to(root.resolve()):
        raise _GlobError(f"{folder.relative_to(root)} leads out of the system's folder, to {real}")
    return real


def _expanded(root: Path, glob: str, parts: Sequence[str]) -> Iterator[Path]:
    """What the glob matches; a wildcard does not match the dot of a hidden name, as in a shell."""
    hidden = any(part.startswith(".") for part in parts)
    for path in root.glob(glob):
        if hidden or not any(part.startswith(".") for part in path.relative_to(root).parts):
            yield path


def _has_manifest(folder: Path) -> bool:
    manifest = folder / MANIFEST
    return manifest.exists() or manifest.is_symlink()


def _may_be_empty(root: Path, parts: Sequence[str]) -> bool:
    """Whether a glob without a match is a system that has no space yet: the folder is there, and no folder in it."""
    base = _base(root, parts)
    if base == root.joinpath(*parts) or not base.is_dir():
        return False
    return not any(entry.is_dir() and not entry.name.startswith(".") for entry in base.iterdir())


def _base(root: Path, parts: Sequence[str]) -> Path:
    """The folder before the first wildcard."""
    plain = next((at for at, part in enumerate(parts) if _WILD & set(part)), len(parts))
    return root.joinpath(*parts[:plain])


def _nothing(root: Path, glob: str, parts: Sequence[str]) -> str:
    base = _base(root, parts)
    if not base.is_dir():
        missing = f"there is no folder {quoted(str(base.relative_to(root)))}"
        return missing if base == root.joinpath(*parts) else f"{quoted(glob)} matches nothing: {missing}"
    return f"{quoted(glob)} matches no folder with a {MANIFEST}"
