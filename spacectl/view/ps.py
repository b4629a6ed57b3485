"""The system as `ps` draws it: a table from its report.

A command pays for what is imported here, so that nothing of the supervisor's state is.
"""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from spacectl.model.report import PsReport, ReplicaReport, SpaceReport, ViolationReport

GLYPHS = {
    "waiting": "…", "building": "⚒", "starting": "◔", "ready": "●", "unhealthy": "✚", "backoff": "↻",
    "stopping": "◌", "stopped": "○", "completed": "✔", "failed": "✖", "external": "◆",
}  # fmt: skip
STYLES = {
    "ready": "green", "completed": "green", "starting": "cyan", "building": "cyan", "waiting": "dim",
    "stopping": "yellow", "stopped": "dim", "backoff": "yellow", "unhealthy": "red", "failed": "bold red",
    "external": "green",
}  # fmt: skip

_WIDE = 90
"""Columns of a terminal that take the whole table, a short reason included."""

_WIDEST = 110
"""Columns that take what moves through the spaces as well."""

_NARROW = 50
"""Fewer columns than this are left to names and states."""


def state_text(state: str) -> Text:
    """A state as glyph and word; colour only repeats what they say."""
    return Text(f"{GLYPHS.get(state, '·')} {state}", style=STYLES.get(state, ""))


def table(ps: PsReport, *, width: int) -> RenderableType:
    """The spaces as a table of one line per replica; a narrow terminal gets fewer columns, and reasons below."""
    wide = width >= _WIDE
    flows = width >= _WIDEST and any(space.messages_per_s is not None for space in ps.spaces)
    rows = [(space, replica) for space in ps.spaces for replica in space.replicas]
    if not rows:
        return Text("no space yet: `spacectl add NAME` makes one", style="dim")
    reasons = [replica for _, replica in rows if replica.reason]
    shown = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    shown.add_column("REPLICA", no_wrap=True)
    shown.add_column("STATE", no_wrap=True)
    usage = ("PID", "PORT", "CPU", "MEMORY") if wide else ()
    for heading in (
        *usage,
        *(("EVENTS/s", "REQUESTS/s") if flows else ()),
        *(("RESTARTS",) if width >= _NARROW else ()),
    ):
        shown.add_column(heading, justify="right", no_wrap=True)
    if wide and reasons:
        shown.add_column("REASON", overflow="fold")
    for space, each in rows:
        cells = (*(_usage(each) if wide else ()), *(_rates(space, each) if flows else ()), str(each.restarts))
        shown.add_row(each.name, state_text(each.state), *(*cells, each.reason or "")[: len(shown.columns) - 2])
    return shown if wide or not reasons else Group(shown, *(Text(f"{each.name}: {each.reason}") for each in reasons))


def _rates(space: SpaceReport, replica: ReplicaReport) -> tuple[str, str]:
    """What moves through a space, on the line of its first replica: its replicas share it."""
    if replica is not space.replicas[0]:
        return "", ""
    return _rate(space.messages_per_s), _rate(space.requests_per_s)


def _rate(per_s: float | None) -> str:
    return "-" if per_s is None else f"{per_s:.1f}"


def _usage(replica: ReplicaReport) -> tuple[str, ...]:
    return (
        _or_dash(replica.pid) if replica.container is None else replica.container.rpartition("-")[2],
        _or_dash(None if replica.place is None else replica.port),
        "-" if replica.cpu_percent is None else f"{replica.cpu_percent:.1f}%",
        "-" if replica.memory_bytes is None else f"{replica.memory_bytes / 1e6:.0f}MB",
    )


def _or_dash(value: int | None) -> str:
    return "-" if value is None else str(value)


def headline(ps: PsReport) -> Text:
    """The system in one line: its name, its state, its engines."""
    line = Text.assemble((ps.system, "bold"), "  ", state_text(ps.state))
    for name, engine in (("bus", ps.bus), ("gateway", ps.gateway)):
        if engine is not None:
            line.append(f"  {name} ").append(state_text(engine.state)).append(f"  {engine.url}" if engine.url else "")
    return line


def warnings(ps: PsReport) -> list[str]:
    """What deserves a line of its own below the table."""
    engines = (("bus", ps.bus), ("gateway", ps.gateway))
    told = [f"{name}: {engine.reason}" for name, engine in engines if engine is not None and engine.reason is not None]
    refused = [
        f"{space.name} {_tried(each)} ({'once' if each.count == 1 else f'{each.count} times'}): {each.hint}"
        for space in ps.spaces
        for each in space.violations
    ]
    return told + _told_once(ps) + refused


def _told_once(ps: PsReport) -> list[str]:
    """The warnings of all spaces; what is the same for several is told once."""
    spaces: dict[str, list[str]] = {}
    for space in ps.spaces:
        for warning in space.warnings:
            spaces.setdefault(warning, []).append(space.name)
    return [f"{', '.join(names)}: {warning}" for warning, names in spaces.items()]


def _tried(violation: ViolationReport) -> str:
    if violation.kind == "login":
        return "was refused by the bus: wrong user or password"
    return f"may not {violation.kind} {violation.subject}"
