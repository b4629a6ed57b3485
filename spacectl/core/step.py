"""The supervisor's one decision: (state, event, now) becomes (state, actions)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from spacectl.core import adopting, applying, probing, rolling, watching
from spacectl.core.moves import to
from spacectl.core.restarting import after_exit, crashed, describe
from spacectl.core.settle import settle
from spacectl.model.actions import Action, Build, Kill, Note
from spacectl.model.events import (
    Adopted,
    Apply,
    BuildFinished,
    CompletedBefore,
    Drained,
    Event,
    Exited,
    FilesChanged,
    Gone,
    Probed,
    Refused,
    Restart,
    Scale,
    ShutDown,
    Spawned,
    SpawnFailed,
    Start,
    Stop,
    Tick,
)
from spacectl.model.phase import ENDED, RUNNING, Phase
from spacectl.model.state import BuildPhase, Next, Process, Replica, State, Unit, Violation

Step = tuple[State, list[Action]]
_Change = Callable[[Unit, Replica], tuple[Replica, list[Action]]]


def step(state: State, event: Event, now: float) -> Step:
    """Take in one event and draw every consequence.

    Args:
        state: what is known.
        event: what happened.
        now: the monotonic clock in seconds.

    Raises:
        InternalError: an event led to a move that the table of phases does not allow.
    """
    state, actions = take_in(state, event, now)
    state, more = settle(state, now)
    if not isinstance(event, Probed | Tick):  # as nearly all are; they end nothing, and looking would cost more
        state = applying.without_gone(state)
    return state, actions + more


def take_in(state: State, event: Event, now: float) -> Step:
    """Take in one event, and the ends of pauses, without what follows from it for others."""
    actions: list[Action] = []
    if not _is_too_late(state, event) and not _is_of_nobody(state, event):
        state, actions = _take_in(state, event, now)
    for name in watching.due(state, now):
        state, more = _react(state.with_unit(watching.released(state.units[name])), name, now)
        actions += more
    return state, actions


def finished(state: State) -> bool:
    """Whether the system is going down and nothing of it is left."""
    replicas = [replica for unit in state.units.values() for replica in unit.replicas]
    return state.closing and all(each.phase in ENDED and each.process is None for each in replicas)


def _is_too_late(state: State, event: Event) -> bool:
    """Whether something is to be started that was asked for before it was known that all is over."""
    return state.closing and isinstance(event, Start | Restart | Scale | Apply | FilesChanged)


def _is_of_nobody(state: State, event: Event) -> bool:
    """Whether it tells of something that is no longer part of the system."""
    match event:
        case Probed(replica=name):
            return not state.has_replica(name)
        case FilesChanged(unit=name) | Refused(unit=name) | BuildFinished(unit=name) | Scale(unit=name):
            return name not in state.units
        case _:
            return False


def _take_in(state: State, event: Event, now: float) -> Step:
    match event:
        case Tick():
            return state, []
        case Start(units=names):
            return _each(state, names, lambda unit, replica: (_start(unit, replica, now), []))
        case Stop(units=names):
            return _each(state, names, lambda _, replica: (_rest(replica, now), []))
        case Restart(units=names):
            rolling_on = _roll(state, names)
            return _each(rolling_on, names, lambda unit, replica: _restart(unit, replica, now))
        case Scale() | Apply():
            return _reshaped(state, event, now)
        case ShutDown(now=at_once):
            return _shut_down(state, at_once=at_once, now=now)
        case Spawned() | SpawnFailed() | Adopted() | CompletedBefore() | Exited() | Gone() | Probed() | Drained():
            return _of_replica(state, event, now)
        case BuildFinished() | FilesChanged() | Refused():
            return _of_unit(state, event, now)
    assert_never(event)


def _of_unit(state: State, event: BuildFinished | FilesChanged | Refused, now: float) -> Step:
    match event:
        case BuildFinished():
            return _built(state, event, now)
        case FilesChanged():
            return _changed(state, event, now)
        case Refused():
            return _refused(state, event)
    assert_never(event)


def _each(state: State, names: frozenset[str], change: _Change) -> Step:
    actions: list[Action] = []
    for name in sorted(names & state.units.keys()):
        unit = watching.forgotten(state.units[name])
        if unit.build is not BuildPhase.RUNNING:
            unit = replace(unit, build=BuildPhase.UNKNOWN, build_reason=None)  # ask again whether it is up to date
        state = state.with_unit(unit)
        for replica in unit.replicas:
            changed, more = change(unit, replica)
            state = state.with_replica(changed)
            actions += more
    return state, actions


def _roll(state: State, names: frozenset[str]) -> State:
    for name in sorted(names & state.units.keys()):
        state = state.with_unit(rolling.begin(state.units[name]))
    return state


def _start(unit: Unit, replica: Replica, now: float) -> Replica:
    if replica.retired:
        return replica
    done = replica.phase is Phase.COMPLETED and unit.manifest.space.kind == "job" and replica.wanted
    replica = replace(replica, wanted=True)
    if replica.phase is Phase.STOPPING:
        return replace(replica, following=Next.START)
    if (replica.phase in ENDED and not done) or replica.phase is Phase.BACKOFF:
        return replace(to(replica, Phase.WAITING, now), crashes=(), tail=(), ended=None)
    return replica


def _rest(replica: Replica, now: float) -> Replica:
    replica = replace(replica, wanted=False, following=Next.REST)
    return to(replica, Phase.STOPPED, now) if replica.phase is Phase.FAILED else replica


def _restart(unit: Unit, replica: Replica, now: float) -> tuple[Replica, list[Action]]:
    if replica.number in unit.rolling:  # its turn comes
        return replace(replica, wanted=True), []
    if replica.phase is Phase.COMPLETED and not replica.retired:
        return replace(to(replica, Phase.WAITING, now), wanted=True, ended=None), []
    running = replica.process is not None and not replica.process.ended
    if replica.phase in RUNNING and running and not replica.retired:
        replica = replace(replica, wanted=True, crashes=())
        return probing.stop(unit, replica, now, following=Next.START, reason="restarting")
    return _start(unit, replica, now), []


def _shut_down(state: State, *, at_once: bool, now: float) -> Step:
    state, actions = _each(state, frozenset(state.units), lambda _, replica: (_rest(replica, now), []))
    state = replace(state, closing=True)
    if not at_once:
        return state, actions
    for unit in state.units.values():
        for replica in unit.replicas:
            if replica.process is None:
                continue
            if replica.phase in RUNNING:
                state = state.with_replica(replace(to(replica, Phase.STOPPING, now), following=Next.REST))
            elif replica.draining:
                state = state.with_replica(replace(replica, draining=False, deadline_at=None))
            actions.append(Kill(replica.name))
    return state, actions


def _built(state: State, event: BuildFinished, now: float) -> Step:
    unit = state.units[event.unit]
    if unit.build is not BuildPhase.RUNNING:  # cancelled meanwhile
        return state, []
    unit = replace(unit, watching=replace(unit.watching, built_at=now))
    if event.reason is None:
        state = state.with_unit(replace(unit, build=BuildPhase.DONE, refresh=False, build_reason=None))
        return _restart_all(state, unit.name, now) if unit.refresh else (state, [])
    if unit.refresh and any(each.phase not in ENDED for each in unit.replicas):
        text = f"{event.reason}; what ran before runs on"
        failed = replace(unit, build=BuildPhase.DONE, refresh=False, build_reason=event.reason)
        return state.with_unit(failed), [Note(unit.name, "build failed", text)]
    replicas = tuple(_not_built(each, event) for each in unit.replicas)
    failed = replace(unit, build=BuildPhase.FAILED, refresh=False, build_reason=event.reason, replicas=replicas)
    told: list[Action] = [Note(unit.name, "build failed", event.reason)] if unit.refresh else []  # else replicas tell
    return state.with_unit(failed), told


def _not_built(replica: Replica, event: BuildFinished) -> Replica:
    if replica.phase is Phase.FAILED:  # by the build before, or by itself: either way this is what is in its way now
        return replace(replica, reason=event.reason, tail=event.tail)
    return replace(replica, tail=event.tail)


def _restart_all(state: State, name: str, now: float) -> Step:
    actions: list[Action] = []
    state = _roll(state, frozenset({name}))
    for replica in state.units[name].replicas:
        if replica.wanted and replica.phase is not Phase.STOPPING:
            changed, more = _restart(state.units[name], replica, now)
            state = state.with_replica(changed)
            actions += more
    return state, actions


def _changed(state: State, event: FilesChanged, now: float) -> Step:
    unit = state.units[event.unit]
    if unit.manifest.watch.on_change == "none" or not unit.wanted:
        return state, []
    unit, told = watching.changed(unit, event.files, now)
    state, actions = state.with_unit(unit), [Note(unit.name, "changed", "files changed"), *told]
    if unit.watching.held_until is not None:
        return state, actions
    state, more = _react(state, unit.name, now)
    return state, [*actions, *more]


def _react(state: State, name: str, now: float) -> Step:
    unit = state.units[name]
    if not unit.wanted:
        return state, []
    builds = unit.manifest.watch.on_change == "build" and unit.has_build
    return _rebuild(state, unit) if builds else _renew(state, unit, now)


def _rebuild(state: State, unit: Unit) -> Step:
    """Build it while it runs, and restart it if that succeeds."""
    # The first build begins anew, and replicas go on waiting for it.
    first = unit.build is BuildPhase.RUNNING and not unit.refresh
    return state.with_unit(replace(unit, build=BuildPhase.RUNNING, refresh=not first)), [Build(unit.name)]


def _renew(state: State, unit: Unit, now: float) -> Step:
    """Restart it; its build is asked for again where nothing of it is under way."""
    if unit.build is not BuildPhase.RUNNING:
        state = state.with_unit(replace(unit, build=BuildPhase.UNKNOWN, build_reason=None))
    return _restart_all(state, unit.name, now)


def _reshaped(state: State, event: Scale | Apply, now: float) -> Step:
    if isinstance(event, Scale):
        return state.with_unit(applying.scaled(state.units[event.unit], event.count, now, wanted=True)), []
    actions: list[Action] = []
    state = applying.taken_on(state, event.units, now)
    for name in sorted(event.renew & state.units.keys()):
        unit = replace(state.units[name], build_reason=None)
        runs = any(each.phase in RUNNING for each in unit.replicas)
        builds = unit.has_build and (runs or unit.build is BuildPhase.RUNNING)
        state, more = _rebuild(state, unit) if builds else _renew(state, unit, now)
        actions += more
    state, more = _each(state, event.start - event.renew, lambda unit, replica: (_start(unit, replica, now), []))
    return state, actions + more


def _refused(state: State, event: Refused) -> Step:
    unit = state.units[event.unit]
    subjects = {(each.kind, each.subject) for each in unit.violations}
    if (event.kind, event.subject) not in subjects and len(subjects) >= _VIOLATIONS_KEPT:
        event = replace(event, kind="use", subject=_OTHERS, hint="the space makes up ever new subjects")
    known = next((each for each in unit.violations if (each.kind, each.subject) == (event.kind, event.subject)), None)
    others = tuple(each for each in unit.violations if each is not known)
    count = event.count + (known.count if known else 0)
    counted = Violation(event.kind, event.subject, count, event.hint)
    state = state.with_unit(replace(unit, violations=(*others, counted)))
    if known:
        return state, []
    return state, [Note(unit.name, "violation", f"may not {event.kind} {event.subject}: {event.hint}")]


_VIOLATIONS_KEPT = 100
"""Distinct ones; a space that makes up subjects must neither grow the state nor fill the history for ever."""
_OTHERS = "other subjects"


_OfReplica = Spawned | SpawnFailed | Adopted | CompletedBefore | Exited | Gone | Probed | Drained


def _of_replica(state: State, event: _OfReplica, now: float) -> Step:
    replica = state.replica(event.replica)
    unit = state.units[replica.unit]
    match event:
        case Spawned(pid=pid, start_ticks=ticks, mark=mark, log_start=log_start):
            changed, actions = _spawned(unit, replica, Process(pid, ticks, mark, log_start), now)
        case SpawnFailed(reason=reason, final=final):
            changed, actions = _spawn_failed(unit, replica, reason, final=final, now=now)
        case Adopted():
            changed, actions = adopting.adopted(unit, replica, event, now)
        case CompletedBefore():
            changed, actions = replace(to(replica, Phase.COMPLETED, now), wanted=True), []
        case Exited():
            changed, actions = _exited(unit, replica, event, now)
        case Gone(pid=pid):
            changed, actions = _gone(unit, replica, pid, now)
        case Probed():
            changed, actions = probing.answered(unit, replica, event, now)
        case Drained(pid=pid):
            changed, actions = _drained(unit, replica, pid, now)
    return state.with_replica(changed), actions


def _spawned(unit: Unit, replica: Replica, process: Process, now: float) -> tuple[Replica, list[Action]]:
    started = replace(replica, process=process, started_at=now, ready_at=None, ended=None, tail=())
    return probing.begin(unit, started, now), [Note(replica.name, "started", process.told)]


def _spawn_failed(
    unit: Unit, replica: Replica, reason: str, *, final: bool, now: float
) -> tuple[Replica, list[Action]]:
    replica = replace(replica, ended=None, tail=())  # of the process before
    if final and replica.wanted:
        return to(replica, Phase.FAILED, now, reason=reason), [Note(replica.name, "failed", reason)]
    return _told(crashed(unit, replica, reason, now))


def _exited(unit: Unit, replica: Replica, event: Exited, now: float) -> tuple[Replica, list[Action]]:
    if replica.process is None or replica.process.pid != event.pid:
        return replica, []
    replica = replace(replica, process=replace(replica.process, ended=True), ended=event.ended, tail=event.tail)
    if replica.draining:  # nobody asked it yet, nor what it started
        return probing.tell(unit, replica, now)
    if replica.phase not in RUNNING:  # it was asked to; `Gone` follows
        return replica, []
    moved, notes = _told(after_exit(unit, replica, event.ended, now), describe(event.ended))
    return moved, [Kill(replica.name), *notes]


def _drained(unit: Unit, replica: Replica, pid: int, now: float) -> tuple[Replica, list[Action]]:
    if not replica.draining or replica.process is None or replica.process.pid != pid:
        return replica, []
    return probing.tell(unit, replica, now)


def _gone(unit: Unit, replica: Replica, pid: int, now: float) -> tuple[Replica, list[Action]]:
    if replica.process is None or replica.process.pid != pid:
        return replica, []
    replica = replace(replica, process=None)
    if replica.phase is not Phase.STOPPING:
        return replica, []
    match replica.following:
        case Next.REST:
            return to(replica, Phase.STOPPED, now), [Note(replica.name, "stopped", "everything it started is gone")]
        case Next.START:
            return to(replica, Phase.WAITING, now), []
        case Next.CRASH:
            return _told(crashed(unit, replica, replica.reason or "stopped", now))
    assert_never(replica.following)


def _told(replica: Replica, why: str | None = None) -> tuple[Replica, list[Action]]:
    return replica, [Note(replica.name, str(replica.phase), replica.reason or why or "")]
