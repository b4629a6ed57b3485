"""What the loop wants done in the world; adapters perform it and answer with events."""

from __future__ import annotations

from dataclasses import dataclass

from spacectl.model.checks import ProbeKind


@dataclass(frozen=True, slots=True)
class Build:
    """Build a unit, unless nothing it is built from has changed."""

    unit: str


@dataclass(frozen=True, slots=True)
class CancelBuild:
    """Stop a build whose result nobody wants any more."""

    unit: str


@dataclass(frozen=True, slots=True)
class Spawn:
    """Start a replica's main process."""

    replica: str


@dataclass(frozen=True, slots=True)
class Drain:
    """Wait until the gateway has nothing in hand for a replica, which gets nothing new from now on."""

    replica: str
    pid: int


@dataclass(frozen=True, slots=True)
class Terminate:
    """Ask everything a replica started to end, with this signal."""

    replica: str
    signal: str


@dataclass(frozen=True, slots=True)
class Kill:
    """End everything a replica started with SIGKILL."""

    replica: str


@dataclass(frozen=True, slots=True)
class Probe:
    """Probe a replica's process."""

    replica: str
    pid: int
    kind: ProbeKind


@dataclass(frozen=True, slots=True)
class Note:
    """Write a line of the system's history: what happened to which unit or replica."""

    subject: str
    kind: str
    text: str


Action = Build | CancelBuild | Spawn | Drain | Terminate | Kill | Probe | Note
