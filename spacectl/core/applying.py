"""Takes on other manifests and other numbers of replicas while the system runs; forgets what is gone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from spacectl.core.moves import to
from spacectl.model.phase import ENDED, Phase
from spacectl.model.state import BuildPhase, Next, Replica, State, Unit


def scaled(unit: Unit, count: int, now: float, *, wanted: bool) -> Unit:
    """The unit with replicas 1 to `count`: missing ones are added, the highest numbers retire.

    Args:
        unit: as it is.
        count: how many replicas it is to have.
        now: the monotonic clock in seconds.
        wanted: whether those that are added are to run. Where nothing of the unit was wanted, then all are.
    """
    rests = not unit.wanted
    replicas = [
        _kept(each, now, wanted=wanted and (rests or each.retired)) if each.number <= count else _retired(each)
        for each in unit.replicas
    ]
    known = {each.number for each in replicas}
    new = [Replica(unit.name, number) for number in range(1, count + 1) if number not in known]
    replicas += [_wanted(each, now) for each in new] if wanted else new
    return replace(unit, replicas=tuple(sorted(replicas, key=lambda each: each.number)))


def taken_on(state: State, units: Iterable[Unit], now: float) -> State:
    """The state in which every space is what is written now; what is no longer written is on its way out.

    Running processes stay as they are: what else counts of a manifest (probes, restarts, how it is stopped, what it
    waits for) counts from now on.
    """
    written = {unit.name: unit for unit in units}
    for unit in written.values():
        state = state.with_unit(_merged(state.units.get(unit.name), unit, now))
    for unit in list(state.units.values()):
        if not unit.engine and unit.name not in written:
            state = state.with_unit(replace(scaled(unit, 0, now, wanted=False), leaving=True))
    return state


def without_gone(state: State) -> State:
    """The same state without retired replicas and leaving units of which nothing is left."""
    for unit in list(state.units.values()):
        kept = tuple(each for each in unit.replicas if not _is_gone(each))
        if unit.leaving and not kept and unit.build is not BuildPhase.RUNNING:
            state = replace(state, units={name: each for name, each in state.units.items() if name != unit.name})
        elif len(kept) < len(unit.replicas):
            state = state.with_unit(replace(unit, replicas=kept))
    return state


def _merged(known: Unit | None, written: Unit, now: float) -> Unit:
    if known is None:
        return written
    unit = replace(known, manifest=written.manifest, after=written.after, leaving=False)
    return scaled(unit, len(written.replicas), now, wanted=known.wanted)


def _kept(replica: Replica, now: float, *, wanted: bool) -> Replica:
    replica = replace(replica, retired=False)
    return _wanted(replica, now) if wanted else replica


def _wanted(replica: Replica, now: float) -> Replica:
    replica = replace(replica, wanted=True)
    if replica.phase is Phase.STOPPING:
        return replace(replica, following=Next.START)
    if replica.phase in ENDED:
        return replace(to(replica, Phase.WAITING, now), crashes=(), tail=(), ended=None)
    return replica


def _retired(replica: Replica) -> Replica:
    return replace(replica, wanted=False, following=Next.REST, retired=True)


def _is_gone(replica: Replica) -> bool:
    return replica.retired and replica.phase in ENDED and replica.process is None
