"""What the supervisor knows: units (spaces and engines), their replicas, and what is wanted of them.

Times are readings of the machine's monotonic clock in seconds; it is the same for every process of one boot.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from spacectl.model.manifest import SpaceManifest
from spacectl.model.phase import RUNNING, WORST_FIRST, Phase


@dataclass(frozen=True, slots=True)
class Process:
    """A running main process, or what it left behind once it ended.

    Attributes:
        pid: the process id; also the id of its session and process group.
        start_ticks: start time in clock ticks since boot (/proc/PID/stat, field 22): tells a recycled pid.
        mark: what its environment holds, and that of all it starts, and nobody else's.
        log_start: size of its log in bytes when it was started.
        ended: the main process is gone; something it started may still be there.
    """

    pid: int
    start_ticks: int
    mark: str = ""
    log_start: int = 0
    ended: bool = False

    @property
    def is_container(self) -> bool:
        """Whether it is a container: then `pid` only stands for it, and `mark` is its name."""
        return self.pid < 0

    @property
    def told(self) -> str:
        """By what a person finds it."""
        return f"container {self.mark}" if self.is_container else f"pid {self.pid}"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a main process ended. Both None: an adopted process, whose exit status nobody saw.

    Attributes:
        cause: why it was killed, in words, where that is known.
    """

    code: int | None
    signal: int | None
    cause: str | None = None

    @property
    def success(self) -> bool:
        return self.code == 0


@dataclass(frozen=True, slots=True)
class Probing:
    """Where the probing of a replica stands.

    Attributes:
        due_at: when to probe next; None while a probe is under way or none is wanted.
        failures: how many failed in a row.
        reason: why the last one failed; None after a success.
    """

    due_at: float | None = None
    failures: int = 0
    reason: str | None = None


class Next(Enum):
    """What follows when everything a stopping replica had started is gone."""

    REST = "rest"
    START = "start"
    CRASH = "crash"


@dataclass(frozen=True, slots=True)
class Replica:
    """One running copy of a unit, or the place of one.

    Attributes:
        deadline_at: when the phase is over: not ready in time, time to kill, time to restart.
        draining: it stops, and was not told yet: the gateway lets it finish what it has.
        crashes: when it crashed, oldest first; forgotten after it was ready long enough.
        restarts: how often it was started again after a crash, since `up`.
        reason: why it is where it is, in words.
        tail: the last lines of output, kept when it crashed.
        retired: it is one too many, and is forgotten once nothing of it is left.
    """

    unit: str
    number: int
    phase: Phase = Phase.STOPPED
    since: float = 0.0
    wanted: bool = False
    process: Process | None = None
    started_at: float | None = None
    ready_at: float | None = None
    deadline_at: float | None = None
    ready: Probing = Probing()
    alive: Probing = Probing()
    following: Next = Next.REST
    draining: bool = False
    crashes: tuple[float, ...] = ()
    restarts: int = 0
    ended: Ended | None = None
    reason: str | None = None
    tail: tuple[str, ...] = ()
    retired: bool = False

    @property
    def name(self) -> str:
        return f"{self.unit}.{self.number}"

    @property
    def due_at(self) -> float:
        """When something becomes due without anything happening; infinity when nothing will."""
        leftovers = self.phase is Phase.BACKOFF and self.process is not None
        at = math.inf if self.deadline_at is None or leftovers else self.deadline_at
        if self.phase in RUNNING and self.process is not None:
            for probing in (self.ready, self.alive):
                if probing.due_at is not None and probing.due_at < at:
                    at = probing.due_at
        return at


class BuildPhase(Enum):
    """Where the build of a unit stands."""

    UNKNOWN = "unknown"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Violation:
    """A refused publish or subscribe: what a unit tried that its manifest does not declare."""

    kind: str
    subject: str
    count: int
    hint: str


@dataclass(frozen=True, slots=True)
class Watching:
    """What changes of a unit's files have led to.

    Attributes:
        rounds: how many restarts (or builds) in a row each saw files change while it was under way.
        files: those that changed in each of them.
        held_until: when the next one begins, which waits because of that; None when none does.
        pause_s: how long it waits.
        built_at: when a build ended last.
    """

    rounds: int = 0
    files: frozenset[str] = frozenset()
    held_until: float | None = None
    pause_s: float = 0.0
    built_at: float | None = None


@dataclass(frozen=True, slots=True)
class Unit:
    """A space, or an engine (the bus, the gateway): something with replicas.

    Attributes:
        after: the units that must be ready (a job: completed) before a replica of this one starts.
        refresh: a build runs because files changed; replicas restart when it succeeds.
        rolling: numbers of the replicas that are still to be restarted, one after the other.
        build_reason: why the last build failed.
        leaving: it is no longer part of the system, and is forgotten once nothing of it is left.
        due_at: the earliest of its replicas', and the end of the pause in a loop; kept, for it is looked at far more
            often than it changes.
    """

    name: str
    manifest: SpaceManifest
    after: frozenset[str]
    replicas: tuple[Replica, ...]
    engine: bool = False
    build: BuildPhase = BuildPhase.UNKNOWN
    refresh: bool = False
    build_reason: str | None = None
    violations: tuple[Violation, ...] = ()
    watching: Watching = Watching()
    leaving: bool = False
    rolling: tuple[int, ...] = ()
    due_at: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        held_at = math.inf if self.watching.held_until is None else self.watching.held_until
        due_at = min((each.due_at for each in self.replicas), default=math.inf)
        object.__setattr__(self, "due_at", min(due_at, held_at))

    @property
    def wanted(self) -> bool:
        return any(replica.wanted for replica in self.replicas)

    @property
    def staying(self) -> tuple[Replica, ...]:
        """The replicas that are not on their way out."""
        return tuple(replica for replica in self.replicas if not replica.retired)

    @property
    def in_container(self) -> bool:
        """Whether its replicas are containers; then its build is that of its image."""
        return self.manifest.run.runtime == "container"

    @property
    def has_build(self) -> bool:
        """Whether something is built before it starts."""
        return self.manifest.build.command is not None or self.in_container

    @property
    def serves(self) -> bool:
        """Whether others call it through the gateway."""
        return not self.engine and serves(self.manifest)

    @property
    def phase(self) -> Phase:
        """The worst phase among its replicas."""
        phases = {replica.phase for replica in self.replicas}
        if self.wanted and Phase.STOPPED in phases:
            return Phase.STOPPED
        return next((phase for phase in WORST_FIRST if phase in phases), Phase.STOPPED)


def serves(manifest: SpaceManifest) -> bool:
    """Whether a space has an API to be called; a job, which ends by itself, has none."""
    return manifest.api.serves and manifest.space.kind == "service"


@dataclass(frozen=True, slots=True)
class State:
    """All that the loop owns.

    Attributes:
        units: by name; engines and spaces.
        closing: the system is going down; when everything has ended the loop ends.
        settled: the units when nothing moved any more: what is the same since does not move by itself either.
    """

    units: Mapping[str, Unit] = field(default_factory=dict)
    closing: bool = False
    settled: Mapping[str, Unit] = field(default_factory=dict, repr=False, compare=False)

    def replica(self, name: str) -> Replica:
        """The replica of that name.

        Raises:
            KeyError: there is none.
        """
        unit, _, number = name.rpartition(".")
        for replica in self.units[unit].replicas:
            if replica.number == int(number):
                return replica
        raise KeyError(name)

    def has_replica(self, name: str) -> bool:
        """Whether there is a replica of that name."""
        unit = self.units.get(name.rpartition(".")[0])
        return unit is not None and any(replica.name == name for replica in unit.replicas)

    def with_unit(self, unit: Unit) -> State:
        """The same state with that unit in place of the one of its name."""
        return State({**self.units, unit.name: unit}, self.closing, self.settled)

    def as_settled(self) -> State:
        """The same state, known to be one in which nothing moves by itself."""
        return self if self.settled is self.units else State(self.units, self.closing, self.units)

    def with_replica(self, replica: Replica) -> State:
        """The same state with that replica in place of the one of its name."""
        unit = self.units[replica.unit]
        replicas = tuple(replica if each.number == replica.number else each for each in unit.replicas)
        return self.with_unit(replace(unit, replicas=replicas))
