"""What `ps --json` and the control API tell: published models, whose keys are a promise."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from spacectl.model.flow import FlowReport
from spacectl.model.strict import Strict


class EngineReport(Strict):
    """An engine: the bus, the gateway."""

    state: str
    url: str | None
    pid: int | None = None
    restarts: int = 0
    reason: str | None = None


class ExitReport(Strict):
    """How the last process of a replica ended; both null when nobody saw it."""

    code: int | None
    signal: int | None


class ReplicaReport(Strict):
    """One replica; times are RFC 3339.

    Attributes:
        started: when its process was.
        tail: the last lines it wrote before it crashed.
        since: when it came into its state.
    """

    name: str
    state: str
    pid: int | None
    container: str | None
    port: int | None
    restarts: int
    started: str | None
    cpu_percent: float | None
    memory_bytes: int | None
    exit: ExitReport | None
    reason: str | None
    tail: tuple[str, ...] = ()
    since: str | None = None

    @property
    def place(self) -> str | None:
        """Where a person finds what runs: `pid 4127`, `container shop-orders.1-3f9c2d1`; None where nothing does."""
        if self.container is not None:
            return f"container {self.container}"
        return None if self.pid is None else f"pid {self.pid}"


class ViolationReport(Strict):
    """Something the bus refused, and the line that would declare it."""

    kind: str
    subject: str
    count: int
    hint: str


class SpaceReport(Strict):
    """One space and its replicas.

    Attributes:
        url: where its API answers; null when it serves none.
        reason: why its last build failed; what was built before may run on.
        warnings: what somebody should see to, in words: limits that cannot be kept, a build that failed while the space
            runs on, a loop.
        messages_per_s: events it published and was given, per second; null while the flow is not known.
        requests_per_s: requests it answered, per second; null while the flow is not known.
    """

    name: str
    kind: Literal["service", "job"]
    state: str
    desired: int
    ready: int
    runtime: Literal["process", "container"]
    url: str | None
    replicas: tuple[ReplicaReport, ...]
    violations: tuple[ViolationReport, ...] = ()
    warnings: tuple[str, ...] = ()
    reason: str | None = None
    messages_per_s: float | None = None
    requests_per_s: float | None = None


class PsReport(Strict):
    """A whole system.

    Attributes:
        since: when its supervisor started, RFC 3339.
        revision: how often somebody has changed since then what it is to be.
    """

    system: str
    state: str
    since: str
    supervisor_pid: int
    gateway: EngineReport | None
    bus: EngineReport
    spaces: tuple[SpaceReport, ...]
    revision: int = 0


class Noted(Strict):
    """Something that happened, as the change feed tells it."""

    time: str
    subject: str
    kind: str
    text: str


class Change(Strict):
    """One line of the change feed: the whole system first and whenever it changed, notes as they happen.

    `flow` comes after every look at the engines' counters, to those who asked for it.
    """

    ps: PsReport | None = None
    note: Noted | None = None
    flow: FlowReport | None = None


class Request(Strict):
    """What a client asks of the supervisor about some spaces."""

    spaces: tuple[str, ...] = ()


class Accepted(Strict):
    """The spaces a request was taken for."""

    spaces: tuple[str, ...]


class ApplyRequest(Strict):
    """What a client asks of the supervisor once the manifests are others: what is to run, and how often.

    Without spaces it is about all of them that are in no profile or in one of these.
    """

    spaces: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    scale: dict[str, int] = Field(default_factory=dict)


class ScaleRequest(Strict):
    """How many replicas spaces are to have."""

    scale: dict[str, int]


class SpaceChange(Strict):
    """What is done to one space, and why. `replicas` is how many it is to have, where it is scaled."""

    space: str
    kind: Literal["start", "restart", "scale", "update", "add", "stop"]
    why: str
    replicas: int | None = None


class ChangesReport(Strict):
    """What a running system changes; a space that is not named is not touched.

    `held` names what counts only at the next `up` after a `down`. `spaces` are those the request is about. A system of
    a later `revision` is what somebody else made of it since.
    """

    changes: tuple[SpaceChange, ...]
    held: tuple[str, ...] = ()
    spaces: tuple[str, ...] = ()
    revision: int = 0


class Refusal(Strict):
    """Why a request was not taken, and the exit code of a command that cannot go on without."""

    message: str
    hint: str | None = None
    exit_code: int | None = None
