"""Reads the contract files of spaces, from the working tree or from a git revision."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from spacectl.errors import MachineError, UsageError
from spacectl.model.wording import quoted

MOST_BYTES = 16 * 1024 * 1024


class UnreadableError(Exception):
    """Why a file is no contract; `line` is 1-based, 0 where it belongs to none."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


class Files(Protocol):
    """Where contract files come from. Paths are below the system's folder, with `/`."""

    def told(self, path: str) -> str:
        """What messages call a file."""

    def read(self, path: str) -> bytes | None:
        """What a file holds; None where there is none."""

    def names(self, folder: str) -> tuple[str, ...]:
        """The names of the files in a folder, in order."""


@dataclass(frozen=True, slots=True)
class WorkingTree:
    """The files as they are now."""

    root: Path

    def told(self, path: str) -> str:
        return path

    def read(self, path: str) -> bytes | None:
        file = self.root / path
        if not file.is_file():
            return None
        try:
            return file.read_bytes()
        except OSError as error:
            raise UnreadableError(f"cannot be read: {(error.strerror or str(error)).lower()}") from error

    def names(self, folder: str) -> tuple[str, ...]:
        path = self.root / folder
        return tuple(sorted(file.name for file in path.iterdir() if file.is_file())) if path.is_dir() else ()


@dataclass(frozen=True, slots=True)
class Revision:
    """The files as they were at a revision."""

    root: Path
    revision: str
    files: frozenset[str]

    def told(self, path: str) -> str:
        return f"{self.revision}:{path}"

    def read(self, path: str) -> bytes | None:
        return _git(self.root, "show", f"{self.revision}:./{path}") if path in self.files else None

    def names(self, folder: str) -> tuple[str, ...]:
        paths = (PurePosixPath(path) for path in self.files)
        return tuple(sorted(path.name for path in paths if str(path.parent) == folder))


def at_revision(root: Path, revision: str) -> Revision:
    """The files at a revision.

    Raises:
        UsageError: the system is in no git repository, or there is no such revision.
        MachineError: git is not installed.
    """
    try:
        found = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        listed = _git(root, "ls-tree", "-r", "-z", "--name-only", found.decode().strip(), "--", ".")
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().partition("\n")[0]
        hint = said or "name a branch, a tag or a commit; `git fetch` gets what only the remote has"
        raise UsageError(f"{quoted(revision)} is no revision of {root}", hint=hint) from error
    return Revision(root, revision, frozenset(name for name in listed.decode().split("\0") if name))


def revisions(root: Path) -> tuple[str, ...]:
    """The branches and tags of the repository around a folder; none where there is no git or no repository."""
    try:
        found = _git(root, "for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/remotes", "refs/tags")
    except (MachineError, OSError, subprocess.CalledProcessError):
        return ()
    return tuple(found.decode(errors="replace").split())


def _git(root: Path, *arguments: str) -> bytes:
    try:
        command = ["git", "-C", str(root), *arguments]
        return subprocess.run(command, capture_output=True, check=True, stdin=subprocess.DEVNULL).stdout  # noqa: S603
    except FileNotFoundError as error:
        raise MachineError(
            "git is not installed", hint="install git, which --against asks for old contracts"
        ) from error


def decoded(content: bytes) -> Any:
    """A contract file as JSON.

    Raises:
        UnreadableError: it is none.
    """
    if len(content) > MOST_BYTES:
        raise UnreadableError(f"is larger than {MOST_BYTES // 1024 // 1024} MiB")
    try:
        return json.loads(content.decode("utf-8-sig"), parse_constant=_refused)
    except UnicodeDecodeError as error:
        raise UnreadableError("is not UTF-8") from error
    except json.JSONDecodeError as error:
        message = f"is not JSON: {error.msg[:1].lower()}{error.msg[1:]} (column {error.colno})"
        raise UnreadableError(message, error.lineno) from error
    except (RecursionError, ValueError) as error:
        told = "its values are nested too deep" if isinstance(error, RecursionError) else str(error)
        raise UnreadableError(f"is not JSON: {told}") from error


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is no number")
