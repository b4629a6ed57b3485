"""Finds the folder of the system that a command is about."""

from __future__ import annotations

from pathlib import Path

from spacectl.errors import NotRunningError
from spacectl.model.layout import Layout, layout_of


def find_system(named: Path | None) -> Layout:
    """The named system, or the nearest folder upwards that holds a `system.toml` or is an isolated copy.

    Raises:
        NotRunningError: there is none.
    """
    if named is not None:
        return _named(named)
    try:
        here = Path.cwd()
    except FileNotFoundError as error:
        raise NotRunningError("no system here: this folder has been removed", hint="cd to another one") from error
    for folder in (here, *here.parents):
        layout = layout_of(folder)
        if layout.manifest.is_file():
            return layout
    raise NotRunningError(
        f"no system here: no system.toml in {here} or above it",
        hint="make one with `spacectl new NAME -t ecommerce`, or name one with --system DIR",
    )


def _named(folder: Path) -> Layout:
    hint = "name a folder made by `spacectl new`"
    try:
        layout = layout_of(folder.resolve())
        found = layout.manifest.is_file() and layout.home.is_dir()
    except (OSError, RuntimeError) as error:  # a loop of links is a RuntimeError before Python 3.13
        raise NotRunningError(f"no system in {folder}: {error}", hint=hint) from error
    if not found:
        lacks = "it has no system.toml" if layout.copy is None else "there is no such isolated copy"
        raise NotRunningError(f"no system in {folder}: {lacks}", hint=hint)
    return layout
