"""Tells which files of which spaces changed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
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


Changed = dict[str, frozenset[str]]
"""By the name of a space: which of its files changed, relative to its folder."""


async def changes(spaces: Mapping[str, Watched]) -> AsyncIterator[Changed]:
    """The spaces whose files changed, and which files, for each burst of changes.

    Editors' temporary files, `.git`, `__pycache__`, `.venv`, `node_modules` and what a space ignores do not count.

    Raises:
        OSError: the kernel has no watches left (inotify(7)).
    """
    seen = [_Seen(name, watched) for name, watched in spaces.items()]
    while True:
        with suppress(FileNotFoundError):  # removed between the look and the watch: look again
            async for changed in _until_replaced(seen):
                yield changed


async def _until_replaced(seen: list[_Seen]) -> AsyncIterator[Changed]:
    """What changed, until something that is watched appears, goes or becomes another one."""
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
            replaced = {each.name: each.replaced(before[each.name], gone) for each in seen}
            changed = {each.name: replaced[each.name] | each.changed(batch) for each in seen}
            if told := {name: files for name, files in changed.items() if files}:
                yield told
            if any(replaced.values()):
                return


class _Matters(DefaultFilter):
    """Leaves out what editors, version control and tools put beside the files that people edit."""

    ignore_entity_patterns = (
        *DefaultFilter.ignore_entity_patterns,
        r"^4913$",  # vim, to see whether it may write there
        r"\.sw[a-z]x$",  # vim, to see whether long names can be had
        r"^#.*#$",  # emacs, what is not saved yet
        r"___jb_(tmp|old)___$",
        r"\.kate-swp$",
        r"^\.goutputstream-",  # gedit and what else uses GIO
        r"^\.subl\w+\.tmp$",
    )


class _Seen:
    """What counts as a change of one space."""

    _matters = _Matters()

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

    def replaced(self, before: dict[Path, tuple[int, int]], gone: set[Path]) -> frozenset[str]:
        """What watches are to be put on anew for: a watch stays with the file that it was put on, whatever its name.

        A file that is made after another one was removed may get the same inode.
        """
        now = self.roots()
        others = {path for path in before.keys() | now.keys() if before.get(path) != now.get(path)}
        return frozenset(self._inner(path) for path in others | (gone & before.keys()))

    def changed(self, batch: Iterable[tuple[Change, str]]) -> frozenset[str]:
        """Which of these changed files are this space's and matter."""
        return frozenset(self._inner(Path(name)) for change, name in batch if self._counts(change, Path(name)))

    def _counts(self, change: Change, path: Path) -> bool:
        if not any(path == root or root in path.parents for root in self._paths):
            return False
        inner = self._inner(path)
        return self._matters(change, inner) and not self._ignored.match_file(inner)

    def _inner(self, path: Path) -> str:
        # Relative, for above the space's folder there may well be a `.venv` or a `node_modules`.
        return str(path.relative_to(self._folder))
