"""Looks for the files that a manifest names; a missing one is a problem before anything runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from spacectl.core.paths import leaves_folder
from spacectl.core.pointing import KeyPath, problem_at
from spacectl.model.problem import Problem
from spacectl.model.system import Space
from spacectl.model.wording import quoted

_WILD = frozenset("*?[")


def missing_files(space: Space) -> Iterator[Problem]:
    """The files that `space.toml` names and that are not there."""
    for path, name in _named(space):
        if not leaves_folder(name) and not _is_there(space.folder, name):
            yield problem_at(space.source, path, _message(name))
    env_file = space.manifest.run.env_file
    if env_file is not None and (space.folder / env_file).is_dir():
        yield problem_at(space.source, ("run", "env_file"), f"{quoted(env_file)} is a folder, not a file")
    container = space.manifest.container
    if container is not None and container.build is not None and not leaves_folder(container.build):
        yield from _dockerfile(space, container.build)


def _named(space: Space) -> Iterator[tuple[KeyPath, str]]:
    manifest = space.manifest
    for index, name in enumerate(manifest.build.inputs):
        yield ("build", "inputs", index), name
    if manifest.run.env_file is not None:
        yield ("run", "env_file"), manifest.run.env_file
    for index, name in enumerate(manifest.watch.paths):
        yield ("watch", "paths", index), name


def _dockerfile(space: Space, folder: str) -> Iterator[Problem]:
    if not (space.folder / folder / "Dockerfile").is_file():
        yield problem_at(space.source, ("container", "build"), f"there is no Dockerfile in {quoted(folder)}")


def _is_there(folder: Path, name: str) -> bool:
    try:
        if _WILD & set(name):
            return next(folder.glob(str(PurePosixPath(name))), None) is not None
        return (folder / name).exists()
    except (OSError, ValueError, NotImplementedError):  # a name that no file can have
        return False


def _message(name: str) -> str:
    return f"nothing matches {quoted(name)}" if _WILD & set(name) else f"there is no {quoted(name)}"
