"""The command line as a whole: its commands, and the one boundary that turns errors into exits."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from typing import Annotated, Any, NoReturn

import typer
from typer.exceptions import TyperException

from spacectl import __version__
from spacectl.cli import installing, output, shells
from spacectl.cli.add import add
from spacectl.cli.call import call
from spacectl.cli.check import check
from spacectl.cli.config import config
from spacectl.cli.contracts import contracts
from spacectl.cli.demo import demo
from spacectl.cli.doctor import doctor
from spacectl.cli.down import down
from spacectl.cli.flow import flow
from spacectl.cli.graph import graph
from spacectl.cli.helping import Groups, help_of
from spacectl.cli.letters import letters
from spacectl.cli.logs import logs
from spacectl.cli.new import new
from spacectl.cli.ps import ps
from spacectl.cli.restart import restart
from spacectl.cli.scale import scale
from spacectl.cli.schema import schema
from spacectl.cli.send import send
from spacectl.cli.start import start
from spacectl.cli.stop import stop
from spacectl.cli.tap import tap
from spacectl.cli.top import top
from spacectl.cli.up import up
from spacectl.cli.version import version
from spacectl.errors import Exit, ManifestError, SpacectlError, machine_error

_GROUPS: dict[str, dict[Callable[..., Any], str]] = {
    "Make": {
        new: "make a system from a template",
        add: "add a space to the system here",
        demo: "a shop with customers, to look at; gone when it ends",
    },
    "Run": {
        up: "build and start everything, or bring it up to date; wait until ready",
        down: "stop everything",
        start: "start spaces",
        stop: "stop spaces",
        restart: "stop spaces and start them again",
        scale: "run more or fewer replicas of spaces",
    },
    "Look": {
        ps: "what runs, and how it is",
        top: "watch everything and act on it, in the terminal",
        logs: "what spaces, builds and the bus wrote",
        flow: "what moves between the spaces",
        graph: "the architecture as a drawing",
        letters: "messages that their subscribers gave up",
    },
    "Check": {
        check: "whether the whole system works: for CI",
        contracts: "whether the spaces still fit each other",
    },
    "Talk": {tap: "watch events as they pass", send: "publish an event", call: "call an API"},
    "Manifests and machine": {
        config: "the manifests, every default filled in",
        schema: "JSON Schema of the manifests, for editors",
        doctor: "what this machine lacks",
        version: "versions of spacectl and the engines",
    },
}

app = typer.Typer(
    name="spacectl",
    cls=Groups,
    help="Scaffold, run, watch and check space-based systems on one machine.",
    epilog="`spacectl COMMAND --help` says more, with an example.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _group, _commands in _GROUPS.items():
    for _command, _does in _commands.items():
        app.command(rich_help_panel=_group, short_help=_does, help=help_of(_command))(_command)


def _tell_version(asked: bool) -> None:
    if asked:
        output.out(f"spacectl {__version__}")
        raise typer.Exit


@app.callback()
def _before_any_command(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Print spacectl's version.")
    ] = False,
) -> None:
    pass


def main() -> NoReturn:
    """Run the command line and exit with a code that says what happened."""
    output.open_streams()
    with shells.answering():
        _run()


def _run() -> NoReturn:
    try:
        with installing.mended():
            code = app(standalone_mode=False, prog_name="spacectl")
    except SpacectlError as error:
        _complain(error)
        sys.exit(error.exit_code)
    except TyperException as error:
        sys.exit(_misused(error))
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(Exit.INTERRUPTED)
    except output.ReaderGoneError:
        output.close_out()
        sys.exit(Exit.OK)
    except Exception as error:  # noqa: BLE001  (the last boundary: a bug keeps its traceback, in a file)
        sys.exit(_unforeseen(error))
    sys.exit(code if isinstance(code, int) else Exit.OK)


def _complain(error: SpacectlError) -> None:
    # The problems of a manifest begin with `file:line:`, which terminals make clickable.
    output.say(error.message if isinstance(error, ManifestError) else f"error: {error.message}")
    if error.hint:
        output.say(f"  hint: {error.hint}")


def _misused(error: TyperException) -> int:
    context = getattr(error, "ctx", None)
    if context is not None and error.format_message() == context.get_help():  # no argument at all
        output.say(error.format_message())
        return error.exit_code
    output.say(f"error: {error.format_message()}")
    output.say(f"  hint: see `{context.command_path if context else 'spacectl'} --help`")
    return error.exit_code


def _unforeseen(error: Exception) -> Exit:
    of_the_machine = machine_error(error) if isinstance(error, OSError) else None
    if of_the_machine is not None:
        _complain(of_the_machine)
        return Exit.MACHINE
    output.say(f"error: this is a bug in spacectl; its traceback is {_keep_traceback()}")
    return Exit.BUG


def _keep_traceback() -> str:
    text = traceback.format_exc()
    try:
        descriptor, path = tempfile.mkstemp(prefix="spacectl-bug-", suffix=".txt", text=True)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError:
        return f"here, for no file could be written:\n{text}"
    return f"in {path}"
