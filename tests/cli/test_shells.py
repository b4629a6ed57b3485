"""What shells are answered: real ones at a terminal, and how their peculiar lines are read."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from spacectl.cli import output
from spacectl.cli.shells import answering
from tests.support.shells import Shell, completing_shell

SPACES = {
    "orders": '[events]\npublishes = ["orders.placed", "orders.cancelled"]\n',
    "order-history": "",
    "payments": "",
    "evil": 'profiles = ["evil\\\\$(touch touched)", "evil`touch touched`", "evil;touch touched", "evil"]\n',
}
IN_CI = os.environ.get("CI") == "true"
SHELLS = [
    pytest.param(name, marks=pytest.mark.skipif(not (IN_CI or shutil.which(name)), reason=f"{name} is not installed"))
    for name in ("bash", "zsh", "fish")
]


@pytest.mark.parametrize("name", SHELLS)
def test_a_person_types_a_little_and_gets_whole_words(name: str, tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    for space, text in SPACES.items():
        folder = shop / "spaces" / space
        folder.mkdir(parents=True)
        (folder / "space.toml").write_text(f'[space]\nname = "{space}"\n{text}')
    (shop / "system.toml").write_text('[system]\nname = "shop"\n')
    with completing_shell(name, tmp_path) as shell:
        _elsewhere(shell)
        shell.go_to("shop")
        _here(shell)
    assert not [*tmp_path.rglob("touched")]


def _elsewhere(shell: Shell) -> None:
    """Where no system is, and then with one that is named."""
    assert shell.words("spacectl resta\tpay\t") == ["spacectl", "restart", "pay"]
    assert shell.words("spacectl restart --system=shop pay\t") == ["spacectl", "restart", "--system=shop", "payments"]
    assert shell.words("spacectl restart --system ~/shop pay\t")[-1] == "payments"


def _here(shell: Shell) -> None:
    """In the folder of a system. No blank comes between a space and its number."""
    assert shell.words("spacectl scale pay\t3") == ["spacectl", "scale", "payments=3"]
    assert shell.words("spacectl scale payments=\t3") == ["spacectl", "scale", "payments=3"]
    assert shell.words("spacectl up --scale=pay\t3") == ["spacectl", "up", "--scale=payments=3"]
    assert shell.words("spacectl add x --calls=orders,pay\t")[-1] == "--calls=orders,payments"
    assert shell.words("spacectl up --profile ev\t") == ["spacectl", "up", "--profile", "evil"]
    assert shell.words("spacectl up --runtime=con\tpay\t") == ["spacectl", "up", "--runtime=container", "payments"]


@pytest.mark.parametrize(
    ("typed", "read", "offered"),
    [
        ("up pay", "up pay", {"payments": "payments"}),
        ("up --scale = pay", "up --scale=pay", {"payments=1": "payments=1"}),
        ("up --scale = pay = 1", "up --scale=pay=1", {"pay=12": "12"}),
        ("up --scale pay =", "up --scale pay=", {"pay=1": "1", "pay=2": "2"}),
        ("up --scale = pay = 1 ", "up --scale=pay=1 ", {"cart": "cart"}),
        ("scale a = 1 pay = 2", "scale a=1 pay=2", {"pay=23": "23"}),
    ],
)
def test_bash_takes_words_apart_at_each_equals_sign(
    typed: str, read: str, offered: dict[str, str], capsys: Any, monkeypatch: Any
) -> None:
    words = ["spacectl", *typed.split(" ")]
    monkeypatch.setenv("_SPACECTL_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "\n".join([*words, "behind", "the", "cursor"]))
    monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
    with answering():
        joined = os.environ["COMP_WORDS"].split("\n")
        at = int(os.environ["COMP_CWORD"])
        output.out_lines(offered)
    assert (joined, at) == (["spacectl", *read.split(" ")], len(joined) - 1)
    assert capsys.readouterr().out.splitlines() == list(offered.values())


def test_nothing_but_an_answer_is_printed(capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("_SPACECTL_COMPLETE", "complete_fish")
    with answering():
        output.say("error: trouble")
        output.out("payments")
    assert capsys.readouterr() == ("payments\n", "")


def test_a_command_that_no_shell_asks_for_prints_as_ever(capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.delenv("_SPACECTL_COMPLETE", raising=False)
    with answering():
        output.say("up")
        output.out("payments")
    assert capsys.readouterr() == ("payments\n", "up\n")
