"""Makes the folders of systems that tests read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

Write = Callable[[Mapping[str, str | bytes]], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes files of a system, with a `system.toml` and a folder `spaces` where they are not among them."""

    def written(files: Mapping[str, str | bytes]) -> Path:
        root = tmp_path / "shop"
        (root / "spaces").mkdir(parents=True)
        for name, content in {"system.toml": '[system]\nname = "shop"\n', **files}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return root

    return written
