"""`spacectl logs`: what spaces, builds and engines wrote."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spacectl.cli.options import JsonOption, SystemOption

if TYPE_CHECKING:
    from spacectl.model.layout import Layout


def logs(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Spaces, replicas (orders.1), builds (orders.build) or bus."),
    ] = None,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is written from now on.")] = False,
    tail: Annotated[int, typer.Option("--tail", "-n", min=0, help="Lines of each log to begin with.")] = 100,
    as_json: JsonOption = False,
    system: SystemOption = None,
) -> None:
    """Show the logs of the system's last run, whether it runs or not.

    Example: spacectl logs orders payments --follow
    """
    from spacectl.adapters.folders import find_system
    from spacectl.adapters.log_lines import Follower, last_lines
    from spacectl.cli.streaming import log_files

    layout = find_system(system)
    shown = frozenset(names or ())
    _check(layout, shown)
    followers: dict[Path, Follower] = {}
    for path in log_files(layout, shown):
        lines, end = last_lines(path, tail)
        for line in lines:
            _show(path.stem, line, as_json=as_json)
        followers[path] = Follower(path, end)
    while follow:
        for path in log_files(layout, shown):
            for line in followers.setdefault(path, Follower(path)).read():
                _show(path.stem, line, as_json=as_json)
        time.sleep(0.1)


def _check(layout: Layout, names: frozenset[str]) -> None:
    from spacectl.cli.streaming import log_files
    from spacectl.core.hints import did_you_mean
    from spacectl.errors import UsageError

    known = {path.stem for path in log_files(layout, frozenset())}
    known |= {name.rpartition(".")[0] for name in known if "." in name}
    for name in sorted(names - known):
        hint = did_you_mean(name, known) or (f"there are: {', '.join(sorted(known))}" if known else "nothing ran yet")
        raise UsageError(f'nothing named "{name}" has a log', hint=hint)


def _show(name: str, line: bytes, *, as_json: bool) -> None:
    from spacectl.cli import output
    from spacectl.cli.streaming import show_line

    if not as_json:
        show_line(name, line)
        return
    from spacectl.model.report import LogLine

    output.out_json(LogLine(source=name, line=line.decode(errors="replace")))
