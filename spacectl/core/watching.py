"""Whether changed files restart a space now or later.

A build or a program that writes what is watched would restart itself for ever. It is told from a person by when the
files change: a person also saves while nothing is under way. So changes that come while the space builds, ends or
starts are counted, as long as the same file is among them each time; after a few the next restart waits, each time
twice as long. A change that comes at any other time restarts the space at once, and ends the count: no edit is ever
lost, and in a loop nothing storms.
"""

from __future__ import annotations

from dataclasses import replace

from spacectl.model.actions import Action, Note
from spacectl.model.phase import Phase
from spacectl.model.state import BuildPhase, Replica, State, Unit, Watching
from spacectl.model.units import format_duration
from spacectl.model.wording import counted, escaped

AT_ONCE = 4
"""Restarts in a row that may each have caused the next without a pause between them."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 3600.0

_AFTER_S = 2.0
"""How long after a build, a start or getting ready a change counts as made by it: changes are told a little late."""

_STARTING_S = 5.0
"""How long a program may take until it writes; what is never ready is being mended by someone."""

_BEFORE_START = frozenset({Phase.STOPPING, Phase.WAITING, Phase.BUILDING})

_MOST_NAMED = 3


def changed(unit: Unit, files: frozenset[str], now: float) -> tuple[Unit, list[Action]]:
    """Take in that files changed; where `held_until` is set afterwards, the space is not to be restarted yet.

    Args:
        unit: the space.
        files: which of its files, relative to its folder; empty where nobody knows.
        now: the monotonic clock.
    """
    seen = unit.watching
    if not files or not _is_at_work(unit, now):
        return forgotten(unit), []
    if seen.held_until is not None or _is_about_to_start(unit):
        return unit, []  # they are part of what comes
    common = seen.files & files
    seen = replace(seen, rounds=seen.rounds + 1 if common else 1, files=common or files)
    if seen.rounds <= AT_ONCE:
        return replace(unit, watching=seen), []
    pause_s = min(FIRST_PAUSE_S * 2.0 ** (seen.rounds - AT_ONCE - 1), LONGEST_PAUSE_S)
    held = replace(unit, watching=replace(seen, held_until=now + pause_s, pause_s=pause_s))
    return held, [Note(unit.name, "loop", loop(held) or "")]


def forgotten(unit: Unit) -> Unit:
    """The unit with no loop: somebody has done something."""
    return replace(unit, watching=Watching(built_at=unit.watching.built_at))


def released(unit: Unit) -> Unit:
    """The unit whose pause is over; the loop may still be there."""
    return replace(unit, watching=replace(unit.watching, held_until=None))


def due(state: State, now: float) -> list[str]:
    """The units whose pause is over."""
    return [name for name, unit in state.units.items() if (at := unit.watching.held_until) is not None and at <= now]


def loop(unit: Unit) -> str | None:
    """The loop that a unit is in, in words; None when it is in none."""
    seen = unit.watching
    if seen.held_until is None:
        return None
    names = [escaped(name) for name in sorted(seen.files)]
    told = ", ".join(names[:_MOST_NAMED]) + (f" and {len(names) - _MOST_NAMED} more" if names[_MOST_NAMED:] else "")
    what = "build" if unit.manifest.watch.on_change == "build" else "restart"
    return (
        f"{told} changed during each of the last {counted(seen.rounds, what)}: it seems to be a loop; the next {what} "
        f"waits {format_duration(seen.pause_s)}, unless something changes meanwhile; "
        "[watch] ignore leaves out what nobody edits"
    )


def _is_at_work(unit: Unit, now: float) -> bool:
    built_at = unit.watching.built_at
    if unit.build is BuildPhase.RUNNING or (built_at is not None and now - built_at <= _AFTER_S):
        return True
    return any(_is_moving(replica, now) for replica in unit.replicas)


def _is_moving(replica: Replica, now: float) -> bool:
    if replica.phase is Phase.STOPPING:
        return True
    if replica.started_at is not None and now - replica.started_at <= _AFTER_S:
        return True
    limit_s = {Phase.STARTING: _STARTING_S, Phase.READY: _AFTER_S}.get(replica.phase, 0.0)
    return now - replica.since <= limit_s


def _is_about_to_start(unit: Unit) -> bool:
    """Whether everything that a restart would end has ended, or ends: it starts with the files as they are then."""
    phases = {replica.phase for replica in unit.replicas if replica.wanted}
    return unit.manifest.watch.on_change != "build" and phases <= _BEFORE_START
