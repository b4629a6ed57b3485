"""Draws the consequences of what is known: which replica moves on, now that things are as they are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import compress
from operator import attrgetter, is_, is_not

from spacectl.core import probing, rolling
from spacectl.core.moves import to
from spacectl.model.actions import Action, Build, CancelBuild, Kill, Note, Spawn
from spacectl.model.phase import ENDED, RUNNING, Phase
from spacectl.model.state import BuildPhase, Next, Replica, State, Unit
from spacectl.model.units import format_duration

Settled = tuple[Replica, list[Action]]

_due_at = attrgetter("due_at")


def settle(state: State, now: float) -> tuple[State, list[Action]]:
    """Move every replica that can move, until nothing moves any more.

    Looked at is only what may move: units that changed or have something due, and the neighbours of those that look
    different to them. The order is that of going through all units again and again.
    """
    actions: list[Action] = []
    ahead = _due(state, now) | _touched(state)
    while ahead:
        for name in state.units:
            if name not in ahead:
                continue
            ahead.remove(name)
            before = state
            state, more = settle_unit(state, name, now)
            actions += more
            if state is not before:
                ahead |= _reach(state, before.units[name], name)
    return state.as_settled(), actions


def next_wake(state: State) -> float | None:
    """When something becomes due without anything happening; None when nothing will."""
    at = min(map(_due_at, state.units.values()), default=math.inf)
    return None if at == math.inf else at


def blockers(units: Mapping[str, Unit], unit: Unit) -> list[str]:
    """The units that this one is after and that are not there yet, in order of name."""
    return sorted(name for name in unit.after if name in units and not _is_up(units[name]))


def settle_unit(state: State, name: str, now: float) -> tuple[State, list[Action]]:
    """Move every replica of one unit that can move, as things are; the same state when none can."""
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


def _due(state: State, now: float) -> set[str]:
    wake = next_wake(state)
    if wake is None or wake > now:
        return set()
    return {name for name, unit in state.units.items() if unit.due_at <= now}


def _touched(state: State) -> set[str]:
    """Those that may move because units changed, came or went since nothing moved any more."""
    now, then = state.units, state.settled
    if now is then:
        return set()
    if now.keys() == then.keys():
        changed = set(compress(now, map(is_not, now.values(), map(then.__getitem__, now))))
    else:
        changed = {name for name in now.keys() | then.keys() if now.get(name) is not then.get(name)}
    return {each for name in changed for each in _reach(state, then.get(name), name)}


def _reach(state: State, before: Unit | None, name: str) -> set[str]:
    """Those that may move because a unit is not what it was: itself, its neighbours by `after`, and the engines."""
    unit = state.units.get(name)
    if before is not None and unit is not None and _look_alike(before, unit):
        return {name}
    after = {each for version in (before, unit) if version is not None for each in version.after}
    after_it = {other.name for other in state.units.values() if name in other.after or other.engine}
    return ({name} | after | after_it) & state.units.keys()


def _look_alike(one: Unit, other: Unit) -> bool:
    """Whether two versions of a unit are the same in all that others are moved by."""
    return (
        one.manifest is other.manifest
        and one.after == other.after
        and one.leaving == other.leaving
        and len(one.replicas) == len(other.replicas)
        and all(
            (each.phase, each.wanted, each.retired, each.process is None)
            == (now.phase, now.wanted, now.retired, now.process is None)
            for each, now in zip(one.replicas, other.replicas, strict=True)
        )
    )


def _settle_build(unit: Unit) -> tuple[Unit, list[Action]]:
    waiting = any(replica.wanted and replica.phase is Phase.WAITING for replica in unit.replicas)
    if waiting and unit.build is BuildPhase.UNKNOWN:
        if not unit.has_build:
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
        # Where everything goes down there is nobody left to send the next request to.
        return probing.stop(unit, replica, now, following=Next.REST, drain=not state.closing)
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
    """Whether something is still there that is being stopped too and goes first: what is after it; all, for engines."""
    return any(
        (unit.name in other.after or (unit.engine and not other.engine))
        and not other.wanted
        and any(_is_there(each) for each in other.replicas)
        for other in state.units.values()
    )


def _is_there(replica: Replica) -> bool:
    return replica.process is not None or replica.phase in RUNNING or replica.phase is Phase.STOPPING


def _is_up(unit: Unit) -> bool:
    wanted = Phase.COMPLETED if unit.manifest.space.kind == "job" else Phase.READY
    return all(replica.phase is wanted for replica in unit.replicas if not replica.retired)


def _illness(unit: Unit) -> str | None:
    return next((str(each.phase) for each in unit.replicas if each.phase in ENDED), None)


def _is_due(replica: Replica, now: float) -> bool:
    return replica.deadline_at is not None and replica.deadline_at <= now
