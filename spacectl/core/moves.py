"""The one function that moves a replica from phase to phase."""

from __future__ import annotations

from dataclasses import replace

from spacectl.errors import InternalError
from spacectl.model.phase import MOVES, Phase
from spacectl.model.state import Replica


def to(replica: Replica, phase: Phase, now: float, *, reason: str | None = None) -> Replica:
    """Move a replica, clearing what belonged to the phase it leaves.

    Raises:
        InternalError: the table of moves does not allow it.
    """
    if phase not in MOVES[replica.phase]:
        raise InternalError(f"{replica.name} cannot move from {replica.phase} to {phase}")
    return replace(replica, phase=phase, since=now, deadline_at=None, draining=False, reason=reason)
