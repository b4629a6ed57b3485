"""What is offered at TAB, as the command answers a shell."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from spacectl.cli import app as application
from spacectl.cli.options import SCREENS
from spacectl.model.layout import Layout
from spacectl.tui.app import SCREENS as OF_TOP
from spacectl.view.top_screens import columns_of

SPACES = {
    "orders": '[events]\npublishes = ["orders.placed", "orders.cancelled"]\n',
    "order-history": 'profiles = ["traffic", "night"]\n[api]\nserves = false\n',
    "payments": 'profiles = ["traffic"]\n[events]\npublishes = ["payments.captured"]\n',
    "migrate": 'kind = "job"\n',
}
PATHS = '{"paths": {"/orders": {"get": {}, "post": {}}, "/orders/{id}": {"get": {}}, "/state": {"get": {}}}}'
COUNTED = [f"payments={count}" for count in range(1, 5)]

# Whatever takes a text, a number or a path of one's own; a shell offers files then.
FREE = {
    "new": {"name", "data"},
    "add": {"space", "summary", "publishes"},
    "demo": {"for_seconds"},
    "top": {"filter_", "port"},
    "logs": {"since", "until", "tail", "grep"},
    "check": {"junit"},
    "tap": {"since", "count"},
    "send": {"body", "header", "event_id"},
    "call": {"body"},
}
FREE_ANYWHERE = {"timeout", "system"}


def make_shop(root: Path) -> Path:
    (root / "system.toml").write_text('[system]\nname = "shop"\nspaces = ["spaces/*"]\n')
    for name, text in SPACES.items():
        folder = root / "spaces" / name
        folder.mkdir(parents=True)
        (folder / "space.toml").write_text(f'[space]\nname = "{name}"\n{text}')
    contract = root / "spaces" / "orders" / "contract"
    contract.mkdir()
    (contract / "openapi.json").write_text(PATHS)
    return root


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("SPACECTL_SYSTEM", raising=False)
    root = tmp_path / "shop"
    root.mkdir()
    monkeypatch.chdir(make_shop(root))
    return root


@pytest.fixture
def offered(monkeypatch: Any, capsys: Any) -> Callable[..., list[str]]:
    """What is offered for the last word of a line."""

    def ask(line: str, shell: str = "fish") -> list[str]:
        monkeypatch.setenv("_SPACECTL_COMPLETE", f"complete_{shell}")
        monkeypatch.setenv("_TYPER_COMPLETE_ARGS", line)
        monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
        with pytest.raises(SystemExit) as ended:
            application.main()
        told = capsys.readouterr()
        assert (ended.value.code, told.err) == (0, "")
        return [each.partition("\t")[0] for each in told.out.splitlines()]

    return ask


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("spacectl resta", ["restart"]),
        ("spacectl restart ", ["migrate", "order-history", "orders", "payments"]),
        ("spacectl up order", ["order-history", "orders"]),
        ("spacectl up --profile ", ["night", "traffic"]),
        ("spacectl up --scale pay", COUNTED),
        ("spacectl up --scale orders=2 --scale payments=", COUNTED),
        ("spacectl up --runtime c", ["container"]),
        ("spacectl scale pay", COUNTED),
        ("spacectl logs pay", ["payments", "payments.build"]),
        ("spacectl logs --level ", ["debug", "info", "warning", "error"]),
        ("spacectl send orders.", ["orders.cancelled", "orders.placed"]),
        ("spacectl tap orders.p", ["orders.placed"]),
        ("spacectl new x -t e", ["ecommerce"]),
        ("spacectl add x --lang ", ["python"]),
        ("spacectl add x --subscribes ", ["orders.cancelled", "orders.placed", "payments.captured"]),
        ("spacectl add x --subscribes orders.placed,pay", ["orders.placed,payments.captured"]),
        ("spacectl add x --calls ", ["orders", "payments"]),
        ("spacectl add x --calls=orders,", ["--calls=orders,orders", "--calls=orders,payments"]),
        ("spacectl call ", ["orders", "payments"]),
        ("spacectl call orders P", ["PATCH", "POST", "PUT"]),
        ("spacectl call orders d", ["delete"]),
        ("spacectl call orders post /", ["/orders"]),
        ("spacectl call orders GET /", ["/orders", "/state"]),
        ("spacectl call payments GET /", []),
        ("spacectl top --screen m", ["messages"]),
        ("spacectl top --screen flow --sort la", ["lag"]),
        ("spacectl top --screen space --sort ", []),
        ("spacectl graph --format m", ["mermaid"]),
        ("spacectl schema sp", ["space"]),
        ("spacectl letters r", ["replay"]),
        ("spacectl letters show ", []),  # nothing runs
        ("spacectl nonsense or", []),
        ("spacectl restart --nonsense or", ["order-history", "orders"]),
    ],
)
def test_what_there_is_is_offered(line: str, words: list[str], offered: Callable[..., list[str]]) -> None:
    assert offered(line) == words


def test_the_named_system_is_meant(
    shop: Path, tmp_path: Path, offered: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLACE", str(tmp_path))
    Layout(shop, "a").home.mkdir(parents=True)
    for named in (f"--system {shop}", "--system=shop", '--system "$PLACE/shop"', "--system shop/.spacectl/isolated/a"):
        assert offered(f"spacectl restart {named} pay") == ["payments"]
    assert offered("spacectl restart --system nowhere pay") == []
    assert offered("spacectl restart pay") == []
    monkeypatch.setenv("SPACECTL_SYSTEM", str(shop))
    assert offered("spacectl restart pay") == ["payments"]
    assert offered("spacectl restart --system nowhere pay") == []


def test_a_home_folder_is_found(
    shop: Path, tmp_path: Path, offered: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir("/")
    assert offered("spacectl restart --system ~/shop pay") == ["payments"]
    assert offered("spacectl restart --system ~nobody-of-this-name/shop pay") == []
    assert shop.is_dir()


def test_logs_that_there_are(shop: Path, offered: Callable[..., list[str]]) -> None:
    logs = Layout(shop).logs
    logs.mkdir(parents=True)
    for name in ("orders.2.log", "orders.3.previous.log", "supervisor.log"):
        (logs / name).touch()
    assert offered("spacectl logs orders") == ["orders", "orders.2", "orders.build"]
    assert offered("spacectl logs --previous orders.") == ["orders.3", "orders.build"]
    assert offered("spacectl logs s") == ["spacectl"]


@pytest.mark.parametrize("command", ["check", "contracts"])
def test_branches_and_tags(shop: Path, command: str, offered: Callable[..., list[str]]) -> None:
    assert offered(f"spacectl {command} --against ") == []
    git = ["git", "-C", str(shop), "-c", "user.name=a", "-c", "user.email=a@example.com"]
    for words in (["init", "-q", "-b", "main"], ["commit", "-q", "--allow-empty", "-m", "Begin"], ["tag", "v1.0"]):
        subprocess.run([*git, *words], check=True)
    assert offered(f"spacectl {command} --against ") == ["main", "v1.0"]
    assert offered(f"spacectl {command} --against v") == ["v1.0"]


@pytest.mark.parametrize(
    "text",
    [
        "no toml",
        "space = 1",
        "[other]",
        "events = 1\n[space]\nname = 'a'",
        "api = 1\n[space]\nname = 'a'",
        "[space]\nname = 1",
        "[space]\nname = 'a'\n[events]\npublishes = 5",
        "[space]\nname = 'a'\n[events]\npublishes = [5]",
        f"a = {'[' * 5000}",
    ],
)
def test_what_is_wrong_with_one_manifest_takes_nothing_from_the_others(
    shop: Path, text: str, offered: Callable[..., list[str]]
) -> None:
    (shop / "spaces" / "orders" / "space.toml").write_text(text)
    assert offered("spacectl tap ") == ["payments.captured"]


@pytest.mark.parametrize("text", ["no toml", "system = 1", "[system]\nspaces = 1", "[system]\nspaces = ['/', '']"])
def test_a_system_that_cannot_be_read_offers_nothing(shop: Path, text: str, offered: Callable[..., list[str]]) -> None:
    (shop / "system.toml").write_text(text)
    assert offered("spacectl restart ") == []


@pytest.mark.parametrize("text", ["", "[]", '{"paths": 1}', '{"paths": {"/a": 1}}', "[" * 5000])
def test_a_contract_that_cannot_be_read_offers_nothing(
    shop: Path, text: str, offered: Callable[..., list[str]]
) -> None:
    (shop / "spaces" / "orders" / "contract" / "openapi.json").write_text(text)
    assert offered("spacectl call orders GET ") == []


def test_outside_a_system_nothing_is_offered(
    tmp_path: Path, offered: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for line in ("restart ", "add x --calls ", "call ", "logs orders", "letters drop ", "check --against "):
        assert offered(f"spacectl {line}") == []


def test_whatever_has_a_closed_set_offers_it() -> None:
    """So that nobody adds an option and forgets what can be typed there."""
    whole = get_command(application.app)
    assert isinstance(whole, TyperGroup)
    silent = {
        (name, option.name)
        for name, command in whole.commands.items()
        for option in command.params
        if not getattr(option, "is_flag", False)
        and getattr(option, "_custom_shell_complete", None) is None
        and not getattr(option, "type_descriptor").is_choice  # noqa: B009  (Typer's own, which types do not tell)
        and option.name not in FREE_ANYWHERE
    }
    assert silent == {(name, option) for name, options in FREE.items() for option in options}


def test_the_screens_are_those_of_top() -> None:
    assert SCREENS == OF_TOP
    assert [screen for screen in SCREENS if not columns_of(screen)] == ["logs", "space"]
