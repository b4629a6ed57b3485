"""The command line as a whole: its commands, and the one boundary that turns errors into exits."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import typer
from typer.exceptions import TyperException

from spacectl.cli import output
from spacectl.cli.add import add
from spacectl.cli.call import call
from spacectl.cli.config import config
from spacectl.cli.doctor import doctor
from spacectl.cli.down import down
from spacectl.cli.logs import logs
from spacectl.cli.new import new
from spacectl.cli.ps import ps
from spacectl.cli.restart import restart
from spacectl.cli.schema import schema
from spacectl.cli.send import send
from spacectl.cli.start import start
from spacectl.cli.stop import stop
from spacectl.cli.tap import tap
from spacectl.cli.up import up
from spacectl.cli.version import version
from spacectl.errors import Exit, ManifestError, SpacectlError

_GROUPS: tuple[tuple[str, tuple[Callable[..., Any], ...]], ...] = (
    ("Make", (new, add)),
    ("Run", (up, down, start, stop, restart)),
    ("Look", (ps, logs)),
    ("Talk", (tap, send, call)),
    ("Manifests and machine", (config, schema, doctor, version)),
)

app = typer.Typer(
    name="spacectl",
    help="Scaffold, run, watch and check space-based systems on one machine.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _group, _commands in _GROUPS:
    for _command in _commands:
        app.command(rich_help_panel=_group)(_command)


def main() -> NoReturn:
    """Run the command line and exit with a code that says what happened."""
    try:
        code = app(standalone_mode=False)
    except SpacectlError as error:
        _complain(error)
        sys.exit(error.exit_code)
    except TyperException as error:
        sys.exit(_misused(error))
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(Exit.INTERRUPTED)
    except BrokenPipeError:
        _close_stdout()
        sys.exit(Exit.OK)
    except Exception:  # noqa: BLE001  (the last boundary: a bug keeps its traceback, in a file)
        output.say(f"error: this is a bug in spacectl; its traceback is in {_keep_traceback()}")
        sys.exit(Exit.BUG)
    sys.exit(code if isinstance(code, int) else Exit.OK)


def _complain(error: SpacectlError) -> None:
    # The problems of a manifest begin with `file:line:`, which terminals make clickable.
    output.say(error.message if isinstance(error, ManifestError) else f"error: {error.message}")
    if error.hint:
        output.say(f"  hint: {error.hint}")


def _misused(error: TyperException) -> int:
    context = getattr(error, "ctx", None)
    output.say(f"error: {error.format_message()}")
    output.say(f"  hint: see `{context.command_path if context else 'spacectl'} --help`")
    return error.exit_code


def _close_stdout() -> None:
    """The reader of our output has gone; nothing more may be written, not even while Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _keep_traceback() -> Path:
    path = Path.cwd() / "spacectl-bug.txt"
    text = traceback.format_exc()
    try:
        path.write_text(text, encoding="utf-8")
    except OSError:
        output.say(text)
    return path
