"""Finds the folder of the system that a command is about."""

from __future__ import annotations

from pathlib import Path

from spacectl.errors import NotRunningError
from spacectl.model.layout import Layout


def find_system(named: Path | None) -> Layout:
    """The named system, or the nearest folder upwards that holds a `system.toml`.

    Raises:
        NotRunningError: there is none.
    """
    if named is not None:
        layout = Layout(named.resolve())
        if not layout.manifest.is_file():
            hint = "name a folder made by `spacectl new`"
            raise NotRunningError(f"no system in {named}: it has no system.toml", hint=hint)
        return layout
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "system.toml").is_file():
            return Layout(folder)
    raise NotRunningError(
        f"no system here: no system.toml in {here} or above it",
        hint="make one with `spacectl new NAME -t ecommerce`, or name one with --system DIR",
    )
