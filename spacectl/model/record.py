"""What is kept on disk of a running system, so that the next supervisor can take over what a killed one left."""

from __future__ import annotations

from spacectl.model.container import ContainerSpec
from spacectl.model.manifest import Runtime
from spacectl.model.phase import Phase
from spacectl.model.strict import Strict


class LaunchRecord(Strict):
    """How a process was started; its environment holds passwords."""

    argv: tuple[str, ...]
    folder: str
    env: dict[str, str]
    port: int | None
    container: ContainerSpec | None = None


class ReplicaRecord(Strict):
    """One replica, as it was when something about its process last changed.

    Attributes:
        pid, start_ticks, mark, log_start: its process (see `model.state.Process`); pid 0: it had none.
        ended: the main process had ended; only what it started was left.
        started_at: when the process was started, on the monotonic clock of the boot that the unit's record names.
    """

    number: int
    phase: Phase
    wanted: bool
    restarts: int = 0
    pid: int = 0
    start_ticks: int = 0
    mark: str = ""
    log_start: int = 0
    ended: bool = False
    started_at: float = 0.0
    launch: LaunchRecord | None = None


class UnitRecord(Strict):
    """One unit.

    Attributes:
        boot: names the boot of the machine; processes and clock readings of another one say nothing.
        stop_signal: the signal that asks its processes to end.
    """

    unit: str
    boot: str
    stop_signal: str
    replicas: tuple[ReplicaRecord, ...]


class ScaleRecord(Strict):
    """A number of replicas that somebody asked for, and what the manifest said then."""

    count: int
    written: int


class RunRecord(Strict):
    """What holds for the whole run.

    Attributes:
        inherited: the environment of whoever ran the first `up`.
        runtime: what every space runs as, where somebody asked for that.
    """

    boot: str
    scales: dict[str, ScaleRecord]
    inherited: dict[str, str]
    runtime: Runtime | None = None
