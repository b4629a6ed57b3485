"""Where a path that somebody wrote leads, told from its text alone."""

from __future__ import annotations

from pathlib import PurePosixPath


def leaves_folder(path: str) -> bool:
    """Whether a path is absolute or climbs out of the folder that it is relative to."""
    depth = 0
    for part in PurePosixPath(path).parts:
        depth += -1 if part == ".." else 1
        if depth < 0:
            return True
    return path.startswith("/")
