"""The shop's own checks, with its spaces in containers of a real engine: all of them, and some beside processes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from engine import PrivateEngine, docker, need_base_image

pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]


@pytest.fixture
def make_shop(adopt_system: Callable[..., Any], cached: dict[str, str], tmp_path: Path) -> Callable[..., Any]:
    """Makes a shop of a name of its own, whose images can be built here."""
    base = need_base_image()

    def make(name: str, **env: str) -> Any:
        words = [sys.executable, "-m", "spacectl", "new", name, "--template", "ecommerce"]
        subprocess.run(words, cwd=tmp_path, env=cached, capture_output=True, check=True)
        return adopt_system(tmp_path / name, **cached, BASE_IMAGE=base, **env)

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


@pytest.fixture
def private_engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[PrivateEngine]:
    """An engine that may be restarted, with the base image."""
    base = need_base_image()
    if os.geteuid() != 0:
        pytest.skip("only root can start an engine")
    with tempfile.TemporaryDirectory(prefix="engine") as folder, ExitStack() as stack:
        engine = PrivateEngine(Path(folder))
        stack.callback(engine.stop)
        engine.start()
        with subprocess.Popen(["docker", "save", base], stdout=subprocess.PIPE) as saved:
            subprocess.run(
                ["docker", "--host", engine.host, "load"], stdin=saved.stdout, capture_output=True, check=True
            )
        monkeypatch.setenv("DOCKER_HOST", engine.host)
        yield engine


def test_a_burst_survives_what_is_done_to_its_containers_and_to_the_engine(
    make_shop: Callable[..., Any], private_engine: PrivateEngine, wait_for: Callable[..., Any]
) -> None:
    shop = make_shop("shop", DOCKER_HOST=private_engine.host)
    shop.up("--runtime", "container", "--timeout", "180s", within_s=200)
    orders = next(space["url"] for space in shop.ps()["spaces"] if space["name"] == "orders")

    def is_back(replica: str, restarts: int) -> Any:
        return shop.wait_for_replica(replica, lambda each: each["restarts"] == restarts and each["state"] == "ready")

    burst = shop.foreground(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", "checks/test_burst.py", program=(sys.executable,)
    )
    wait_for(lambda: orders_there(orders) > 5, "orders of the burst")
    docker("kill", shop.replica("catalog.1")["container"])
    docker("rm", "--force", shop.replica("payments.1")["container"])
    docker("pause", (paused := shop.replica("cart.1")["container"]))
    for replica in ("catalog.1", "payments.1"):
        is_back(replica, 1)
    shop.wait_for_replica("cart.1", lambda each: each["state"] == "unhealthy")
    docker("unpause", paused)
    is_back("cart.1", 0)
    assert burst.process.poll() is None, f"the burst is over too early:\n{burst.out}"
    private_engine.stop()
    private_engine.start()
    for replica, restarts in (("catalog.1", 2), ("payments.1", 2), ("cart.1", 1), ("orders.1", 1)):
        is_back(replica, restarts)
    assert burst.ended(within_s=120) == 0, burst.out
    history = shop.log("supervisor")
    assert "killed by SIGKILL" in history
    assert "its container was removed by hand" in history
    assert "the Docker engine was stopped" in history
    assert shop.run("down", within_s=60).code == 0
    assert docker("ps", "--all", "--quiet") == ""


def orders_there(url: str) -> int:
    return int(httpx.get(f"{url}/orders", params={"limit": 1}, trust_env=False).json()["total"])
