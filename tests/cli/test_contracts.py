from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from spacectl.cli.contracts import contracts
from spacectl.cli.new import new
from spacectl.errors import ManifestError, UsageError

app = typer.Typer()
app.command()(contracts)
app.command()(new)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, catch_exceptions=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "shop"
    assert run("new", str(folder), "-t", "ecommerce").exit_code == 0
    return folder


@pytest.fixture
def shop(made: Path, tmp_path: Path) -> Path:
    """A shop of one's own."""
    return shutil.copytree(made, tmp_path / "shop")


def change(shop: Path, space: str, name: str) -> Any:
    return json.loads((shop / "spaces" / space / "contract" / name).read_text())


def write(shop: Path, space: str, name: str, document: Any) -> None:
    (shop / "spaces" / space / "contract" / name).write_text(json.dumps(document))


def rename_total(shop: Path) -> None:
    document = change(shop, "orders", "asyncapi.json")
    placed = document["components"]["schemas"]["Placed"]
    placed["properties"]["sum_cents"] = placed["properties"].pop("total_cents")
    placed["required"] = [name.replace("total", "sum") for name in placed["required"]]
    write(shop, "orders", "asyncapi.json", document)


def test_a_new_shop_fits(shop: Path) -> None:
    result = run("contracts", "--strict", "--json", "--system", str(shop))
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert report["verdict"] == "compatible"
    fits = [check for check in report["checks"] if check["check"] == "fit" and check["kind"] == "event"]
    assert len(fits) == 11
    assert {check["verdict"] for check in fits} == {"compatible"}


def test_a_renamed_field_of_an_event(shop: Path) -> None:
    rename_total(shop)
    result = run("contracts", "--system", str(shop))
    assert result.exit_code == 1
    assert "✖ breaking    orders → payments  orders.placed\n" in result.stdout
    assert "the receiver requires total_cents, which the sender does not declare" in result.stdout
    assert "spaces/orders/contract/asyncapi.json#/components/schemas/Placed" in result.stdout
    assert "spaces/payments/contract/asyncapi.json#/components/schemas/OrderPlaced" in result.stdout
    assert '"sum_cents": 0' in result.stdout


def test_an_endpoint_that_is_gone_and_a_field_that_is_renamed(shop: Path) -> None:
    document = change(shop, "catalog", "openapi.json")
    product = document["components"]["schemas"]["Product"]
    product["properties"]["cents"] = product["properties"].pop("price_cents")
    product["required"].remove("price_cents")
    write(shop, "catalog", "openapi.json", document)
    result = run("contracts", "--system", str(shop))
    assert result.exit_code == 1
    assert "✖ breaking    catalog → cart  GET /products/{sku}  response\n" in result.stdout
    assert "the receiver requires price_cents, which the sender does not declare" in result.stdout
    del document["paths"]["/products/{sku}"]
    write(shop, "catalog", "openapi.json", document)
    result = run("contracts", "--system", str(shop))
    assert result.exit_code == 1
    assert "✖ breaking    cart → catalog  GET /products/{sku}  request\n" in result.stdout
    assert "catalog offers no GET /products/{sku}" in result.stdout


def test_only_some_spaces(shop: Path) -> None:
    rename_total(shop)
    assert run("contracts", "cart", "--system", str(shop)).exit_code == 0
    assert run("contracts", "payments", "--system", str(shop)).exit_code == 1
    with pytest.raises(UsageError, match='there is no space "payment"') as caught:
        run("contracts", "payment", "--system", str(shop))
    assert caught.value.hint == 'did you mean "payments"?'


def test_what_is_unproven_fails_only_where_that_is_asked_for(shop: Path) -> None:
    (shop / "spaces/payments/contract/asyncapi.json").unlink()
    assert run("contracts", "--system", str(shop)).exit_code == 0
    result = run("contracts", "--strict", "--system", str(shop))
    assert result.exit_code == 1
    assert "? unproven    payments → orders  payments.captured" in result.stdout


def test_a_known_difference_and_one_that_has_expired(shop: Path) -> None:
    rename_total(shop)
    entry = '[[ignore]]\nvia = "orders.placed"\nreceiver = "payments"\nreason = "payments follows"\nuntil = {}\n'
    (shop / "contract-ignore.toml").write_text(entry.format("9999-12-31"))
    result = run("contracts", "--system", str(shop))
    assert result.exit_code == 0
    assert "ignored (payments follows): the receiver requires total_cents" in result.stdout
    (shop / "contract-ignore.toml").write_text(entry.format("2020-01-01"))
    result = run("contracts", "--system", str(shop))
    assert result.exit_code == 1
    assert 'orders.placed ("payments follows") expired on 2020-01-01' in result.stderr


def test_a_wrong_file(shop: Path) -> None:
    document = change(shop, "orders", "asyncapi.json")
    document["components"]["schemas"]["Placed"]["properties"]["items"]["items"]["$ref"] = "#/components/schemas/Line"
    write(shop, "orders", "asyncapi.json", document)
    with pytest.raises(ManifestError) as caught:
        run("contracts", "--system", str(shop))
    first, second = caught.value.message.splitlines()[:2]
    file, _, problem = first.partition(": ")
    assert Path(file).samefile(shop / "spaces/orders/contract/asyncapi.json")  # named as it is nearest from here
    assert problem == "/components/schemas/Placed/properties/items/items/$ref: leads nowhere: #/components/schemas/Line"
    assert second == "    correct it, or add what it should lead to"
