"""`spacectl top`: the cockpit of a running system."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from spacectl.cli import completing, output
from spacectl.cli.options import SCREENS, JsonOption, SystemOption
from spacectl.errors import UsageError

if TYPE_CHECKING:
    from spacectl.model.layout import Layout
    from spacectl.view.top_seen import Seen
    from spacectl.view.top_table import Query

_FLOW_S = 0.5
"""How long one frame waits for what moves; how everything stands comes at once."""


def top(
    *,
    screen: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Open with spaces, flow, messages, logs, timeline or space.",
            autocompletion=completing.screens,
        ),
    ] = "spaces",
    filter_: Annotated[
        str, typer.Option("--filter", metavar="TEXT", help="Only rows that hold it; with ! before it, that do not.")
    ] = "",
    sort: Annotated[
        str,
        typer.Option(
            metavar="COLUMN",
            help="Sort by a column, such as state (worst first), lag, cpu; -lag: reversed.",
            autocompletion=completing.columns,
        ),
    ] = "",
    once: Annotated[bool, typer.Option("--once", help="Print one frame as text, and end.")] = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="With --json: go on with every change.")] = False,
    read_only: Annotated[bool, typer.Option("--read-only", help="Offer nothing that changes the system.")] = False,
    web: Annotated[bool, typer.Option("--web", help="Show it in browsers of this machine, read-only.")] = False,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, metavar="N", help="With --web: listen here; default: a free port.")
    ] = None,
    allow_actions: Annotated[
        bool, typer.Option("--allow-actions", help="With --web: offer what changes the system.")
    ] = False,
    as_json: JsonOption = False,
    system: SystemOption = None,
) -> None:
    """Watch a running system and act on it: its spaces, what flows, messages, logs. Closing it stops nothing.

    Where stdout is no terminal, one frame is printed. With --web, stderr has the address to open.

    Example: spacectl top --sort state
    """
    from spacectl.adapters.control.client import ControlClient
    from spacectl.adapters.folders import find_system
    from spacectl.cli.endings import not_running, report_of
    from spacectl.cli.opening import open_cockpit
    from spacectl.errors import NotRunningError

    _refuse(once=once, follow=follow, read_only=read_only, web=web, port=port, acts=allow_actions, as_json=as_json)
    query = _query(screen, filter_, sort)
    layout = find_system(system)
    try:
        if as_json:
            _print_json(layout, follow=follow)
        elif once or not (web or _has_screen()):
            _print_frame(layout, screen, query)
        elif web:
            from spacectl.cli.serving import serve_cockpit

            report = report_of(ControlClient(layout.control_socket), layout)
            words = (f"--screen={screen}", f"--filter={filter_}", f"--sort={sort}")
            serve_cockpit(layout, report.system, words, port, acts=allow_actions)
        else:
            if not sys.stdout.isatty():
                from spacectl.adapters.web_terminal.ending import end_with_server

                end_with_server()
            report = report_of(ControlClient(layout.control_socket), layout)
            open_cockpit(layout, report.system, screen, query, read_only=read_only)
    except NotRunningError:
        raise not_running(layout) from None


def _refuse(
    *, once: bool, follow: bool, read_only: bool, web: bool, port: int | None, acts: bool, as_json: bool
) -> None:
    if follow and not as_json:
        raise UsageError("--follow goes with --json", hint="without --json, `spacectl top` goes on by itself")
    if (port is not None or acts) and not web:
        raise UsageError(f"{'--allow-actions' if acts else '--port'} goes with --web")
    if web and (once or as_json):
        raise UsageError(f"--web does not go with {'--once' if once else '--json'}")
    if acts and read_only:
        raise UsageError("--allow-actions and --read-only exclude each other", hint="--web alone is read-only")


def _has_screen() -> bool:
    """Whether there is something to draw on: a terminal, or what Textual is told to use in place of one."""
    return sys.stdout.isatty() or "TEXTUAL_DRIVER" in os.environ


def _query(screen: str, text: str, sort: str) -> Query:
    from spacectl.core.hints import did_you_mean
    from spacectl.view.top_screens import columns_of
    from spacectl.view.top_table import Query

    if screen not in SCREENS:
        hint = did_you_mean(screen, SCREENS) or f"the screens are {', '.join(SCREENS[:-1])} and {SCREENS[-1]}"
        raise UsageError(f'--screen "{screen}" is not one', hint=hint)
    columns = columns_of(screen)
    column = sort.removeprefix("-")
    if column and column not in columns:
        hint = did_you_mean(column, columns) or f"{screen} sorts by {', '.join(columns) or 'nothing'}"
        raise UsageError(f'--sort "{column}" is not a column', hint=hint)
    return Query(filter=text, sort=column, reverse=sort.startswith("-"))


def _print_frame(layout: Layout, screen: str, query: Query) -> None:
    from datetime import UTC, datetime

    from spacectl.view.top_frame import FRAMES, frame

    if screen not in FRAMES:
        commands = {"logs": "logs", "messages": "tap --since 5m --no-follow", "space": "config"}
        raise UsageError(f"one frame is of {', '.join(FRAMES)}", hint=f"`spacectl {commands[screen]}` prints those")
    seen = _first(layout)
    lines = frame(seen, screen, query, datetime.now(UTC), output.console().width)
    for line in lines:
        output.show(line)


def _first(layout: Layout) -> Seen:
    """What is known as soon as the supervisor was asked."""
    import asyncio

    from spacectl.view.top_seen import Seen, told
    from spacectl.wiring.cockpit import first, past

    async def ask() -> Seen:
        seen = Seen(notes=tuple(past(layout)))
        async for value in first(layout, _FLOW_S):
            seen = told(seen, value)
        return seen

    return asyncio.run(ask())


def _print_json(layout: Layout, *, follow: bool) -> None:
    import asyncio

    from spacectl.model.report_top import TopReport

    if not follow:
        seen = _first(layout)
        output.out_json(TopReport(ps=seen.ps, flow=seen.flow))
        return
    try:
        asyncio.run(_print_changes(layout))
    except asyncio.CancelledError:
        raise output.ReaderGoneError from None


async def _print_changes(layout: Layout) -> None:
    from spacectl.cli.tap import end_with_reader
    from spacectl.model.flow import FlowReport
    from spacectl.model.report import PsReport
    from spacectl.model.report_top import TopReport
    from spacectl.wiring.cockpit import told

    end_with_reader()
    async for value in told(layout):
        match value:
            case PsReport():
                output.out_json(TopReport(ps=value))
            case FlowReport():
                output.out_json(TopReport(flow=value))
            case _:
                output.out_json(TopReport(note=value))
