"""The shop, made from its template and put through its paces; and the same command from an installed wheel."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from xmlschema import XMLSchema

pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]

KILLS = Path(__file__).with_name("kills.py")
ROOT = Path(__file__).parents[2]
SCHEMA = XMLSchema(ROOT / "tests" / "view" / "junit" / "junit-10.xsd")
UV = Path(sys.executable).with_name("uv")
PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider")
SPACES = ("catalog", "cart", "orders", "payments")


@pytest.fixture
def cached(environment: Mapping[str, str]) -> dict[str, str]:
    """The test's environment, with the caches of package tools shared, so that nothing is fetched twice."""
    cache = subprocess.run([UV, "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()
    path = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    return {**environment, "UV_CACHE_DIR": cache, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def run(words: list[Any], cwd: Path, env: Mapping[str, str], *, within_s: float = 180) -> str:
    done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, timeout=within_s, check=False)
    assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def served_as_committed(contracts: Any) -> set[str]:
    """The documents of a running system that it serves as they are committed; no contract is broken."""
    assert contracts.code == 0, contracts.out + contracts.err
    checks = json.loads(contracts.out)["checks"]
    return {each["via"] for each in checks if each["check"] == "drift" and each["verdict"] == "compatible"}


def test_the_shop_sells_and_survives(
    adopt_system: Callable[..., Any], cached: dict[str, str], tmp_path: Path, wait_for: Callable[..., Any]
) -> None:
    run([sys.executable, "-m", "spacectl", "new", "shop", "-t", "ecommerce"], tmp_path, cached)
    shop = adopt_system(tmp_path / "shop", **cached)
    checked = shop.run("check", "--no-restart-check", "--junit", "junit.xml", within_s=250)
    assert checked.code == 0, checked.err
    assert "✔ test_invariants.py::test_every_invariant_holds_in_the_end" in checked.err
    SCHEMA.validate(shop.root / "junit.xml")
    assert_what_breaks_is_named(shop, cached)
    up = shop.up("--timeout", "180s", within_s=200)
    assert "shop  ● ready  bus ● ready" in up.err
    assert served_as_committed(shop.run("contracts", "--json")) == {
        f"spaces/{name}/contract/openapi.json" for name in SPACES
    }
    run([sys.executable, *PYTEST, "checks", "--ignore", "checks/test_burst.py"], shop.root, cached)

    orders = next(space["url"] for space in shop.ps()["spaces"] if space["name"] == "orders")
    before = orders_there(orders)
    burst = shop.foreground(*PYTEST, "checks/test_burst.py", program=(sys.executable,))
    wait_for(lambda: orders_there(orders) > before + 5, "orders of the burst")
    for name in SPACES:
        assert burst.process.poll() is None, f"the burst is over before every space was killed:\n{burst.out}"
        os.kill(shop.replica(f"{name}.1")["pid"], signal.SIGKILL)
        shop.wait_for_replica(f"{name}.1", lambda each: each["restarts"] == 1 and each["state"] == "ready")
    assert burst.ended(within_s=120) == 0, burst.out
    assert shop.up().err == "nothing changed\n"  # however often its spaces were started since

    assert shop.run("down").code == 0
    assert not shop.marked()
    assert not shop.here()


def assert_what_breaks_is_named(shop: Any, env: Mapping[str, str]) -> None:
    """A field renamed by orders and an endpoint that catalog no longer has; what was changed is put back."""
    orders, catalog = shop.root / "spaces/orders/contract", shop.root / "spaces/catalog"
    changed = [orders / "asyncapi.json", catalog / "catalog/api.py", catalog / "contract/openapi.json"]
    placed, api, _ = before = [file.read_text() for file in changed]
    document = json.loads(placed)
    schema = document["components"]["schemas"]["Placed"]
    renamed = json.dumps(schema).replace('"total_cents"', '"sum_cents"')
    document["components"]["schemas"]["Placed"] = json.loads(renamed)
    changed[0].write_text(json.dumps(document))
    changed[1].write_text(api.replace('@router.get("/products/{sku}"', '@router.get("/goods/{sku}"'))
    run([catalog / ".venv/bin/python", "-m", "catalog.contract"], catalog, env)
    (shop.root / "checks").rename(shop.root / "other-checks")  # what they say of it is another matter

    done = shop.run("check", "--no-restart-check", "--json", within_s=120)
    assert done.code == 1, done.err
    failed = {each["name"]: each for each in done.json["results"] if each["outcome"] == "failed"}
    event, call = (
        "contract fit: orders → payments orders.placed",
        "contract fit: cart → catalog GET /products/{sku} request",
    )
    assert failed.keys() == {event, call}
    assert "total_cents" in failed[event]["detail"]
    assert "no GET /products/{sku}" in failed[call]["detail"]

    (shop.root / "other-checks").rename(shop.root / "checks")
    for file, text in zip(changed, before, strict=True):
        file.write_text(text)


def test_kills_at_random_lose_nothing(adopt_system: Callable[..., Any], cached: dict[str, str], tmp_path: Path) -> None:
    run([sys.executable, "-m", "spacectl", "new", "shop", "-t", "ecommerce"], tmp_path, cached)
    shop = adopt_system(tmp_path / "shop", **cached)
    told = run([sys.executable, KILLS, shop.root, "--kills", "30", "--seed", "7"], tmp_path, cached, within_s=380)
    assert "30 kills in " in told
    assert not shop.marked()
    assert not shop.here()


def orders_there(url: str) -> int:
    return int(httpx.get(f"{url}/orders", params={"limit": 1}, trust_env=False).json()["total"])


def test_an_installed_wheel_outside_the_checkout(
    adopt_system: Callable[..., Any], cached: dict[str, str], tmp_path: Path
) -> None:
    run([UV, "build", "--wheel", "--quiet", "--no-build-isolation", "--python", sys.executable, "--out-dir", tmp_path,
         ROOT], tmp_path, cached)  # fmt: skip
    (wheel,) = tmp_path.glob("spacectl-*.whl")
    env = tmp_path / "env"
    run([UV, "venv", "--quiet", "--python", sys.executable, env], tmp_path, cached)
    lock = ROOT / "requirements.lock"
    install = [UV, "pip", "install", "--quiet", "--python", env / "bin" / "python"]
    run([*install, "--require-hashes", "-r", lock], tmp_path, cached)
    run([*install, "--no-deps", wheel], tmp_path, cached)

    outside = {name: value for name, value in cached.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    program = env / "bin" / "spacectl"
    run([program, "new", "tiny"], tmp_path, outside)
    system = adopt_system(tmp_path / "tiny", **outside)
    system.program = (str(program),)
    run([program, "add", "hello", "--publishes", "hello.said"], system.root, outside)
    system.up("--timeout", "120s", within_s=150)
    assert system.run("call", "hello", "GET", "/health").code == 0
    modules = [path for process in system.supervisors() for path in process.cmdline() if str(ROOT) in path]
    assert not modules
    assert system.run("down").code == 0
    checked = system.run("check", within_s=120)
    assert checked.code == 0, checked.err
    assert "✔ test_ready.py::test_system_is_ready" in checked.err
    assert not system.here()
