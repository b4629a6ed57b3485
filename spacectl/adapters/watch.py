"""Tells which spaces' files changed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec
from watchfiles import DefaultFilter, awatch

_DEBOUNCE_MS = 200
_STEP_MS = 50


@dataclass(frozen=True, slots=True)
class Watched:
    """What is watched of one space.

    Attributes:
        folder: the space's folder (absolute).
        paths: files and folders below it, relative.
        ignore: patterns as in a `.gitignore`, relative to the folder.
    """

    folder: Path
    paths: tuple[str, ...]
    ignore: tuple[str, ...]


async def changes(spaces: Mapping[str, Watched]) -> AsyncIterator[frozenset[str]]:
    """The names of the spaces whose files changed, a set for each burst of changes.

    Editors' temporary files, `.git`, `__pycache__`, `.venv`, `node_modules` and what a space ignores do not count.
    """
    roots = {name: [watched.folder / path for path in watched.paths] for name, watched in spaces.items()}
    present = sorted({root for paths in roots.values() for root in paths if root.exists()})
    if not present:
        return
    ignored = {name: GitIgnoreSpec.from_lines(watched.ignore) for name, watched in spaces.items()}

    def of(path: Path) -> set[str]:
        return {
            name
            for name, paths in roots.items()
            if any(path == root or root in path.parents for root in paths)
            and not ignored[name].match_file(path.relative_to(spaces[name].folder))
        }

    filters = DefaultFilter()
    async for batch in awatch(*present, watch_filter=filters, debounce=_DEBOUNCE_MS, step=_STEP_MS):
        names = {name for _, path in batch for name in of(Path(path))}
        if names:
            yield frozenset(names)
