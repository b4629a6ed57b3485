"""Draws the consequences of what is known: which replica moves on, now that things are as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from operator import is_

from spacectl.core import probing, rolling
from spacectl.core.moves import to
from spacectl.model.actions import Action, Build, CancelBuild, Kill, Note, Spawn
from spacectl.model.phase import ENDED, RUNNING, Phase
from spacectl.model.state import BuildPhase, Next, Replica, State, Unit
from spacectl.model.units import format_duration

Settled = tuple[Replica, list[Action]]


def settle(state: State, now: float) -> tuple[State, list[Action]]:
    """Move every replica that can move, until nothing moves any more."""
    actions: list[Action] = []
    while True:
        before = state
        for name in state.units:
            state, more = _settle_unit(state, name, now)
            actions += more
        if state is before:
            return state, actions


def next_wake(state: State) -> float | None:
    """When something becomes due without anything happening; None when nothing will."""
    times = [at for unit in state.units.values() for replica in unit.replicas for at in _due(replica)]
    return min(times, default=None)


def blockers(units: Mapping[str, Unit], unit: Unit) -> list[str]:
    """The units that this one is after and that are not there yet, in order of name."""
    return sorted(name for name in unit.after if name in units and not _is_up(units[name]))


def _settle_unit(state: State, name: str, now: float) -> tuple[State, list[Action]]:
    before = state.units[name]
    unit, actions = _settle_build(before)
    unit, more = rolling.go_on(unit, now)
    actions += more
    replicas = []
    for replica in unit.replicas:
        moved, more = _settle_replica(state, unit, replica, now)
        actions += more
        replicas.append(moved)
    if unit is before and all(map(is_, replicas, unit.replicas)):  # as nearly always: comparing would cost more
        return state, actions
    settled = replace(unit, replicas=tuple(replicas))
    return (state if settled == before else state.with_unit(settled)), actions


def _settle_build(unit: Unit) -> tuple[Unit, list[Action]]:
    waiting = any(replica.wanted and replica.phase is Phase.WAITING for replica in unit.replicas)
    if waiting and unit.build is BuildPhase.UNKNOWN:
        if unit.manifest.build.command is None:
            return replace(unit, build=BuildPhase.DONE), []
        return replace(unit, build=BuildPhase.RUNNING), [Build(unit.name)]
    if unit.build is BuildPhase.RUNNING and not unit.wanted:
        return replace(unit, build=BuildPhase.UNKNOWN, refresh=False), [CancelBuild(unit.name)]
    return unit, []


def _settle_replica(state: State, unit: Unit, replica: Replica, now: float) -> Settled:
    match replica.phase:
        case Phase.WAITING | Phase.BUILDING:
            return _coming(state, unit, replica, now)
        case Phase.STARTING | Phase.READY | Phase.UNHEALTHY:
            return _running(state, unit, replica, now)
        case Phase.BACKOFF:
            return _backing_off(replica, now)
        case Phase.STOPPING:
            return _stopping(unit, replica, now)
        case Phase.STOPPED | Phase.COMPLETED | Phase.FAILED:
            return replica, []


def _coming(state: State, unit: Unit, replica: Replica, now: float) -> Settled:
    if not replica.wanted:
        return to(replica, Phase.STOPPED, now), []
    if unit.build is BuildPhase.FAILED:
        return _build_failed(unit, replica, now)
    if unit.build is BuildPhase.RUNNING and not unit.refresh:
        return (to(replica, Phase.BUILDING, now) if replica.phase is Phase.WAITING else replica), []
    waits = blockers(state.units, unit)
    if waits or replica.process is not None:
        return _wait(state, replica, waits, now)
    return to(replica, Phase.STARTING, now), [Spawn(replica.name)]


def _build_failed(unit: Unit, replica: Replica, now: float) -> Settled:
    reason = unit.build_reason or "the build failed"
    return to(replica, Phase.FAILED, now, reason=reason), [Note(replica.name, "failed", reason)]


def _wait(state: State, replica: Replica, waits: list[str], now: float) -> Settled:
    told = [name if (ill := _illness(state.units[name])) is None else f"{name} ({ill})" for name in waits]
    reason = f"waiting for {', '.join(told)}" if told else "waiting for what the last run left behind to end"
    if replica.phase is Phase.BUILDING:
        return to(replica, Phase.WAITING, now, reason=reason), []
    return (replica if replica.reason == reason else replace(replica, reason=reason)), []


def _running(state: State, unit: Unit, replica: Replica, now: float) -> Settled:
    if replica.process is None or replica.process.ended:  # being spawned, or about to be told of its end
        return replica, []
    if not replica.wanted and not _needed(state, unit):
        return probing.stop(unit, replica, now, following=Next.REST)
    if replica.phase is Phase.STARTING and _is_due(replica, now):
        limit = format_duration(unit.manifest.ready.start_timeout_s)
        reason = f"not ready within {limit}: {replica.ready.reason or 'no probe has answered'}"
        return probing.stop(unit, replica, now, following=Next.CRASH, reason=reason)
    return probing.ask(replica, now)


def _backing_off(replica: Replica, now: float) -> Settled:
    if not replica.wanted:
        return to(replica, Phase.STOPPED, now), []
    if _is_due(replica, now) and replica.process is None:
        restarted = replace(to(replica, Phase.STARTING, now), restarts=replica.restarts + 1)
        return restarted, [Spawn(replica.name)]
    return replica, []


def _stopping(unit: Unit, replica: Replica, now: float) -> Settled:
    if not _is_due(replica, now):
        return replica, []
    if replica.draining:
        return probing.tell(unit, replica, now)
    rule = unit.manifest.stop
    text = f"still there {format_duration(rule.timeout_s)} after {rule.signal}: killed"
    # A kill that is lost (a process stuck in the kernel) is sent again.
    again = replace(replica, deadline_at=now + max(rule.timeout_s, 1.0), reason=replica.reason or text)
    return again, [Kill(replica.name), Note(replica.name, "killed", text)]


def _needed(state: State, unit: Unit) -> bool:
    """Whether something that is being stopped too, and is after this unit, is still there."""
    return any(
        unit.name in other.after and not other.wanted and any(_is_there(each) for each in other.replicas)
        for other in state.units.values()
    )


def _is_there(replica: Replica) -> bool:
    return replica.process is not None or replica.phase in RUNNING or replica.phase is Phase.STOPPING


def _is_up(unit: Unit) -> bool:
    wanted = Phase.COMPLETED if unit.manifest.space.kind == "job" else Phase.READY
    return all(replica.phase is wanted for replica in unit.replicas)


def _illness(unit: Unit) -> str | None:
    return next((str(each.phase) for each in unit.replicas if each.phase in ENDED), None)


def _is_due(replica: Replica, now: float) -> bool:
    return replica.deadline_at is not None and replica.deadline_at <= now


def _due(replica: Replica) -> list[float]:
    leftovers = replica.phase is Phase.BACKOFF and replica.process is not None
    times = [None if leftovers else replica.deadline_at]
    if replica.phase in RUNNING and replica.process is not None:
        times += [replica.ready.due_at, replica.alive.due_at]
    return [at for at in times if at is not None]
