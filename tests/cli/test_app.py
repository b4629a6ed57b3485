"""The command line as a whole: its help, its answers to wrong usage, and what becomes of errors."""

from __future__ import annotations

import errno
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from spacectl.cli import app as application
from spacectl.cli import output
from spacectl.errors import Exit, InternalError, MachineError, ManifestError, SpacectlError, UsageError

COMMANDS = [command.name or command.callback.__name__ for command in application.app.registered_commands]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "spacectl", *words], capture_output=True, text=True, check=False)


def shown(*words: str, columns: int) -> str:
    done = CliRunner().invoke(application.app, [*words, "--help"], terminal_width=columns)
    assert done.exit_code == 0
    return done.output


@pytest.mark.parametrize("columns", [40, 60, 100])
def test_help_lists_every_command_with_what_it_does_within_the_terminal(columns: int) -> None:
    text = shown(columns=columns)
    for name in COMMANDS:
        assert re.search(rf"^  {name} +[a-zJ]", text, re.MULTILINE), name
    assert "..." not in text.partition("Options:")[2]  # nothing is cut off
    assert max(len(line) for line in text.splitlines()) <= columns
    assert [line for line in text.splitlines() if re.fullmatch(r"[A-Z][a-z ]+:", line)] == [
        "Options:", "Make:", "Run:", "Look:", "Check:", "Talk:", "Manifests and machine:",
    ]  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_has_an_example_that_can_be_copied(name: str) -> None:
    text = shown(name, columns=60)
    lines = text.splitlines()
    example = lines[lines.index("  Example:") + 1]
    assert example.startswith(f"    spacectl {name}")
    assert max(len(line) for line in lines if line != example) <= 60
    callback = next(c.callback for c in application.app.registered_commands if c.callback.__name__ == name)
    assert f"Example: {example.strip()}" in (inspect.getdoc(callback) or "")


@pytest.mark.parametrize(
    ("words", "said", "where"),
    [
        (["pss"], "No such command 'pss'. Did you mean 'ps'?", "spacectl"),
        (["up", "--detatch"], "No such option: --detatch", "spacectl up"),
        (["ps", "extra"], "Got unexpected extra argument", "spacectl ps"),
        (["call", "orders"], "Missing argument", "spacectl call"),
        (["up", "--timeout"], "Option '--timeout' requires an argument", "spacectl"),
    ],
)
def test_wrong_usage_exits_2_with_a_hint(words: list[str], said: str, where: str) -> None:
    done = run(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {said}")
    assert done.stderr.endswith(f"  hint: see `{where} --help`\n")


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "new"])
def test_every_command_refuses_an_option_it_does_not_know(name: str) -> None:
    done = CliRunner().invoke(application.app, [name, "--bogus"], standalone_mode=False)
    assert getattr(done.exception, "exit_code", None) == 2


def test_a_wrong_duration_exits_2(tmp_path: Path) -> None:
    (tmp_path / "system.toml").write_text('[system]\nname = "x"\n')
    for words in (("up",), ("start",), ("stop",), ("restart",)):
        done = subprocess.run([sys.executable, "-m", "spacectl", *words, "--timeout", "soon"], cwd=tmp_path,
                              capture_output=True, text=True, check=False)  # fmt: skip
        assert (done.returncode, done.stderr.partition("\n")[0]) == (2, 'error: "soon" is not a duration')
        assert "  hint: a duration is written like " in done.stderr


def test_no_argument_shows_the_help() -> None:
    done = run()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: spacectl [OPTIONS] COMMAND")


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]):  # noqa: ANN201
    """Runs `main` with a command line that raises; gives the exit code and stderr."""
    monkeypatch.setattr(output, "open_streams", lambda: None)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)

    def main(error: BaseException) -> tuple[int, str]:
        def fail(**_: object) -> None:
            raise error

        monkeypatch.setattr(application, "app", fail)
        with pytest.raises(SystemExit) as exit_:
            application.main()
        return int(exit_.value.code or 0), capsys.readouterr().err

    return main


@pytest.mark.parametrize(
    ("error", "code"),
    [(SpacectlError("x"), 1), (UsageError("x"), 2), (MachineError("x"), 6), (InternalError("x"), 70)],
)  # fmt: skip
def test_an_error_is_one_line_a_hint_and_its_exit_code(failing, error: SpacectlError, code: int) -> None:  # noqa: ANN001
    error.hint = "try y"
    assert failing(error) == (code, "error: x\n  hint: try y\n")


def test_manifest_problems_stand_as_they_are(failing) -> None:  # noqa: ANN001
    assert failing(ManifestError("a.toml:1: k: wrong")) == (3, "a.toml:1: k: wrong\n")


def test_a_bug_keeps_its_traceback_in_a_file_that_is_named(failing, tmp_path: Path) -> None:  # noqa: ANN001
    code, err = failing(ZeroDivisionError("in the middle"))
    assert code == Exit.BUG
    (kept,) = tmp_path.glob("spacectl-bug-*.txt")
    assert err == f"error: this is a bug in spacectl; its traceback is in {kept}\n"
    assert kept.read_text().endswith("ZeroDivisionError: in the middle\n")


def test_a_bug_where_no_file_can_be_written_shows_its_traceback(
    failing, monkeypatch: pytest.MonkeyPatch  # noqa: ANN001
) -> None:  # fmt: skip
    def full(**_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.mkstemp", full)
    code, err = failing(ZeroDivisionError("in the middle"))
    assert code == Exit.BUG
    assert err.endswith("ZeroDivisionError: in the middle\n\n")


def test_a_full_disk_is_the_machines_fault_wherever_it_is_met(failing) -> None:  # noqa: ANN001
    code, err = failing(OSError(errno.ENOSPC, "No space left on device", "/data/x"))
    assert code == Exit.MACHINE
    assert err.startswith("error: cannot write /data/x: No space left on device\n  hint: ")


@pytest.mark.parametrize(
    ("error", "code"), [(KeyboardInterrupt(), 130), (typer.Abort(), 130), (output.ReaderGoneError(), 0)]
)
def test_an_interrupt_and_a_reader_that_left_say_nothing(
    failing, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int  # noqa: ANN001
) -> None:  # fmt: skip
    monkeypatch.setattr(output, "close_out", lambda: None)
    assert failing(error) == (code, "")
