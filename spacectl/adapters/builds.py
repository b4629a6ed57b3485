"""Builds spaces, and remembers from what, so that an unchanged space is not built again."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from spacectl.model.launch import Launch
from spacectl.model.manifest import Command, SpaceManifest
from spacectl.model.state import Ended

Run = Callable[[Launch], Awaitable[Ended]]


class Builder:
    """The builds of one system.

    Args:
        records: the folder that remembers what each space was last built from.
        run: runs a process to its end, killing it when cancelled.
    """

    def __init__(self, records: Path, run: Run) -> None:
        self._records = records
        self._run = run

    async def build(self, manifest: SpaceManifest, folder: Path, launch: Launch) -> Ended | None:
        """Build a space unless nothing changed since its last good build; None when there was nothing to do.

        Raises:
            OSError: the record cannot be written.
        """
        name = manifest.space.name
        record = self._records / f"{name}.json"
        stamp = await asyncio.to_thread(fingerprint, manifest, folder)
        if _recorded(record) == stamp and _is_there(manifest.run.command, folder):
            return None
        record.unlink(missing_ok=True)
        ended = await self._run(launch)
        if ended.success:
            # The build may have written its own inputs (a lock file): what counts is what they are now.
            stamp = await asyncio.to_thread(fingerprint, manifest, folder)
            record.write_text(json.dumps({"fingerprint": stamp}), encoding="utf-8")
        return ended


def fingerprint(manifest: SpaceManifest, folder: Path) -> str:
    """A digest of the build command and of the content of every input."""
    digest = hashlib.sha256(repr(manifest.build.command).encode())
    for path in _inputs(folder, manifest.build.inputs):
        digest.update(f"\0{path.relative_to(folder)}\0".encode())
        try:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        except OSError:
            digest.update(b"unreadable")
    return digest.hexdigest()


def _inputs(folder: Path, patterns: Iterable[str]) -> list[Path]:
    found = {path for pattern in patterns for path in folder.glob(pattern)}
    files = {file for path in found if path.is_dir() for file in path.rglob("*") if file.is_file()}
    return sorted(files | {path for path in found if path.is_file()})


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
