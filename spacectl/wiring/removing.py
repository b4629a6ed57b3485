"""Removes what a system left on the disk; an isolated copy that runs is left alone."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from spacectl.adapters.private_files import unwritable
from spacectl.model.layout import Layout
from spacectl.wiring import leftovers
from spacectl.wiring.start import is_running


def remove(layout: Layout) -> list[Layout]:
    """Remove everything spacectl wrote for a system and its copies, or for one copy.

    Returns:
        The copies that run; what they need was left.

    Raises:
        MachineError: something cannot be removed.
    """
    running = [copy for copy in copies(layout) if is_running(copy) or leftovers.find(copy)]
    needed = {layout.builds, layout.copies, *(copy.state for copy in running)} if running else set()
    _remove(layout.state, spared=needed)
    if layout.copy is not None:
        with contextlib.suppress(OSError):  # others are there
            layout.copies.rmdir()
    return running


def empty(layout: Layout) -> None:
    """Remove what an earlier run of an isolated copy left; who calls holds its lock, and keeps it.

    Raises:
        MachineError: something cannot be removed.
    """
    _remove(layout.state, spared={layout.run})


def copies(layout: Layout) -> list[Layout]:
    """The isolated copies of a system that there are; a copy has none."""
    if layout.copy is not None or not layout.copies.is_dir():
        return []
    return [Layout(layout.root, folder.name) for folder in sorted(layout.copies.iterdir())]


def _remove(folder: Path, spared: set[Path]) -> None:
    try:
        if not spared:
            shutil.rmtree(folder)
            return
        for path in folder.iterdir():
            if path in spared and any(each.parent == path for each in spared):
                _remove(path, spared)
            elif path not in spared:
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    except OSError as error:
        raise unwritable(Path(error.filename or folder), error) from error
