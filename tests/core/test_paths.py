from __future__ import annotations

import pytest

from spacectl.core.paths import leaves_folder


@pytest.mark.parametrize(
    ("path", "leaves"),
    [
        ("a/b", False),
        (".", False),
        ("a/../b", False),
        ("a/..", False),
        ("..", True),
        ("../a", True),
        ("a/../../b", True),
        ("/a", True),
        ("//a", True),
        ("~/a", False),
    ],
)
def test_leaves_folder(path: str, leaves: bool) -> None:
    assert leaves_folder(path) is leaves
