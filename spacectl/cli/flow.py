"""`spacectl flow`: what moves between the spaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from spacectl.cli.options import JsonOption, SystemOption

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spacectl.adapters.control.client import ControlClient
    from spacectl.model.flow import FlowReport


def flow(
    *,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Show it again after every look, until Ctrl-C.")
    ] = False,
    as_json: JsonOption = False,
    system: SystemOption = None,
) -> None:
    """Show every edge between spaces: what is declared, what was seen, how much and how fast.

    The numbers are the engines' own: looking costs the traffic nothing, and counts every message and call.

    Example: spacectl flow --follow
    """
    from spacectl.adapters.control.client import ControlClient
    from spacectl.adapters.folders import find_system
    from spacectl.cli.endings import not_running
    from spacectl.errors import NotRunningError

    layout = find_system(system)
    client = ControlClient(layout.control_socket)
    try:
        if follow:
            _follow(_reports(client), as_json=as_json)
        else:
            _show(client.flow(), as_json=as_json)
    except NotRunningError:
        raise not_running(layout) from None


def _reports(client: ControlClient) -> Iterator[FlowReport]:
    return (change.flow for change in client.changes(flow=True) if change.flow is not None)


def _show(report: FlowReport, *, as_json: bool) -> None:
    from spacectl.cli import output

    if as_json:
        output.out_json(report)
        return
    from spacectl.view.flow_table import table

    output.show(table(report, width=output.console().width))


def _follow(reports: Iterator[FlowReport], *, as_json: bool) -> None:
    from spacectl.cli import output

    if as_json or not output.console().is_terminal:
        for report in reports:
            _show(report, as_json=as_json)
        return
    from rich.live import Live

    from spacectl.view.flow_table import table

    with output.to_reader(), Live(console=output.console(), screen=True, auto_refresh=False) as live:
        for report in reports:
            live.update(table(report, width=output.console().width), refresh=True)
