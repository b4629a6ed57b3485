"""What can happen to a running system, as the loop hears of it."""

from __future__ import annotations

from dataclasses import dataclass

from spacectl.model.checks import ProbeKind
from spacectl.model.state import Ended, Process, Unit


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
class Scale:
    """Someone wants this unit to have so many replicas."""

    unit: str
    count: int


@dataclass(frozen=True, slots=True)
class Apply:
    """The manifests are others now.

    Attributes:
        units: every space as it is written now, with as many replicas as it is to have. One that is not among them
            is to end and to be forgotten.
        renew: those whose running processes are no longer what is written: they are built and started again.
        start: those that are to run.
    """

    units: tuple[Unit, ...]
    renew: frozenset[str]
    start: frozenset[str]


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
    mark: str = ""
    log_start: int = 0


@dataclass(frozen=True, slots=True)
class Adopted:
    """A main process that an earlier supervisor started runs on, and is taken over.

    Attributes:
        started_at: when it was started, on the monotonic clock.
        restarts: how often the replica had been started again after a crash.
        wanted: it was meant to run; False when the earlier supervisor was about to stop it.
    """

    replica: str
    process: Process
    started_at: float
    restarts: int
    wanted: bool


@dataclass(frozen=True, slots=True)
class CompletedBefore:
    """A job that an earlier supervisor saw succeed; it is not run again."""

    replica: str


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
class FilesChanged:
    """Files that a space watches changed.

    Attributes:
        files: which, relative to the space's folder; empty where nobody knows.
    """

    unit: str
    files: frozenset[str] = frozenset()


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
    | Scale
    | Apply
    | ShutDown
    | BuildFinished
    | Spawned
    | Adopted
    | CompletedBefore
    | SpawnFailed
    | Exited
    | Gone
    | Probed
    | FilesChanged
    | Refused
    | Tick
)
