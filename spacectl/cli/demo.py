"""`spacectl demo`: a shop with customers, made in a temporary folder, shown, and removed again."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spacectl.cli import output
from spacectl.cli.options import TimeoutOption, seconds

if TYPE_CHECKING:
    from spacectl.model.layout import Layout

_TEMPLATE = "ecommerce"
_NAME = "shop"
_PROFILE = "traffic"
_THINK_S = "0.2"
"""Of the shop's customers, between two clicks: with their usual 2 s, the first would buy after half a minute."""

_SHOWN_S = 15
_AGAIN_S = 5.0


def demo(
    *,
    for_seconds: Annotated[
        int | None,
        typer.Option(
            "--seconds",
            min=1,
            metavar="N",
            help=f"Print what flows for so long instead of opening top; without a terminal: {_SHOWN_S}.",
            show_default=False,
        ),
    ] = None,
    timeout: TimeoutOption = "180s",
) -> None:
    """Make a shop in a temporary folder, bring it up with customers, and open top on it; leave nothing behind.

    Where stdout is no terminal, it prints what flows for some seconds. The first time it fetches the spaces' libraries.

    Example: spacectl demo
    """
    from spacectl.cli.signals import held_back, obey_endings
    from spacectl.model.layout import Layout

    limit_s = seconds(timeout)
    obey_endings()
    folder: Path | None = None
    try:
        with held_back():
            folder = Path(tempfile.mkdtemp(prefix="spacectl-demo-")).resolve()
        _run(Layout(folder / _NAME), timeout, limit_s, for_seconds)
    finally:
        if folder is not None:
            with held_back():
                _put_away(folder)
    make, run = f"new {_NAME} -t {_TEMPLATE}", f"up --profile {_PROFILE}"
    output.say(f"make one of your own: {_program()} {make} && cd {_NAME} && {_program()} {run}")


def _run(layout: Layout, timeout: str, limit_s: float, for_seconds: int | None) -> None:
    from spacectl.scaffold.system import NewSystem, make_system
    from spacectl.scaffold.templates import find_template

    make_system(NewSystem(layout.root, find_template("system", _TEMPLATE)), output.say)
    output.say(f"made {layout.root}; it is removed when this ends")
    scratch = layout.root.parent / "tmp"
    scratch.mkdir()
    os.environ["TMPDIR"] = str(scratch)  # what builds leave in the folder for temporary files is removed too
    os.environ["THINK_S"] = _THINK_S
    _bring_up(layout, timeout, limit_s, for_seconds)


def _bring_up(layout: Layout, timeout: str, limit_s: float, for_seconds: int | None) -> None:
    from spacectl.cli.attending import Attendance
    from spacectl.cli.signals import held_back, obey_endings
    from spacectl.errors import NotReadyError
    from spacectl.wiring.prepare import prepare, read_manifests
    from spacectl.wiring.start import start, take_lock

    attendance = Attendance(layout)
    with take_lock(layout) as lock, attendance:
        output.say(f"building and starting its spaces, {_PROFILE} too; the first time, their libraries are fetched")
        prepared = prepare(read_manifests(layout), layout, (), (_PROFILE,))
        with held_back():
            attendance.process = start(prepared, lock, watch=False)
        problem = attendance.come_up(time.monotonic() + limit_s, timeout, stays=False)
        if problem is not None:
            raise NotReadyError(problem.message, hint="`spacectl doctor` says what this machine lacks")
        try:
            _show(layout, for_seconds)
        finally:
            obey_endings()  # the cockpit had signals of its own


def _show(layout: Layout, for_seconds: int | None) -> None:
    from spacectl.view.top_table import Query

    if for_seconds is None and sys.stdin.isatty() and sys.stdout.isatty():
        from spacectl.cli.opening import open_cockpit

        open_cockpit(layout, _NAME, "spaces", Query(), read_only=False)
    else:
        _print_flow(layout, for_seconds or _SHOWN_S)


def _print_flow(layout: Layout, for_s: float) -> None:
    """Print the flow now and then for so many seconds, and once more at their end."""
    from spacectl.adapters.control.client import ControlClient
    from spacectl.errors import NotRunningError, SpacectlError
    from spacectl.view.flow_table import table

    output.say(f"what flows, for {for_s:g} s:")
    client, end = ControlClient(layout.control_socket), time.monotonic() + for_s
    while (left_s := end - time.monotonic()) > 0:
        time.sleep(min(left_s, _AGAIN_S))
        try:
            report = client.flow()
        except NotRunningError:
            raise SpacectlError("the shop was taken down by someone else") from None
        output.show(table(report, width=output.console().width))
        output.out("")


def _put_away(folder: Path) -> None:
    """End what a killed supervisor left, and remove all that was made.

    Raises:
        MachineError: something cannot be removed; the message names it.
    """
    from spacectl.errors import MachineError
    from spacectl.model.layout import Layout
    from spacectl.wiring import leftovers

    leftovers.end(Layout(folder / _NAME))
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        left = next((path for path in folder.rglob("*") if not path.is_dir()), folder)
        raise MachineError(f"{folder} remains: {left} cannot be removed", hint="nothing runs in it any more: remove it")
    output.say(f"removed {folder}")


def _program() -> str:
    """How this command is called from a shell here."""
    return "spacectl" if shutil.which("spacectl") else str(Path(sys.argv[0]).absolute())
