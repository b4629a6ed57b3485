"""Says why something did not get where it should: the reason, its last lines, and where the rest is."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from spacectl.cli import output

if TYPE_CHECKING:
    from spacectl.model.layout import Layout
    from spacectl.model.report import PsReport, ReplicaReport

_LINES = 10

_FULL_BYTES = 64 * 1024
"""A disk with less room than this makes programs fail that say nothing of it, because they cannot write that either."""


def explain_missing(
    layout: Layout, report: PsReport, names: Iterable[str] | None = None, *, with_lines: bool = True
) -> str | None:
    """Tell what each missing replica of these spaces lacks; the names of what is missing, or None.

    Args:
        layout: the system.
        report: how it is.
        names: the spaces; all of them when None.
        with_lines: show the last lines of replicas too; of builds and of engines they are shown anyway.
    """
    from spacectl.view.verdict import missing, missing_engines

    wrong = missing(report, names)
    engines = missing_engines(report)
    causes = [each for each in wrong if each.state != "waiting"]
    for replica in causes or ([] if engines else wrong):
        _explain(layout, replica, with_lines=with_lines)
    for name, engine in engines.items():
        output.say(f"{name}: {engine.state}" + (f": {engine.reason}" if engine.reason else ""))
        _show(_last_lines(layout.log(name)), layout.log(name))
    told = [*engines, *(replica.name for replica in wrong)]
    if told and shutil.disk_usage(layout.root).free < _FULL_BYTES:
        output.say(f"the disk that holds {layout.root} is full")
    return ", ".join(told) or None


def _explain(layout: Layout, replica: ReplicaReport, *, with_lines: bool) -> None:
    built = replica.state == "building" or (replica.reason or "").startswith("the build")
    log = layout.log(f"{replica.name.rpartition('.')[0]}.build" if built else replica.name)
    output.say(f"{replica.name}: {replica.state}" + (f": {replica.reason}" if replica.reason else ""))
    _show((replica.tail or _last_lines(log)) if with_lines or built else (), log)


def _show(lines: Iterable[str], log: Path) -> None:
    from spacectl.view.lines import printable

    for line in lines:
        output.say(f"    {printable(line.encode(errors='surrogateescape'))}")
    output.say(f"    log: {log}")


def _last_lines(log: Path) -> list[str]:
    from spacectl.adapters.log_lines import last_lines

    return [line.decode(errors="replace") for line in last_lines(log, _LINES)[0]]
