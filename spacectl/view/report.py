"""The system as `ps --json` tells it: a report from the state and what is known beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from spacectl.core.assemble import BUS, GATEWAY
from spacectl.core.watching import loop
from spacectl.model.phase import ENDED, WORST_FIRST, Phase
from spacectl.model.report import (
    EngineReport,
    ExitReport,
    PsReport,
    ReplicaReport,
    SpaceReport,
    ViolationReport,
)
from spacectl.model.state import BuildPhase, Replica, State, Unit


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a report tells beside the state.

    Attributes:
        clock_offset_s: wall-clock time (seconds since the epoch) minus the monotonic clock.
        gateway_url: the front door; None where no space serves an API.
        revision: how often somebody has changed what the system is to be.
        ports: of each replica that has one.
        urls: of each space that serves an API.
        cpu_percent, memory_bytes: of each main process, by pid.
        warnings: what somebody should see to, by space.
        flow_rates: messages and requests per second of each space of which they are known.
    """

    system: str
    supervisor_pid: int
    since: float
    clock_offset_s: float
    bus_url: str
    gateway_url: str | None
    revision: int = field(default=0, kw_only=True)
    ports: Mapping[str, int]
    urls: Mapping[str, str]
    cpu_percent: Mapping[int, float] = field(default_factory=dict)
    memory_bytes: Mapping[int, int] = field(default_factory=dict)
    warnings: Mapping[str, str] = field(default_factory=dict)
    flow_rates: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def report(state: State, around: Surroundings) -> PsReport:
    """Everything `ps` tells of a running system."""
    spaces = sorted((unit for unit in state.units.values() if not unit.engine), key=lambda unit: unit.name)
    return PsReport(
        system=around.system,
        state=system_state(state),
        since=rfc3339(around.since + around.clock_offset_s),
        supervisor_pid=around.supervisor_pid,
        gateway=None if around.gateway_url is None else _engine(state.units.get(GATEWAY), around.gateway_url),
        bus=_engine(state.units.get(BUS), around.bus_url),
        spaces=tuple(_space(unit, around) for unit in spaces),
        revision=around.revision,
    )


def system_state(state: State) -> str:
    """One word for the whole: `stopping`, `stopped`, or the worst of what was started."""
    if state.closing:
        return str(Phase.STOPPING)
    states = {unit.phase for unit in state.units.values() if unit.wanted}
    states -= {Phase.COMPLETED} if Phase.READY in states else set()
    return str(next((phase for phase in WORST_FIRST if phase in states), Phase.STOPPED))


def rfc3339(epoch_s: float) -> str:
    """Seconds since the epoch as `2026-11-22T10:00:00Z`."""
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _engine(unit: Unit | None, url: str) -> EngineReport:
    if unit is None:
        return EngineReport(state="external", url=url)
    replica = unit.replicas[0]
    return EngineReport(
        state=str(replica.phase),
        url=url,
        pid=_pid(replica),
        restarts=replica.restarts,
        reason=replica.reason,
    )


def _space(unit: Unit, around: Surroundings) -> SpaceReport:
    messages, requests = around.flow_rates.get(unit.name, (None, None))
    return SpaceReport(
        name=unit.name,
        kind=unit.manifest.space.kind,
        state=str(unit.phase),
        desired=sum(1 for replica in unit.replicas if replica.wanted),
        ready=sum(1 for replica in unit.replicas if replica.phase is Phase.READY),
        runtime=unit.manifest.run.runtime,
        url=around.urls.get(unit.name),
        replicas=tuple(_replica(replica, around) for replica in unit.replicas),
        violations=tuple(ViolationReport(kind=v.kind, subject=v.subject, count=v.count, hint=v.hint)
                         for v in unit.violations),
        reason=unit.build_reason,
        warnings=_warnings(unit, around),
        messages_per_s=messages,
        requests_per_s=requests,
    )  # fmt: skip


def _warnings(unit: Unit, around: Surroundings) -> tuple[str, ...]:
    kept = unit.build is BuildPhase.DONE and unit.build_reason is not None
    failed = f"{unit.build_reason}; what ran before runs on" if kept else None
    return tuple(text for text in (around.warnings.get(unit.name), failed, loop(unit)) if text is not None)


def _replica(replica: Replica, around: Surroundings) -> ReplicaReport:
    process = None if replica.process is None or replica.process.ended else replica.process
    pid = None if process is None else process.pid  # for a container, what stands for it
    started = None if pid is None or replica.started_at is None else rfc3339(replica.started_at + around.clock_offset_s)
    ended = replica.ended
    return ReplicaReport(
        name=replica.name,
        state=str(replica.phase),
        pid=None if process is None or process.is_container else pid,
        container=process.mark if process is not None and process.is_container else None,
        port=around.ports.get(replica.name),
        restarts=replica.restarts,
        started=started,
        cpu_percent=None if pid is None else around.cpu_percent.get(pid),
        memory_bytes=None if pid is None else around.memory_bytes.get(pid),
        exit=None if ended is None else ExitReport(code=ended.code, signal=ended.signal),
        reason=replica.reason,
        tail=replica.tail if replica.phase in ENDED | {Phase.BACKOFF} else (),
        since=rfc3339(replica.since + around.clock_offset_s),
    )


def _pid(replica: Replica) -> int | None:
    return None if replica.process is None or replica.process.ended else replica.process.pid
