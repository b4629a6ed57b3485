"""What can happen to a running system, as the loop hears of it."""

from __future__ import annotations

from dataclasses import dataclass

from spacectl.model.checks import ProbeKind
from spacectl.model.state import Ended


@dataclass(frozen=True, slots=True)
class Start:
    """Someone wants these units to run."""

    units: frozenset[str]


@dataclass(frozen=True, slots=True)
class Stop:
    """Someone wants these units to rest."""

    units: frozenset[str]


@dataclass(frozen=True, slots=True)
class Restart:
    """Someone wants these units to be stopped and started again."""

    units: frozenset[str]


@dataclass(frozen=True, slots=True)
class ShutDown:
    """Someone wants everything to end; `now` means with SIGKILL."""

    now: bool = False


@dataclass(frozen=True, slots=True)
class BuildFinished:
    """The build of a unit ended. `reason` is None when it succeeded, or when nothing had changed."""

    unit: str
    reason: str | None
    tail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Spawned:
    """A replica's main process runs."""

    replica: str
    pid: int
    start_ticks: int


@dataclass(frozen=True, slots=True)
class SpawnFailed:
    """A replica's main process could not be started. `final` says that trying again cannot help."""

    replica: str
    reason: str
    final: bool


@dataclass(frozen=True, slots=True)
class Exited:
    """A replica's main process ended; what it started may live on until `Gone`."""

    replica: str
    pid: int
    ended: Ended
    tail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gone:
    """Nothing that the replica had started is left."""

    replica: str
    pid: int


@dataclass(frozen=True, slots=True)
class Probed:
    """A probe of the replica's process `pid` ended. `reason` is None when it passed."""

    replica: str
    pid: int
    kind: ProbeKind
    reason: str | None


@dataclass(frozen=True, slots=True)
class Drained:
    """The replica's process `pid` gets no requests any more, or was waited for long enough."""

    replica: str
    pid: int


@dataclass(frozen=True, slots=True)
class FilesChanged:
    """Files that a space watches changed."""

    unit: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The bus refused what a space tried."""

    unit: str
    kind: str
    subject: str
    count: int
    hint: str


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed; something may be due."""


Event = (
    Start
    | Stop
    | Restart
    | ShutDown
    | BuildFinished
    | Spawned
    | SpawnFailed
    | Exited
    | Gone
    | Probed
    | Drained
    | FilesChanged
    | Refused
    | Tick
)
