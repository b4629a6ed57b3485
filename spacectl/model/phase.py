"""The life of a replica: its phases, and the table of moves between them."""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    """Where a replica is in its life."""

    WAITING = "waiting"
    BUILDING = "building"
    STARTING = "starting"
    READY = "ready"
    UNHEALTHY = "unhealthy"
    BACKOFF = "backoff"
    STOPPING = "stopping"
    STOPPED = "stopped"
    COMPLETED = "completed"
    FAILED = "failed"


RUNNING = frozenset({Phase.STARTING, Phase.READY, Phase.UNHEALTHY})
"""The main process is there and is meant to be there."""

ENDED = frozenset({Phase.STOPPED, Phase.COMPLETED, Phase.FAILED})
"""Nothing happens any more until someone asks for it."""

PENDING = frozenset({Phase.WAITING, Phase.BUILDING, Phase.BACKOFF})
"""There is no process, and one is meant to come."""

MOVES: dict[Phase, frozenset[Phase]] = {
    Phase.WAITING: frozenset({Phase.BUILDING, Phase.STARTING, Phase.STOPPED, Phase.FAILED}),
    Phase.BUILDING: frozenset({Phase.STARTING, Phase.WAITING, Phase.STOPPED, Phase.FAILED}),
    Phase.STARTING: frozenset(
        {Phase.READY, Phase.BACKOFF, Phase.STOPPING, Phase.COMPLETED, Phase.STOPPED, Phase.FAILED}
    ),
    Phase.READY: frozenset(
        {Phase.UNHEALTHY, Phase.BACKOFF, Phase.STOPPING, Phase.COMPLETED, Phase.STOPPED, Phase.FAILED}
    ),
    Phase.UNHEALTHY: frozenset(
        {Phase.READY, Phase.BACKOFF, Phase.STOPPING, Phase.COMPLETED, Phase.STOPPED, Phase.FAILED}
    ),
    Phase.BACKOFF: frozenset({Phase.WAITING, Phase.STARTING, Phase.STOPPING, Phase.STOPPED, Phase.FAILED}),
    Phase.STOPPING: frozenset({Phase.STOPPED, Phase.WAITING, Phase.BACKOFF, Phase.FAILED}),
    Phase.STOPPED: frozenset({Phase.WAITING, Phase.STARTING, Phase.COMPLETED}),  # the latter two by adoption only
    Phase.COMPLETED: frozenset({Phase.WAITING}),
    Phase.FAILED: frozenset({Phase.WAITING, Phase.STOPPING, Phase.STOPPED}),
}
"""Every allowed move. Anything else is a bug, and `core.moves.to` stops with a message that says so."""

WORST_FIRST = (
    Phase.FAILED,
    Phase.UNHEALTHY,
    Phase.BACKOFF,
    Phase.STOPPING,
    Phase.WAITING,
    Phase.BUILDING,
    Phase.STARTING,
    Phase.READY,
    Phase.COMPLETED,
    Phase.STOPPED,
)
"""The order in which the phases of many replicas are told as one state."""
