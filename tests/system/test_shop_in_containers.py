"""The shop's own checks, with its spaces in containers of a real engine: all of them, and some beside processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from engine import docker, need_base_image

pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]


@pytest.fixture
def make_shop(adopt_system: Callable[..., Any], cached: dict[str, str], tmp_path: Path) -> Callable[..., Any]:
    """Makes a shop of a name of its own, whose images can be built here."""
    base = need_base_image()

    def make(name: str) -> Any:
        words = [sys.executable, "-m", "spacectl", "new", name, "--template", "ecommerce"]
        subprocess.run(words, cwd=tmp_path, env=cached, capture_output=True, check=True)
        return adopt_system(tmp_path / name, **cached, BASE_IMAGE=base)

    return make


@pytest.mark.parametrize(
    ("name", "contained", "options"),
    [
        ("shop-whole", ("catalog", "cart", "orders", "payments"), ("--runtime", "container")),
        ("shop-mixed", ("catalog", "payments"), ("--no-restart-check",)),
    ],
)
def test_the_checks_of_the_shop_pass(
    name: str, contained: tuple[str, ...], options: tuple[str, ...], make_shop: Callable[..., Any]
) -> None:
    shop = make_shop(name)
    if "--runtime" not in options:
        for each in contained:
            manifest = shop.root / "spaces" / each / "space.toml"
            manifest.write_text(manifest.read_text().replace("\n[run]\n", '\n[run]\nruntime = "container"\n'))

    checked = shop.run("check", *options, within_s=350)
    assert checked.code == 0, checked.err
    assert "✔ test_burst.py::test_a_burst_of_200_orders_leaves_everything_in_order" in checked.err

    mine = f"label=spacectl.system={name}"
    assert docker("ps", "--all", "--quiet", "--filter", mine) == ""
    assert docker("network", "ls", "--quiet", "--filter", mine) == ""
    images = docker("images", "--format", "{{.Repository}}")
    assert {image for image in images.splitlines() if image.startswith(f"{name}/")} == {
        f"{name}/{each}" for each in contained
    }
    assert shop.run("down", "--data").code == 0
    assert f"{name}/" not in docker("images", "--format", "{{.Repository}}")
