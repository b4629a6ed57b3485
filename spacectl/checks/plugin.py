"""The pytest plugin: gives checks their fixtures where there is a system, and costs next to nothing elsewhere."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Register the fixtures where these are the checks of a system."""
    if _is_about_a_system(config.rootpath):
        from spacectl.checks import fixtures

        config.pluginmanager.register(fixtures, "spacectl-fixtures")


def _is_about_a_system(folder: Path) -> bool:
    return bool(os.environ.get("SPACECTL_SYSTEM")) or any(
        above.joinpath("system.toml").is_file() for above in (folder, *folder.parents)
    )
