"""Taking over what a killed supervisor left running: what is kept of a unit, who is whose, and what becomes of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from spacectl.core import probing
from spacectl.core.assemble import GATEWAY
from spacectl.core.gateway.plan import is_edge
from spacectl.core.moves import to
from spacectl.core.scaling import Scaled, Scales
from spacectl.model.actions import Action, Note
from spacectl.model.events import Adopted
from spacectl.model.launch import Launch
from spacectl.model.manifest import Runtime
from spacectl.model.phase import Phase
from spacectl.model.record import LaunchRecord, ReplicaRecord, RunRecord, ScaleRecord, UnitRecord
from spacectl.model.state import Process, Replica, Unit


@dataclass(frozen=True, slots=True)
class Found:
    """A live process that belongs to the system.

    Attributes:
        name: the replica (`orders.1`), build (`orders.build`) or engine (`bus.1`) that it belongs to.
        mark: the mark of whoever it descends from: one value for each process that a supervisor started.
        leads: it leads its session, as every process does that a supervisor started.
        ended: it is a container that has ended, and is only to be removed.
    """

    pid: int
    start_ticks: int
    name: str
    mark: str
    leads: bool
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Survivors:
    """What is left of an earlier run.

    Attributes:
        adopted: the main processes to take over.
        completed: the jobs that need not run again, by replica.
        strays: processes that belong to nothing that is taken over, and are to be ended.
        launches: how those to take over were started, as far as that is on record, by replica.
        scales: how many replicas were asked for.
        inherited: the environment that spaces have from whoever ran the first `up`.
        runtime: what every space runs as, where somebody asked for that.
    """

    adopted: tuple[Adopted, ...] = ()
    completed: tuple[str, ...] = ()
    strays: tuple[Found, ...] = ()
    launches: Mapping[str, LaunchRecord] = field(default_factory=dict, repr=False)
    scales: Scales = field(default_factory=dict)
    inherited: Mapping[str, str] = field(default_factory=dict, repr=False)
    runtime: Runtime | None = None


NOTHING_LEFT = Survivors()


def essence(unit: Unit) -> object:
    """What is the same as before as long as the record of a unit need not be written again."""
    return unit.manifest.stop.signal, [
        (each.number, each.phase, each.wanted, each.restarts, each.process) for each in unit.replicas
    ]


def record_of(unit: Unit, boot: str, launches: Mapping[str, Launch]) -> UnitRecord:
    """What is to be kept of a unit; `launches` tells how its replicas were started."""
    replicas = tuple(_replica_record(replica, launches.get(replica.name)) for replica in unit.replicas)
    return UnitRecord(unit=unit.name, boot=boot, stop_signal=unit.manifest.stop.signal, replicas=replicas)


def run_record(scales: Scales, inherited: Mapping[str, str], boot: str, runtime: Runtime | None = None) -> RunRecord:
    """What is to be kept of the run."""
    kept = {name: ScaleRecord(count=each.count, written=each.written) for name, each in scales.items()}
    return RunRecord(boot=boot, scales=kept, inherited=dict(inherited), runtime=runtime)


def scales_of(run: RunRecord | None) -> Scales:
    """How many replicas were asked for in an earlier run."""
    return {} if run is None else {name: Scaled(each.count, each.written) for name, each in run.scales.items()}


def survivors(
    names: Collection[str],
    records: Iterable[UnitRecord],
    found: Collection[Found],
    now: float,
    run: RunRecord | None = None,
) -> Survivors:
    """Sort out what an earlier run left.

    A process is taken over where pid and start time are those of the record. One that has no record yet, because the
    supervisor was killed between starting and recording it, is known by its mark: the oldest that leads a session.

    Args:
        names: the replicas that the system has now.
        records: what was kept of the units, in the present boot of the machine.
        found: every live process of the system.
        now: the monotonic clock.
        run: what was kept of the run as a whole.
    """
    kept = {f"{unit.unit}.{each.number}": each for unit in records for each in unit.replicas}
    adopted = [each for name in names if (each := _survivor(name, kept.get(name), found, now)) is not None]
    marks = {each.process.mark for each in adopted}
    living = {each.replica for each in adopted}
    completed = {name for name in names if name in kept and kept[name].phase is Phase.COMPLETED} - living
    strays = tuple(each for each in found if each.mark not in marks)
    if not adopted:  # it is a new run
        return Survivors((), tuple(sorted(completed)), strays)
    launches = {each.replica: launch for each in adopted if (launch := _launch(each, kept)) is not None}
    if run is None:
        return Survivors(tuple(adopted), tuple(sorted(completed)), strays, launches)
    inherited, runtime = run.inherited, run.runtime
    return Survivors(tuple(adopted), tuple(sorted(completed)), strays, launches, scales_of(run), inherited, runtime)


def adopted(unit: Unit, replica: Replica, event: Adopted, now: float) -> tuple[Replica, list[Action]]:
    """Take a running process over.

    A space that was ready stays so, or those who call it would be sent away; probes soon tell if it is not. An engine
    counts as ready once it has been found to hold what the manifests ask for now.
    """
    taken = replace(
        to(replica, Phase.STARTING, now),
        process=event.process,
        started_at=event.started_at,
        restarts=event.restarts,
        wanted=event.wanted,
    )
    taken = probing.begin(unit, taken, now)
    if event.ready and not unit.engine:
        taken = replace(to(taken, Phase.READY, now), ready_at=now)
    return taken, [Note(replica.name, "adopted", event.process.told)]


def held_ports(adopted: Iterable[Adopted], before: Mapping[str, int]) -> dict[str, int]:
    """The ports that adopted processes listen on, by replica, engine or call: those that were given out before."""
    taken = {name for each in adopted for name in (each.replica, each.replica.rpartition(".")[0])}
    return {name: port for name, port in before.items() if name in taken or (is_edge(name) and GATEWAY in taken)}


def _launch(event: Adopted, kept: Mapping[str, ReplicaRecord]) -> LaunchRecord | None:
    record = kept.get(event.replica)
    return record.launch if record is not None and record.pid == event.process.pid else None


def _replica_record(replica: Replica, launch: Launch | None) -> ReplicaRecord:
    process = replica.process or _NO_PROCESS
    return ReplicaRecord(
        number=replica.number,
        phase=replica.phase,
        wanted=replica.wanted,
        restarts=replica.restarts,
        pid=process.pid,
        start_ticks=process.start_ticks,
        mark=process.mark,
        log_start=process.log_start,
        ended=process.ended,
        started_at=replica.started_at or 0.0,
        launch=None if launch is None or replica.process is None else _launch_record(launch),
    )


def _launch_record(launch: Launch) -> LaunchRecord:
    return LaunchRecord(
        argv=launch.argv,
        folder=str(launch.folder),
        env=dict(launch.env),
        port=launch.port,
        container=launch.container,
    )


_NO_PROCESS = Process(pid=0, start_ticks=0)


def _survivor(name: str, record: ReplicaRecord | None, found: Collection[Found], now: float) -> Adopted | None:
    if record is not None and not record.ended:
        identity = record.pid, record.start_ticks
        if any((each.pid, each.start_ticks) == identity for each in found):
            process = Process(record.pid, record.start_ticks, record.mark, record.log_start)
            ready = record.phase is Phase.READY
            return Adopted(name, process, record.started_at, record.restarts, record.wanted, ready)
    known = record.mark if record is not None else ""
    mains = [each for each in found if each.name == name and each.leads and each.mark not in {known, ""}]
    if not mains:
        return None
    main = min(mains, key=lambda each: each.start_ticks)
    restarts = record.restarts if record is not None else 0
    wanted = record.wanted if record is not None else True
    return Adopted(name, Process(main.pid, main.start_ticks, main.mark), now, restarts, wanted)
