"""The system as `ps` tells it: a report from the state, and a table from the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from rich.table import Table
from rich.text import Text

from spacectl.model.phase import ENDED, WORST_FIRST, Phase
from spacectl.model.report import (
    EngineReport,
    ExitReport,
    PsReport,
    ReplicaReport,
    SpaceReport,
    ViolationReport,
)
from spacectl.model.state import Replica, State, Unit

GLYPHS = {
    "waiting": "…", "building": "⚒", "starting": "◔", "ready": "●", "unhealthy": "✚", "backoff": "↻",
    "stopping": "◌", "stopped": "○", "completed": "✔", "failed": "✖",
}  # fmt: skip
STYLES = {
    "ready": "green", "completed": "green", "starting": "cyan", "building": "cyan", "waiting": "dim",
    "stopping": "yellow", "stopped": "dim", "backoff": "yellow", "unhealthy": "red", "failed": "bold red",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a report tells beside the state.

    Attributes:
        clock_offset_s: wall-clock time (seconds since the epoch) minus the monotonic clock.
        ports: of each replica that has one.
        urls: of each space that serves an API.
        cpu_percent, memory_bytes: of each main process, by pid.
    """

    system: str
    supervisor_pid: int
    since: float
    clock_offset_s: float
    bus_url: str
    ports: Mapping[str, int]
    urls: Mapping[str, str]
    cpu_percent: Mapping[int, float] = field(default_factory=dict)
    memory_bytes: Mapping[int, int] = field(default_factory=dict)


def report(state: State, around: Surroundings) -> PsReport:
    """Everything `ps` tells of a running system."""
    spaces = sorted((unit for unit in state.units.values() if not unit.engine), key=lambda unit: unit.name)
    return PsReport(
        system=around.system,
        state=system_state(state),
        since=rfc3339(around.since + around.clock_offset_s),
        supervisor_pid=around.supervisor_pid,
        gateway=None,
        bus=_bus(state, around),
        spaces=tuple(_space(unit, around) for unit in spaces),
    )


def system_state(state: State) -> str:
    """One word for the whole: `stopping`, `stopped`, or the worst of what was started."""
    if state.closing:
        return str(Phase.STOPPING)
    states = {unit_phase(unit) for unit in state.units.values() if unit.wanted}
    states -= {Phase.COMPLETED} if Phase.READY in states else set()
    return str(next((phase for phase in WORST_FIRST if phase in states), Phase.STOPPED))


def unit_phase(unit: Unit) -> Phase:
    """The worst phase among a unit's replicas."""
    phases = {replica.phase for replica in unit.replicas}
    if unit.wanted and Phase.STOPPED in phases:
        return Phase.STOPPED
    return next((phase for phase in WORST_FIRST if phase in phases), Phase.STOPPED)


def rfc3339(epoch_s: float) -> str:
    """Seconds since the epoch as `2026-11-22T10:00:00Z`."""
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _bus(state: State, around: Surroundings) -> EngineReport:
    unit = next((unit for unit in state.units.values() if unit.engine), None)
    if unit is None:
        return EngineReport(state="external", url=around.bus_url)
    replica = unit.replicas[0]
    return EngineReport(
        state=str(replica.phase),
        url=around.bus_url,
        pid=_pid(replica),
        restarts=replica.restarts,
        reason=replica.reason,
    )


def _space(unit: Unit, around: Surroundings) -> SpaceReport:
    return SpaceReport(
        name=unit.name,
        kind=unit.manifest.space.kind,
        state=str(unit_phase(unit)),
        desired=sum(1 for replica in unit.replicas if replica.wanted),
        ready=sum(1 for replica in unit.replicas if replica.phase is Phase.READY),
        runtime=unit.manifest.run.runtime,
        url=around.urls.get(unit.name),
        replicas=tuple(_replica(replica, around) for replica in unit.replicas),
        violations=tuple(ViolationReport(kind=v.kind, subject=v.subject, count=v.count, hint=v.hint)
                         for v in unit.violations),
    )  # fmt: skip


def _replica(replica: Replica, around: Surroundings) -> ReplicaReport:
    pid = _pid(replica)
    started = None if pid is None or replica.started_at is None else rfc3339(replica.started_at + around.clock_offset_s)
    ended = replica.ended
    return ReplicaReport(
        name=replica.name,
        state=str(replica.phase),
        pid=pid,
        container=None,
        port=around.ports.get(replica.name),
        restarts=replica.restarts,
        started=started,
        cpu_percent=None if pid is None else around.cpu_percent.get(pid),
        memory_bytes=None if pid is None else around.memory_bytes.get(pid),
        exit=None if ended is None else ExitReport(code=ended.code, signal=ended.signal),
        reason=replica.reason,
        tail=replica.tail if replica.phase in ENDED | {Phase.BACKOFF} else (),
    )


def _pid(replica: Replica) -> int | None:
    return None if replica.process is None or replica.process.ended else replica.process.pid


def state_text(state: str) -> Text:
    """A state as glyph and word; colour only repeats what they say."""
    return Text(f"{GLYPHS.get(state, '·')} {state}", style=STYLES.get(state, ""))


def table(ps: PsReport, *, width: int) -> Table:
    """The spaces as a table of one line per replica; a narrow terminal gets fewer columns."""
    wide = width >= 90  # noqa: PLR2004  (columns that fit)
    shown = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    shown.add_column("REPLICA", no_wrap=True)
    shown.add_column("STATE", no_wrap=True)
    if wide:
        for heading in ("PID", "PORT", "CPU", "MEMORY"):
            shown.add_column(heading, justify="right", no_wrap=True)
    shown.add_column("RESTARTS", justify="right", no_wrap=True)
    shown.add_column("REASON", overflow="fold")
    for space in ps.spaces:
        for replica in space.replicas:
            usage = _usage(replica) if wide else ()
            shown.add_row(
                replica.name, state_text(replica.state), *usage, str(replica.restarts), Text(replica.reason or "")
            )
    return shown


def _usage(replica: ReplicaReport) -> tuple[str, ...]:
    return (
        _or_dash(replica.pid),
        _or_dash(replica.port),
        "-" if replica.cpu_percent is None else f"{replica.cpu_percent:.1f}%",
        "-" if replica.memory_bytes is None else f"{replica.memory_bytes / 1e6:.0f}MB",
    )


def _or_dash(value: int | None) -> str:
    return "-" if value is None else str(value)


def headline(ps: PsReport) -> Text:
    """The system in one line: its name, its state, its bus."""
    line = Text.assemble((ps.system, "bold"), "  ", state_text(ps.state), "  bus ", state_text(ps.bus.state))
    return line.append(f"  {ps.bus.url}" if ps.bus.url else "")


def warnings(ps: PsReport) -> list[str]:
    """What deserves a line of its own below the table."""
    bus = [] if ps.bus.reason is None else [f"bus: {ps.bus.reason}"]
    refused = [
        f"{space.name} may not {each.kind} {each.subject} (refused {each.count} times): {each.hint}"
        for space in ps.spaces
        for each in space.violations
    ]
    return bus + refused
