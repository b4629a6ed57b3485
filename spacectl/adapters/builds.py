"""Builds spaces, and remembers from what, so that an unchanged space is not built again."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from glob import iglob
from pathlib import Path

from spacectl.model.launch import Launch
from spacectl.model.manifest import Command, SpaceManifest
from spacectl.model.state import Ended

Run = Callable[[Launch], Awaitable[Ended]]

_MADE = frozenset({".git", ".venv", "__pycache__", "node_modules"})
"""Folders that tools and programs write in, which are no input however they are asked for."""

_LOCKED_PAUSE_S = 0.1


class Builder:
    """The builds of one system.

    Args:
        records: the folder that remembers what each space was last built from.
        run: runs a process to its end, killing it when cancelled.
    """

    def __init__(self, records: Path, run: Run) -> None:
        self._records = records
        self._run = run
        self._built: dict[str, str] = {}

    async def build(self, manifest: SpaceManifest, folder: Path, launch: Launch) -> Ended | None:
        """Build a space unless nothing changed since its last good build; None when there was nothing to do.

        An isolated copy of the system builds in the same folder: one waits for the other.

        Raises:
            OSError: the record cannot be written.
        """
        name = manifest.space.name
        async with _alone(self._records / f"{name}.lock"):
            ended = await self._build(manifest, folder, launch)
        if ended is None or ended.success:
            self._built[name] = await asyncio.to_thread(fingerprint, manifest, folder)
        return ended

    async def is_stale(self, manifest: SpaceManifest, folder: Path) -> bool:
        """Whether its inputs are others than when its last good build ended; never for what was not built here.

        When it ended, not when it began: a build may write its inputs, and nobody would call that a change.
        """
        built = self._built.get(manifest.space.name)
        return built is not None and built != await asyncio.to_thread(fingerprint, manifest, folder)

    async def _build(self, manifest: SpaceManifest, folder: Path, launch: Launch) -> Ended | None:
        record = self._records / f"{manifest.space.name}.json"
        stamp = await asyncio.to_thread(fingerprint, manifest, folder)
        if _recorded(record) == stamp and _is_there(manifest.run.command, folder):
            return None
        record.unlink(missing_ok=True)
        ended = await self._run(launch)
        if ended.success:
            # As they were before: an input that someone changed meanwhile is not in what was built. A build that
            # writes one of its inputs (a lock file) runs once more, and then they stay the same.
            record.write_text(json.dumps({"fingerprint": stamp}), encoding="utf-8")
        return ended


@asynccontextmanager
async def _alone(path: Path) -> AsyncIterator[None]:
    """Be the only one who holds this lock (flock(2)), also among other processes."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while not _is_taken(descriptor):  # noqa: ASYNC110  (no event tells when another process lets go)
            await asyncio.sleep(_LOCKED_PAUSE_S)
        yield
    finally:
        os.close(descriptor)


def _is_taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def fingerprint(manifest: SpaceManifest, folder: Path) -> str:
    """A digest of the build command and of the content of every input."""
    digest = hashlib.sha256(repr(manifest.build.command).encode())
    for path in _inputs(folder, manifest.build.inputs):
        digest.update(b"\0" + os.fsencode(path) + b"\0")
        try:
            with (folder / path).open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        except OSError:
            digest.update(b"unreadable")
    return digest.hexdigest()


def _inputs(folder: Path, patterns: Iterable[str]) -> list[Path]:
    """The files that match, and all files below the folders that do; relative."""
    names = {name for pattern in patterns for name in _matches(folder, pattern)}
    found = {path.relative_to(folder) for name in names for path in _files(folder / name)}
    return sorted(path for path in found if _MADE.isdisjoint(path.parts))


def _matches(folder: Path, pattern: str) -> Iterator[str]:
    # Path.glob takes neither "." nor "**.py".
    return iglob(pattern, root_dir=folder, recursive=True, include_hidden=True)  # noqa: PTH207


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    for at, folders, names in os.walk(path):
        folders[:] = [name for name in folders if name not in _MADE]
        yield from (file for name in names if (file := Path(at, name)).is_file())


def _recorded(record: Path) -> str | None:
    try:
        value = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value.get("fingerprint") if isinstance(value, dict) else None


def _is_there(command: Command, folder: Path) -> bool:
    """Whether the program the build makes is still there: someone may have removed `.venv` since."""
    if isinstance(command, str) or "/" not in command[0] or "$" in command[0]:
        return True
    return (folder / command[0]).exists()
