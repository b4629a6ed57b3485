from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from spacectl.cli.add import add
from spacectl.cli.new import new
from spacectl.errors import NotRunningError, UsageError

Write = Callable[[Path, Mapping[str, str]], Path]
PATIENCE_S = 30

app = typer.Typer()
app.command()(new)
app.command()(add)


def run(*words: str) -> tuple[str, str]:
    """Runs a command in this process; gives stdout and stderr, and raises what it raises."""
    ran = CliRunner().invoke(app, words, standalone_mode=False)
    if ran.exception is not None:
        raise ran.exception
    return ran.stdout, ran.stderr


@pytest.fixture
def theirs(tmp_path: Path, write: Write) -> Path:
    return write(
        tmp_path / "theirs",
        {"copier.yml": "colour: {type: str}\n", "a.txt.jinja": "{{ colour }}", "system.toml": ""},
    )


def test_new_says_what_to_do_next_and_keeps_stdout_clean(work: Path) -> None:
    out, err = run("new", "my shop".replace(" ", "-"))
    assert out == ""
    assert err == f"making my-shop from the template blank\nmade {work}/my-shop\nnext: cd my-shop && spacectl up\n"
    assert (work / "my-shop/system.toml").is_file()


def test_new_quotes_the_folder_it_names(work: Path) -> None:
    _, err = run("new", "two words/shop", "-t", "blank")
    assert "cd 'two words/shop' && spacectl up" in err
    assert (work / "two words/shop").is_dir()


def test_new_json_is_one_document(work: Path, theirs: Path) -> None:
    out, _ = run("new", "shop", "-t", str(theirs), "--data", "colour=a=b", "--json")
    assert json.loads(out) == {
        "system": "shop",
        "path": str(work / "shop"),
        "template": str(theirs),
        "runnable": True,
    }
    assert (work / "shop/a.txt").read_text() == "a=b"


def test_a_template_without_a_system_is_told(work: Path, theirs: Path) -> None:
    (theirs / "system.toml").unlink()
    _, err = run("new", "shop", "-t", str(theirs), "--data", "colour=red")
    assert "no system.toml" in err
    assert (work / "shop/a.txt").is_file()


def test_nobody_is_asked_without_a_terminal(work: Path, theirs: Path) -> None:
    with pytest.raises(UsageError, match="needs an answer to colour"):
        run("new", "shop", "-t", str(theirs))
    assert not list(work.iterdir())


@pytest.mark.parametrize(
    "words", [["new"], ["new", "shop", "--data", "colour"], ["new", "shop", "--data", "=x"], ["new", "shop", "-t", ""]]
)
def test_new_with_words_that_make_no_sense(words: list[str], work: Path) -> None:
    with pytest.raises(UsageError):
        run(*words)
    assert not list(work.iterdir())


def test_a_refused_new_says_nothing_of_making(work: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError):
        run("new", "My Shop")
    assert not list(work.iterdir())
    assert capfd.readouterr() == ("", "")


def test_the_list_of_templates(work: Path) -> None:
    out, err = run("new", "--list")
    assert "blank" in out
    assert err == ""
    document = json.loads(run("new", "--list", "--json")[0])
    by_name = {system["name"]: system for system in document["systems"]}
    assert by_name["blank"]["spaces"] == []
    assert by_name["blank"]["summary"]
    assert work.is_dir()


def test_add_needs_a_system(work: Path) -> None:
    with pytest.raises(NotRunningError, match="no system here"):
        run("add", "orders")
    assert not list(work.iterdir())


PROGRAM = """
import typer
from spacectl.cli.new import new
app = typer.Typer()
app.command()(new)
app()
"""


def on_a_terminal(words: list[str], answers: Mapping[str, str]) -> str:
    """Runs `new` on a terminal of its own, types each answer once its question is there; gives what was shown."""
    ours, theirs_end = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words],
        stdin=theirs_end,
        stdout=theirs_end,
        stderr=theirs_end,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120", "LINES": "40"},
    ) as process:
        os.close(theirs_end)
        shown = b""
        waiting = dict(answers)
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and select.select([ours], [], [], deadline - time.monotonic())[0]:
            try:
                shown += os.read(ours, 65536)
            except OSError:  # how Linux says that nobody holds the other end any more
                break
            for question in [question for question in waiting if question.encode() in shown]:
                os.write(ours, waiting.pop(question).encode())
        process.kill()
    os.close(ours)
    assert not waiting
    return shown.decode(errors="replace")


def test_on_a_terminal_the_template_and_its_questions_are_asked(work: Path, theirs: Path) -> None:
    shown = on_a_terminal(["shop"], {"Which template?": "\r"})
    assert "next: cd shop" in shown
    assert 'name = "shop"' in (work / "shop/system.toml").read_text()
    on_a_terminal(["other", "-t", str(theirs)], {"colour": "green\r"})
    assert (work / "other/a.txt").read_text() == "green"


def test_leaving_at_a_question_leaves_nothing(work: Path, theirs: Path) -> None:
    on_a_terminal(["shop", "-t", str(theirs)], {"colour": "\x03"})
    on_a_terminal(["shop"], {"Which template?": "\x03"})
    assert not list(work.iterdir())


def test_add_takes_lists_and_says_what_is_next(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("new", "shop", "-t", "blank")
    monkeypatch.chdir(work / "shop/checks")
    out, err = run("add", "orders", "--publishes", "orders.placed,orders.paid", "--publishes", "orders.sent", "--json")
    assert json.loads(out) == {
        "space": "orders",
        "system": "shop",
        "path": str(work / "shop/spaces/orders"),
        "language": "python",
    }
    assert err == "added orders in spaces/orders\nnext: spacectl up\n"
    run("add", "billing", "--system", str(work / "shop"), "--subscribes", "orders.paid", "--calls", "orders")
    assert (work / "shop/spaces/billing/space.toml").is_file()
