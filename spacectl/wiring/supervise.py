"""The supervisor process: joins loop, processes, probes, bus, watcher and control API, and runs them to the end."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import Coroutine, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from spacectl.adapters.journal import Journal
from spacectl.adapters.log_lines import Follower
from spacectl.adapters.log_store import LogKeeper
from spacectl.adapters.processes.children import Processes
from spacectl.adapters.processes.usage import Sampler
from spacectl.adapters.run_records import RunRecords
from spacectl.core.assemble import BUS, GATEWAY, assemble
from spacectl.core.violations import hint_for, parse_violation
from spacectl.model.actions import Note
from spacectl.model.events import FilesChanged, Refused
from spacectl.model.layout import Layout
from spacectl.model.system import System
from spacectl.runtime.crew import Crew
from spacectl.runtime.supervisor import Numbers, Supervisor
from spacectl.runtime.world import World
from spacectl.view.report import Surroundings
from spacectl.wiring.applying import Applier, Parts
from spacectl.wiring.current import Current
from spacectl.wiring.gateway import gateway_admin, make_gateway
from spacectl.wiring.launching import Launcher
from spacectl.wiring.limits import Limits
from spacectl.wiring.prepare import Prepared
from spacectl.wiring.probing import UnitProber
from spacectl.wiring.recording import Recorder
from spacectl.wiring.taking_over import take_over

if TYPE_CHECKING:
    from spacectl.adapters.nats.admin import NatsAdmin
    from spacectl.adapters.watch import Watched

_SAMPLE_S = 1.0
_FLOW_AFTER_S = 0.3
"""Nothing moves before the first spaces are there, and the import would hold up the start of all."""

_VIOLATIONS_S = 0.25
_BEHIND_BYTES = 4 * 1024**2
_MOST_REFUSED = 100
"""Different ones that are taken in at a look; a space that makes up subjects must not keep the loop from its work."""


async def supervise(prepared: Prepared, *, watch: bool, lifeline: int) -> None:
    """Run a system until it is told to shut down and all of it is gone.

    Args:
        prepared: what to run.
        watch: restart spaces whose files change.
        lifeline: a pipe whose other end someone holds; when that one goes without a word, the system is shut down.
    """
    processes = Processes()
    processes.install()
    journal = Journal(prepared.layout.supervisor_log)
    limits = Limits(prepared.instance)
    embedded = prepared.nats_server is not None
    supervisor = Supervisor(
        assemble(prepared.system, embedded_bus=embedded, counts=prepared.counts),
        replace(_surroundings(prepared), warnings=limits.warnings(prepared.system)),
        clock=time.monotonic,
        journal=journal.write,
        selected=prepared.selected,
    )
    current = Current(prepared)
    launcher = Launcher(current, processes, limits)
    gateway = make_gateway(current, supervisor.note)
    prober = UnitProber(current, launcher, _admin, gateway, supervisor.note)
    crew = Crew()
    world = World(
        launcher, prober, gateway, clock=time.monotonic, tasks=crew, note=supervisor.note, post=supervisor.post
    )
    records = RunRecords(prepared.layout.run)
    recorder = Recorder(records, supervisor.note, world.launches)
    recorder.keep_run(prepared.scales, prepared.inherited, prepared.runtime)
    parts = Parts(current, supervisor, launcher, prober.bus, world.launches, recorder, limits, crew)
    supervisor.attach(world.perform, Applier(parts))
    supervisor.listen(recorder.keep)
    supervisor.listen(gateway.show)
    try:
        if not embedded:
            await prober.external_bus()
            crew.create_task(prober.keep_external_bus())
        _obey_signals(supervisor)
        _hold_to(lifeline, supervisor)
        for task in _beside(current, supervisor, crew, launcher, watch=watch):
            crew.create_task(task)
        runs_on = {each.replica for each in prepared.survivors.adopted}
        if f"{BUS}.1" in runs_on:
            prober.bus.changed()  # it has not read what is written for it now
        if f"{GATEWAY}.1" not in runs_on:
            gateway.set_up(supervisor.loop.state)
        take_over(prepared.survivors, supervisor, launcher, world)
        supervisor.start(())
        await crew.run(supervisor.loop.run())
        await processes.end_all()
        await asyncio.to_thread(launcher.close)
        records.forget()
        limits.close()
    finally:
        processes.kill_all()
        prepared.layout.control_socket.unlink(missing_ok=True)
        prepared.layout.bus_access.unlink(missing_ok=True)
        journal.close()


def _beside(
    current: Current, supervisor: Supervisor, crew: Crew, launcher: Launcher, *, watch: bool
) -> Iterator[Coroutine[None, None, None]]:
    """What runs as long as the loop does."""
    layout = current.prepared.layout
    yield LogKeeper(layout.logs).run()
    yield _serve(layout, supervisor)
    yield _sample(supervisor, launcher)
    yield _flow(current, supervisor)
    yield _report_violations(current, supervisor)
    if watch:
        yield _watch(current, supervisor, crew)


def _surroundings(prepared: Prepared) -> Surroundings:
    now = time.monotonic()
    return Surroundings(
        system=prepared.system.name,
        supervisor_pid=os.getpid(),
        since=now,
        clock_offset_s=time.time() - now,
        bus_url=prepared.bus_access.url,
        gateway_url=prepared.front_door_url,
        ports=prepared.ports,
        urls=prepared.urls,
    )


def _admin() -> NatsAdmin:
    # Imported when the bus is asked first: spaces that do not use it need not wait for that.
    from spacectl.adapters.nats.admin import NatsAdmin
    from spacectl.adapters.nats.client import connect

    return NatsAdmin(connect)


async def _serve(layout: Layout, supervisor: Supervisor) -> None:
    await asyncio.sleep(0)  # everything is to be starting before the import, which takes as long as the bus does
    from spacectl.adapters.control.server import ControlServer

    server = ControlServer(supervisor, layout.control_socket)
    try:
        await server.serve()
    except asyncio.CancelledError:
        server.stop()
        raise


async def _sample(supervisor: Supervisor, launcher: Launcher) -> None:
    sampler = Sampler()
    while True:
        places = launcher.places()
        mains = {pid: places[pid].pid if pid in places else pid for pid in supervisor.pids()}
        taken = sampler.sample(mains.values())
        usage = {pid: taken[main] for pid, main in mains.items() if main in taken}
        supervisor.measured(
            Numbers(
                {pid: each.cpu_percent for pid, each in usage.items()},
                {pid: each.memory_bytes for pid, each in usage.items()},
            )
        )
        await asyncio.sleep(_SAMPLE_S)


async def _flow(current: Current, supervisor: Supervisor) -> None:
    await asyncio.sleep(_FLOW_AFTER_S)
    from spacectl.wiring.flowing import FlowPoller

    prepared = current.prepared
    admin = gateway_admin(prepared.layout)
    await FlowPoller(prepared.bus_access, admin, lambda: current.prepared.system, supervisor.flowed).run()


async def _report_violations(current: Current, supervisor: Supervisor) -> None:
    log = Follower(current.prepared.layout.log(BUS))
    skipping = False
    while True:
        skipped = log.catch_up(_BEHIND_BYTES)
        if skipped and not skipping:
            text = "its log grows faster than it is searched: more was refused than is told"
            supervisor.note(Note(BUS, "skipped", text))
        skipping = skipped > 0
        seen = Counter(parse_violation(line.decode(errors="replace")) for line in log.read())
        for each, count in seen.most_common(_MOST_REFUSED):
            if each is not None and current.prepared.system.space(each.user) is not None:
                supervisor.post(Refused(each.user, each.kind, each.subject, count, hint_for(each)))
        await asyncio.sleep(_VIOLATIONS_S)


async def _watch(current: Current, supervisor: Supervisor, crew: Crew) -> None:
    """Watch what the manifests name, and something else as soon as they name something else."""
    while True:
        watched = _watched(current.prepared.system)
        looking = crew.create_task(_look(watched, supervisor))
        while _watched(current.prepared.system) == watched:
            await current.replaced()
        looking.cancel()


def _watched(system: System) -> dict[str, Watched]:
    sections = [(space, space.manifest.watch) for space in system.spaces]
    watching = [(space, watch) for space, watch in sections if watch.paths and watch.on_change != "none"]
    if not watching:
        return {}
    from spacectl.adapters.watch import Watched

    return {space.name: Watched(space.folder, watch.paths, watch.ignore) for space, watch in watching}


async def _look(watched: dict[str, Watched], supervisor: Supervisor) -> None:
    if not watched:  # then it would cost a thread, and CPU, all the same
        return
    from spacectl.adapters.watch import changes

    try:
        async for changed in changes(watched):
            for name, files in sorted(changed.items()):
                supervisor.post(FilesChanged(name, files))
    except (OSError, RuntimeError) as error:  # the kernel has no watches left: the system runs on without
        supervisor.note(Note(BUS, "unwatched", f"changes of files are no longer seen: {error}"))


def _obey_signals(supervisor: Supervisor) -> None:
    loop = asyncio.get_running_loop()
    asked = False

    def stop() -> None:
        nonlocal asked
        supervisor.shut_down(now=asked)
        asked = True

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)


def _hold_to(lifeline: int, supervisor: Supervisor) -> None:
    """Shut down when whoever holds the other end of the lifeline has gone, unless told to run on without."""
    loop = asyncio.get_running_loop()

    def speaks() -> None:
        word = os.read(lifeline, 1)
        loop.remove_reader(lifeline)
        os.close(lifeline)
        if not word:
            supervisor.note(Note(BUS, "abandoned", "the command that held the system has ended"))
            supervisor.shut_down(now=False)

    loop.add_reader(lifeline, speaks)
