"""`spacectl check`: whether the whole system works, for CI."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spacectl.cli import completing
from spacectl.cli.options import JsonOption, RuntimeOption, SystemOption, seconds

if TYPE_CHECKING:
    from spacectl.cli.checking import Found
    from spacectl.model.layout import Layout
    from spacectl.model.report_check import CheckReport


def check(
    *,
    running: Annotated[bool, typer.Option("--running", help="Check the system that is up, and leave it up.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the checked copy up, with its data.")] = False,
    junit: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", help="Write the report as a JUnit file, too.")
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="REV",
            help="Judge how contracts changed since this git revision, too.",
            autocompletion=completing.revisions,
        ),
    ] = None,
    timeout: Annotated[
        str, typer.Option("--timeout", metavar="DURATION", help="How long all of it may take, such as 90s or 10m.")
    ] = "10m",
    restart_check: Annotated[
        bool, typer.Option("--restart-check/--no-restart-check", help="Restart each space once.")
    ] = True,
    runtime: RuntimeOption = None,
    as_json: JsonOption = False,
    system: SystemOption = None,
) -> None:
    """Bring up a copy of the system beside all others, run every check, report, take it down and remove its data.

    The checks are those that every system has, contracts, [[smoke]] of the manifests and the folder checks/ (pytest).
    With --running, none that stops a space is run. Exit 1: a check failed; 5: the system did not get ready.

    Example: spacectl check --junit report.xml
    """
    from datetime import UTC, datetime

    from spacectl.adapters.folders import find_system
    from spacectl.cli.checking import Wish, check_copy, check_running
    from spacectl.cli.signals import obey_terminate
    from spacectl.errors import Exit, UsageError
    from spacectl.wiring.contracts import contracts_report
    from spacectl.wiring.prepare import read_manifests

    if running and keep:
        raise UsageError("--running leaves the system up anyway", hint="leave out --keep")
    if running and runtime is not None:
        raise UsageError("--runtime counts only for a copy that is brought up", hint="leave out --running")
    limit_s = seconds(timeout)
    obey_terminate()
    layout = find_system(system)
    name = read_manifests(layout).name
    today = datetime.now(UTC).date()
    contracts_report(layout.root, against=against, today=today)  # a broken file is told before anything is started
    began, started = time.monotonic(), datetime.now(UTC)
    wish = Wish(
        timeout, began + limit_s, started, keep=keep, restart_check=restart_check, against=against, runtime=runtime
    )
    found = check_running(layout, wish) if running else check_copy(layout, wish)
    report = found.report(name, started, time.monotonic() - began)
    _report(layout, report, found, junit, as_json=as_json)
    if not found.is_ready:
        raise typer.Exit(Exit.NOT_READY)
    if report.outcome != "passed":
        raise typer.Exit(Exit.FAILED)


def _report(layout: Layout, report: CheckReport, found: Found, junit: Path | None, *, as_json: bool) -> None:
    from spacectl.adapters.manifests import from_here
    from spacectl.adapters.private_files import unwritable
    from spacectl.cli import output
    from spacectl.cli.check_showing import tell_failures
    from spacectl.view.check import headline, table
    from spacectl.view.junit import junit as junit_text

    tell_failures(report, from_here(layout.root))
    found.add_to_bundle({"report.json": report.model_dump_json(indent=2) + "\n", "junit.xml": junit_text(report)})
    if junit is not None:
        try:
            junit.write_text(junit_text(report), encoding="utf-8")
        except OSError as error:
            raise unwritable(junit, error) from error
    if as_json:
        output.out_json(report)
    else:
        output.show(table(report))
        output.show(headline(report))
    if report.bundle is not None:
        output.say(f"all that helps to understand it is in {report.bundle}")
