"""Restarts the replicas of a space one after the other, so that those who call it always find one that is ready."""

from __future__ import annotations

from dataclasses import replace

from spacectl.core import probing
from spacectl.model.actions import Action, Note
from spacectl.model.phase import ENDED, Phase
from spacectl.model.state import Next, Replica, Unit

_UP = (Phase.UNHEALTHY, Phase.READY)
"""An unhealthy one is no loss to anybody, and goes first."""


def begin(unit: Unit) -> Unit:
    """Note which replicas wait for their turn: those that are ready, where there are several that others call."""
    several = unit.serves and len(unit.replicas) > 1
    ready = tuple(each.number for each in unit.replicas if _is_running(each) and each.phase is Phase.READY)
    return replace(unit, rolling=ready if several else ())


def go_on(unit: Unit, now: float) -> tuple[Unit, list[Action]]:
    """Restart the next one, once all others are ready; when one of them failed, what runs is left as it is."""
    if not unit.rolling:
        return unit, []
    left = [each for each in unit.replicas if each.number in unit.rolling and each.wanted and _is_up(each)]
    left.sort(key=lambda each: _UP.index(each.phase))
    done = [each for each in unit.replicas if each.wanted and each not in left]
    failed = next((each.name for each in done if each.phase in ENDED), None)
    if left and failed is not None:
        kept = ", ".join(each.name for each in left)
        return replace(unit, rolling=()), [Note(unit.name, "restart ended", f"{failed} failed; as before: {kept}")]
    waits = any(each.phase is not Phase.READY for each in done)
    if not left or (waits and left[0].phase is Phase.READY):
        return _with_rolling(unit, left), []
    stopping, actions = probing.stop(unit, replace(left[0], crashes=()), now, following=Next.START, reason="restarting")
    replicas = tuple(stopping if each.number == stopping.number else each for each in unit.replicas)
    return replace(_with_rolling(unit, left[1:]), replicas=replicas), actions


def _with_rolling(unit: Unit, left: list[Replica]) -> Unit:
    numbers = tuple(sorted(each.number for each in left))
    return unit if numbers == unit.rolling else replace(unit, rolling=numbers)


def _is_up(replica: Replica) -> bool:
    return replica.phase in _UP and _is_running(replica)


def _is_running(replica: Replica) -> bool:
    return replica.process is not None and not replica.process.ended
