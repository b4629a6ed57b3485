from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from spacectl.cli.config import config
from spacectl.cli.schema import schema
from spacectl.errors import ManifestError, NotRunningError, UsageError

app = typer.Typer()
app.command()(config)
app.command()(schema)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "system.toml").write_text('[system]\nname = "shop"\n')
    for name in ("cart", "orders"):
        (tmp_path / "spaces" / name).mkdir(parents=True)
        (tmp_path / "spaces" / name / "space.toml").write_text(f'[space]\nname = "{name}"\n[run]\ncommand = "run"\n')
    return tmp_path


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_whole_system(shop: Path) -> None:
    table = tomllib.loads(run("config", "--system", str(shop)))
    assert table["system"]["name"] == "shop"
    assert list(table["spaces"]) == ["cart", "orders"]
    assert table["spaces"]["orders"]["stop"] == {"signal": "SIGTERM", "timeout": "10s"}


def test_named_spaces_alone(shop: Path) -> None:
    assert tomllib.loads(run("config", "orders", "--system", str(shop))).keys() == {"spaces"}
    document = json.loads(run("config", "orders", "--json", "--system", str(shop)))
    assert document["system"]["name"] == "shop"
    assert list(document["spaces"]) == ["orders"]


def test_an_env_file_is_not_shown(shop: Path) -> None:
    folder = shop / "spaces/orders"
    (folder / ".env").write_text("TOKEN=sesame\n")
    (folder / "space.toml").write_text('[space]\nname = "orders"\n[run]\ncommand = "run"\nenv_file = ".env"\n')
    for form in ((), ("--json",)):
        assert "sesame" not in run("config", "--system", str(shop), *form)


def test_an_unknown_space(shop: Path) -> None:
    with pytest.raises(UsageError, match='there is no space "ordres" in shop') as caught:
        run("config", "ordres", "--system", str(shop))
    assert caught.value.hint == 'did you mean "orders"?'
    with pytest.raises(UsageError) as caught:
        run("config", "zzz", "--system", str(shop))
    assert caught.value.hint == 'its spaces are "cart" and "orders"'


def test_a_broken_system_and_none(shop: Path, tmp_path: Path) -> None:
    (shop / "spaces/cart/space.toml").write_text("")
    with pytest.raises(ManifestError, match="is empty\n1 problem in 1 file"):
        run("config", "--system", str(shop))
    with pytest.raises(NotRunningError):
        run("config", "--system", str(tmp_path / "spaces"))


@pytest.mark.parametrize("kind", ["system", "space"])
def test_schema(kind: str) -> None:
    document = json.loads(run("schema", kind))
    assert document["title"] == f"spacectl {kind}.toml"
    assert kind in document["required"]


def test_schema_of_something_else_is_wrong_usage() -> None:
    assert CliRunner().invoke(app, ["schema", "bus"]).exit_code == 2
