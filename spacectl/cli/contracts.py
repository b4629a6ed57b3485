"""`spacectl contracts`: whether the spaces still fit each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from spacectl.cli import completing
from spacectl.cli.options import JsonOption, SystemOption

if TYPE_CHECKING:
    from spacectl.model.layout import Layout


def contracts(
    spaces: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SPACE", help="Only what concerns these spaces; default: all.", autocompletion=completing.spaces
        ),
    ] = None,
    *,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="REV",
            help="Judge what changed since this git revision, too.",
            autocompletion=completing.revisions,
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Fail on what is unproven, too.")] = False,
    as_json: JsonOption = False,
    system: SystemOption = None,
) -> None:
    """Judge whether everything a space may send is accepted by those who receive it; exit 1 when something breaks.

    Example: spacectl contracts --against main
    """
    from datetime import UTC, datetime

    from spacectl.adapters.folders import find_system
    from spacectl.cli import output
    from spacectl.errors import Exit
    from spacectl.view.contracts import report_lines, stale_lines
    from spacectl.wiring.contracts import contracts_report

    layout = find_system(system)
    _refuse_unknown(layout, spaces or [])
    today = datetime.now(UTC).date()
    report = contracts_report(layout.root, against=against, only=spaces or (), urls=_urls(layout), today=today)
    if as_json:
        output.out_json(report)
    else:
        for line in report_lines(report):
            output.show(line)
    for told in stale_lines(report):
        output.say(told)
    if report.verdict in {"breaking", "differs"} or (strict and report.verdict == "unproven"):
        raise typer.Exit(Exit.FAILED)


def _refuse_unknown(layout: Layout, names: list[str]) -> None:
    if not names:
        return
    from spacectl.adapters.manifests import load
    from spacectl.cli.config import chosen_spaces

    chosen_spaces(load(layout.root), names)


def _urls(layout: Layout) -> Mapping[str, str] | None:
    """Where the spaces answer; None where the system does not run."""
    from spacectl.adapters.control.client import ControlClient
    from spacectl.errors import NotRunningError

    try:
        report = ControlClient(layout.control_socket).report()
    except NotRunningError:
        return None
    return {space.name: space.url for space in report.spaces if space.url is not None and space.ready > 0}
