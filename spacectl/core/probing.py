"""When a replica is probed, with what, and what the answers mean."""

from __future__ import annotations

from dataclasses import replace

from spacectl.core.moves import to
from spacectl.model.actions import Action, Drain, Note, Probe, Terminate
from spacectl.model.checks import (
    BusCheck,
    Check,
    EngineCheck,
    ExecCheck,
    HttpCheck,
    LogCheck,
    ProbeKind,
    TcpCheck,
    UptimeCheck,
)
from spacectl.model.events import Probed
from spacectl.model.manifest import ProbeSection, SpaceManifest
from spacectl.model.phase import RUNNING, Phase
from spacectl.model.state import Next, Probing, Replica, Unit

FIRST_PAUSE_S = 0.05
"""While a replica starts it is probed at this pause at first, then ever more slowly, up to the probe's interval."""

_LATENESS = 1 / 8
"""How late, as a share of the time it took, a replica may be found ready. Doubling the pause would find it up to
twice as late; this costs a handful of probes more."""

_BEATS = 8
"""Steady probes fall on beats, so many to an interval: replicas whose probes are due at nearly the same time are asked
at one wake-up. A probe is at most half a beat early or late."""

DRAIN_S = 2.0
"""How long a replica that is to stop may go on with the requests it has, before it is told."""


def checks_of(probe: ProbeSection) -> tuple[Check, ...]:
    """The checks a probe section asks for; empty when it names none."""
    checks: list[Check] = []
    if probe.http is not None:
        checks.append(HttpCheck(probe.http))
    if probe.tcp:
        checks.append(TcpCheck())
    if probe.exec is not None:
        checks.append(ExecCheck(probe.exec))
    if probe.log is not None:
        checks.append(LogCheck(probe.log))
    return tuple(checks)


def ready_checks(unit: Unit) -> tuple[Check, ...]:
    """What must pass for a replica to be ready, the defaults of DESIGN included."""
    manifest = unit.manifest
    if unit.engine:
        return (EngineCheck(),)
    if asked := checks_of(manifest.ready):
        return asked
    if manifest.api.serves:
        return (HttpCheck("/health"),)
    if manifest.events.publishes or manifest.events.subscribes:
        return (BusCheck(),)
    return (UptimeCheck(1.0),)


def probe_section(manifest: SpaceManifest, kind: ProbeKind) -> ProbeSection:
    """The section that times a probe of this kind."""
    return manifest.alive if kind == "alive" and manifest.alive is not None else manifest.ready


def begin(unit: Unit, replica: Replica, now: float) -> Replica:
    """Start probing a replica whose process has just been started. A job is not probed: it is done when it ends."""
    if unit.manifest.space.kind == "job":
        return replace(replica, ready=Probing(), alive=Probing())
    first = Probing(due_at=now + FIRST_PAUSE_S)
    return replace(replica, ready=first, alive=Probing(), deadline_at=now + unit.manifest.ready.start_timeout_s)


def ask(replica: Replica, now: float) -> tuple[Replica, list[Action]]:
    """Send the probes that are due."""
    actions: list[Action] = []
    process = replica.process
    if process is None or process.ended:
        return replica, actions
    if replica.ready.due_at is not None and replica.ready.due_at <= now:
        actions.append(Probe(replica.name, process.pid, "ready"))
        replica = replace(replica, ready=replace(replica.ready, due_at=None))
    if replica.alive.due_at is not None and replica.alive.due_at <= now:
        actions.append(Probe(replica.name, process.pid, "alive"))
        replica = replace(replica, alive=replace(replica.alive, due_at=None))
    return replica, actions


def answered(unit: Unit, replica: Replica, event: Probed, now: float) -> tuple[Replica, list[Action]]:
    """Take in the answer of a probe; one that belongs to an earlier process says nothing."""
    stale = replica.process is None or replica.process.pid != event.pid
    if stale or replica.phase not in RUNNING:
        return replica, []
    if event.kind == "alive":
        return _alive_answered(unit, replica, event, now)
    return _ready_answered(unit, replica, event, now)


def _ready_answered(unit: Unit, replica: Replica, event: Probed, now: float) -> tuple[Replica, list[Action]]:
    section = unit.manifest.ready
    if event.reason is None:
        replica = replace(replica, ready=Probing(due_at=_on_the_beat(now, section)))
        return (replica, []) if replica.phase is Phase.READY else _became_ready(unit, replica, now)
    failures = replica.ready.failures + 1
    probing = Probing(due_at=now + _pause_s(replica, section, now), failures=failures, reason=event.reason)
    replica = replace(replica, ready=probing)
    if replica.phase is Phase.READY and failures >= section.failures:
        moved = to(replica, Phase.UNHEALTHY, now, reason=event.reason)
        return moved, [Note(replica.name, "unhealthy", event.reason)]
    return replace(replica, reason=replica.reason if replica.phase is Phase.READY else event.reason), []


def _on_the_beat(now: float, section: ProbeSection) -> float:
    beat_s = section.interval_s / _BEATS
    return round(now / beat_s + _BEATS) * beat_s


def _pause_s(replica: Replica, section: ProbeSection, now: float) -> float:
    if replica.phase is not Phase.STARTING or replica.started_at is None:
        return section.interval_s
    return min(max(FIRST_PAUSE_S, (now - replica.started_at) * _LATENESS), section.interval_s)


def _became_ready(unit: Unit, replica: Replica, now: float) -> tuple[Replica, list[Action]]:
    text = "again" if replica.phase is Phase.UNHEALTHY else f"after {now - (replica.started_at or now):.1f}s"
    replica = replace(to(replica, Phase.READY, now), ready_at=replica.ready_at or now)
    if unit.manifest.alive is not None and replica.alive == Probing():
        replica = replace(replica, alive=Probing(due_at=now + unit.manifest.alive.interval_s))
    return replica, [Note(replica.name, "ready", text)]


def _alive_answered(unit: Unit, replica: Replica, event: Probed, now: float) -> tuple[Replica, list[Action]]:
    section = probe_section(unit.manifest, "alive")
    failures = 0 if event.reason is None else replica.alive.failures + 1
    probing = Probing(due_at=_on_the_beat(now, section), failures=failures, reason=event.reason)
    replica = replace(replica, alive=probing)
    if failures < section.failures:
        return replica, []
    return stop(unit, replica, now, following=Next.CRASH, reason=f"no longer alive: {event.reason}")


def stop(
    unit: Unit, replica: Replica, now: float, *, following: Next, reason: str | None = None, drain: bool = True
) -> tuple[Replica, list[Action]]:
    """Ask a running replica to end, and say what comes after; one that others call finishes what it has first."""
    moved = to(replica, Phase.STOPPING, now, reason=reason)
    moved = replace(moved, following=following, ready=Probing(), alive=Probing())
    note = Note(replica.name, "stopping", reason or f"with {unit.manifest.stop.signal}")
    if drain and unit.serves and replica.phase is Phase.READY and replica.process is not None:
        draining = replace(moved, draining=True, deadline_at=now + DRAIN_S)
        return draining, [Drain(replica.name, replica.process.pid), note]
    told, actions = tell(unit, moved, now)
    return told, [*actions, note]


def tell(unit: Unit, replica: Replica, now: float) -> tuple[Replica, list[Action]]:
    """Send a stopping replica its signal; from now on its time counts."""
    rule = unit.manifest.stop
    told = replace(replica, draining=False, deadline_at=now + rule.timeout_s)
    return told, [Terminate(replica.name, rule.signal)]
