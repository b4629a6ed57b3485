"""The shop's own files: its catalogue, what its spaces declare, its checks and its customers."""

from __future__ import annotations

import importlib
import json
import os
import py_compile
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from spacectl.model.manifest import SpaceManifest
from spacectl.scaffold.system import NewSystem, make_system
from spacectl.scaffold.templates import Template, find_template, templates_folder

SHOP = templates_folder() / "systems" / "ecommerce"
CHECKS = SHOP / "checks"
PRODUCTS = json.loads((SHOP / "spaces/catalog/catalog/data/products.json").read_text(encoding="utf-8"))
OVERLAYS = sorted((SHOP / "spaces").glob("*/space.toml"))


# The catalogue


def test_each_product_has_exactly_the_keys_the_catalogue_reads() -> None:
    wanted = {"sku": str, "name": str, "description": str, "category": str, "price_cents": int, "stock": int}
    for product in PRODUCTS:
        assert {key: type(value) for key, value in product.items()} == wanted


def test_there_are_about_200_in_many_categories() -> None:
    categories = Counter(product["category"] for product in PRODUCTS)
    assert 190 <= len(PRODUCTS) <= 220
    assert len(categories) >= 10
    assert min(categories.values()) >= 10


@pytest.mark.parametrize("key", ["sku", "name", "description"])
def test_no_two_products_share(key: str) -> None:
    assert [text for text, count in Counter(product[key] for product in PRODUCTS).items() if count > 1] == []


def test_skus_number_the_products_of_a_category() -> None:
    prefixes: dict[str, set[str]] = {}
    for product in PRODUCTS:
        assert re.fullmatch(r"[A-Z]{3}-\d{4}", product["sku"])
        prefixes.setdefault(product["category"], set()).add(product["sku"][:3])
    assert all(len(found) == 1 for found in prefixes.values())
    assert len({prefix for found in prefixes.values() for prefix in found}) == len(prefixes)


def test_texts_are_sentences_that_fit_a_page() -> None:
    for product in PRODUCTS:
        assert 3 <= len(product["name"]) <= 40, product["name"]
        assert 40 <= len(product["description"]) <= 200, product["sku"]
        assert product["description"][0].isupper(), product["sku"]
        assert product["description"].endswith("."), product["sku"]
        assert product["description"] == product["description"].strip()


def test_prices_and_stock_are_believable_and_some_things_are_scarce() -> None:
    stock = [product["stock"] for product in PRODUCTS]
    assert all(100 <= product["price_cents"] <= 50_000 for product in PRODUCTS)
    assert (min(stock), max(stock)) == (0, 500)
    assert 3 <= stock.count(0) <= 12
    assert 3 <= sum(1 <= count <= 3 for count in stock) <= 12


def test_customers_search_for_what_there_is_and_twice_for_what_there_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    with importable(monkeypatch, SHOP / "spaces/shopper", "shopper"):
        searches: tuple[str, ...] = importlib.import_module("shopper.behaviour").SEARCHES
    texts = [f"{product['name']} {product['description']}".lower() for product in PRODUCTS]
    fruitless = [words for words in searches if not any(words in text for text in texts)]
    assert fruitless == list(searches[-2:])


# What the spaces declare


def planned() -> Template:
    return find_template("system", "ecommerce")


def test_the_shop_has_its_five_spaces() -> None:
    assert {space.name for space in planned().spaces} == {"catalog", "cart", "orders", "payments", "shopper"}


def test_what_is_subscribed_to_is_published_and_what_is_called_is_there() -> None:
    spaces = planned().spaces
    published = {subject for space in spaces for subject in space.publishes}
    assert {subject for space in spaces for subject in space.subscribes} <= published
    assert {name for space in spaces for name in space.calls} <= {space.name for space in spaces}
    for space in spaces:
        assert all(subject.startswith(f"{space.name}.") for subject in space.publishes)


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda overlay: overlay.parent.name)
def test_a_manifest_of_its_own_declares_what_the_template_says(overlay: Path) -> None:
    manifest = SpaceManifest.model_validate(tomllib.loads(overlay.read_text(encoding="utf-8")))
    (plan,) = [space for space in planned().spaces if space.name == overlay.parent.name]
    assert manifest.space.name == plan.name
    assert manifest.space.summary == plan.summary
    assert set(manifest.events.publishes) == set(plan.publishes)
    assert set(manifest.events.subscribes) == set(plan.subscribes)
    assert set(manifest.api.calls) == set(plan.calls)


@pytest.mark.parametrize(
    "contract", sorted((SHOP / "spaces").glob("*/contract/openapi.json")), ids=lambda p: p.parts[-3]
)
def test_a_contract_says_of_its_space_what_the_template_says(contract: Path) -> None:
    info = json.loads(contract.read_text(encoding="utf-8"))["info"]
    (plan,) = [space for space in planned().spaces if space.name == contract.parts[-3]]
    assert (info["title"], info["summary"]) == (plan.name, plan.summary)


# The checks


@pytest.mark.parametrize("check", sorted(templates_folder().glob("systems/*/checks/*.py")), ids=lambda path: path.name)
def test_the_checks_compile(check: Path, tmp_path: Path) -> None:
    py_compile.compile(str(check), cfile=str(tmp_path / "compiled.pyc"), doraise=True)


@pytest.mark.parametrize("system", ["blank", "ecommerce"])
def test_the_checks_say_so_when_nothing_is_up(system: str, tmp_path: Path) -> None:
    folder = make_system(NewSystem(tmp_path / "nothing-up", find_template("system", system)))
    command = [sys.executable, "-m", "pytest", "checks", "-p", "no:cacheprovider"]
    # The checks are run as people run them: with the settings of the system's folder and nothing of this one's.
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=100)
    assert run.returncode == 1, run.stdout
    assert "is the system up?" in run.stdout
    assert "warning" not in run.stdout.lower()


def order(order_id: str, status: str, quantity: int = 1, cart_id: str | None = None) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "cart_id": cart_id or f"cart of {order_id}",
        "status": status,
        "reason": None,
        "total_cents": 100 * quantity,
        "items": [{"sku": "KIT-0001", "quantity": quantity}],
        "history": [{"status": "placed"}, {"status": status}],
    }


def payment(order_id: str, status: str, amount_cents: int = 100, number: int = 1) -> dict[str, Any]:
    return {
        "payment_id": f"{order_id}-{number}",
        "order_id": order_id,
        "status": status,
        "amount_cents": amount_cents,
    }


def shelf(initial: int, available: int, reserved: int, sold: int) -> dict[str, Any]:
    return {
        "sku": "KIT-0001",
        "initial": initial,
        "available": available,
        "reserved": reserved,
        "sold": sold,
    }


Found = Callable[..., tuple[list[str], list[str]]]
SOUND = [order("a", "confirmed", 2), order("b", "cancelled"), order("c", "cancelled")]
PAID = [payment("a", "captured", 200), payment("b", "declined"), payment("c", "refunded")]
STOCKED = [shelf(10, 8, 0, 2)]


def test_a_sound_shop_passes(found: Found) -> None:
    assert found(SOUND, PAID, STOCKED, carts=["cart of a", "cart of b"]) == ([], [])
    assert found([], [], [shelf(10, 10, 0, 0)]) == ([], [])


@pytest.mark.parametrize(
    ("orders", "payments", "stock", "said"),
    [
        ([], [], [shelf(10, -1, 11, 0)], "negative"),
        ([], [], [shelf(10, 9, 0, 0)], "does not add up"),
        ([*SOUND, order("d", "cancelled", cart_id="cart of a")], PAID, STOCKED, "became 2 orders"),
        (SOUND, [*PAID, payment("a", "captured", 200, number=2)], STOCKED, "captured 2 times"),
    ],
)
def test_what_must_never_be_is_found(
    found: Found, orders: list[Any], payments: list[Any], stock: list[Any], said: str
) -> None:
    broken, _ = found(orders, payments, stock)
    assert [said in line for line in broken] == [True]


@pytest.mark.parametrize(
    ("orders", "payments", "stock", "said"),
    [
        ([*SOUND, order("d", "reserved")], PAID, STOCKED, "neither confirmed nor cancelled"),
        (SOUND, PAID, [shelf(10, 7, 1, 2)], "are reserved"),
        (SOUND, PAID, [shelf(10, 7, 0, 3)], "confirmed orders hold 2"),
        (SOUND, PAID[1:], STOCKED, "nothing is captured"),
        (SOUND, [payment("a", "captured", 199), *PAID[1:]], STOCKED, "199 are captured"),
        (SOUND, [PAID[0], payment("b", "captured"), PAID[2]], STOCKED, "keeps 100 cents"),
        (SOUND, [*PAID, payment("x", "captured")], STOCKED, "does not exist"),
    ],
)
def test_what_may_not_stay_is_found(
    found: Found, orders: list[Any], payments: list[Any], stock: list[Any], said: str
) -> None:
    broken, unsettled = found(orders, payments, stock)
    assert broken == []
    assert [said in line for line in unsettled] == [True]


def test_a_cart_without_an_order_is_found(found: Found) -> None:
    _, unsettled = found(SOUND, PAID, STOCKED, carts=["cart of a", "lost"])
    assert unsettled == ["cart lost was checked out and has no order"]


# The customers


def test_the_shoppers_own_tests_pass(tmp_path: Path) -> None:
    shop = make_system(NewSystem(tmp_path / "shop", planned()))
    command = [
        str(Path(sys.executable).parent / "uv"),
        "run",
        "--no-project",
        "--with-requirements",
        "requirements-dev.lock",
        "pytest",
    ]
    # A virtual environment around this test is none of the space's business.
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    run = subprocess.run(
        command, cwd=shop / "spaces/shopper", env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert " passed" in run.stdout
    assert "warning" not in run.stdout.lower()


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Iterator[Found]:
    """What the checks find in a snapshot: what must never be, and what may not stay."""
    with importable(monkeypatch, CHECKS, "invariants", "shop", "waiting", "spacectl_ps"):
        yield finder(importlib.import_module("invariants"))


def finder(invariants: ModuleType) -> Found:
    def find(
        orders: list[Any], payments: list[Any], stock: list[Any], carts: Sequence[str] = ()
    ) -> tuple[list[str], list[str]]:
        snapshot = invariants.Snapshot(tuple(orders), tuple(payments), tuple(stock))
        return invariants.broken(snapshot), invariants.unsettled(snapshot, carts)

    return find


@contextmanager
def importable(monkeypatch: pytest.MonkeyPatch, folder: Path, *names: str) -> Iterator[None]:
    """Modules of a template, for the time of one test and without a trace in its folder."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.syspath_prepend(str(folder))
    yield
    for module in [name for name in sys.modules if name.partition(".")[0] in names]:
        del sys.modules[module]
