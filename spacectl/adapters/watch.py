"""Tells which spaces' files changed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec
from watchfiles import Change, DefaultFilter, awatch

_DEBOUNCE_MS = 200
_STEP_MS = 50
_LOOK_MS = 1000
"""How often what is watched is looked for anew: it may have been made, or replaced by another, meanwhile."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What is watched of one space.

    Attributes:
        folder: the space's folder (absolute).
        paths: files and folders below it, relative; they need not exist yet.
        ignore: patterns as in a `.gitignore`, relative to the folder.
    """

    folder: Path
    paths: tuple[str, ...]
    ignore: tuple[str, ...]


async def changes(spaces: Mapping[str, Watched]) -> AsyncIterator[frozenset[str]]:
    """The names of the spaces whose files changed, a set for each burst of changes.

    Editors' temporary files, `.git`, `__pycache__`, `.venv`, `node_modules` and what a space ignores do not count.

    Raises:
        OSError: the kernel has no watches left (inotify(7)).
    """
    seen = [_Seen(name, watched) for name, watched in spaces.items()]
    while True:
        with suppress(FileNotFoundError):  # removed between the look and the watch: look again
            async for names in _until_replaced(seen):
                yield names


async def _until_replaced(seen: list[_Seen]) -> AsyncIterator[frozenset[str]]:
    """The names of spaces, until something that is watched appears, goes or becomes another one."""
    before = {each.name: each.roots() for each in seen}
    watching = awatch(
        *sorted({root for roots in before.values() for root in roots}),
        watch_filter=None,
        debounce=_DEBOUNCE_MS,
        step=_STEP_MS,
        rust_timeout=_LOOK_MS,
        yield_on_timeout=True,
        ignore_permission_denied=True,
    )
    async with aclosing(watching):
        async for batch in watching:
            gone = {Path(path) for change, path in batch if change is Change.deleted}
            replaced = {each.name for each in seen if each.is_replaced(before[each.name], gone)}
            names = replaced | {each.name for each in seen if any(each.counts(*change) for change in batch)}
            if names:
                yield frozenset(names)
            if replaced:
                return


class _Seen:
    """What counts as a change of one space."""

    _EDITORS = DefaultFilter()

    def __init__(self, name: str, watched: Watched) -> None:
        self.name = name
        self._folder = watched.folder
        self._paths = [watched.folder / path for path in watched.paths]
        self._ignored = GitIgnoreSpec.from_lines(watched.ignore)

    def roots(self) -> dict[Path, tuple[int, int]]:
        """What is there to be watched now, and which file or folder (device, inode) each is."""
        found = {}
        for path in self._paths:
            try:
                stat = path.stat()
            except OSError:
                continue
            found[path] = (stat.st_dev, stat.st_ino)
        return found

    def is_replaced(self, before: dict[Path, tuple[int, int]], gone: set[Path]) -> bool:
        """Whether watches are to be put on anew: a watch stays with the file that it was put on, whatever its name.

        A file that is made after another one was removed may get the same inode.
        """
        return not gone.isdisjoint(before) or self.roots() != before

    def counts(self, change: Change, name: str) -> bool:
        """Whether a changed file is one of this space's that matter."""
        path = Path(name)
        if not any(path == root or root in path.parents for root in self._paths):
            return False
        # Relative, for above the space's folder there may well be a `.venv` or a `node_modules`.
        inner = path.relative_to(self._folder)
        return self._EDITORS(change, str(inner)) and not self._ignored.match_file(inner)
