"""The supervisor process: joins loop, processes, probes, bus, watcher and control API, and runs them to the end."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import Coroutine, Iterator

from spacectl.adapters.journal import Journal
from spacectl.adapters.log_lines import Follower
from spacectl.adapters.log_store import LogKeeper
from spacectl.adapters.nats_admin import NatsAdmin
from spacectl.adapters.nats_client import connect
from spacectl.adapters.processes.children import Processes
from spacectl.adapters.processes.usage import Sampler
from spacectl.core.assemble import BUS, assemble, serving
from spacectl.core.violations import hint_for, parse_violation
from spacectl.model.actions import Note
from spacectl.model.events import FilesChanged, Refused
from spacectl.runtime.crew import Crew
from spacectl.runtime.supervisor import Numbers, Supervisor
from spacectl.runtime.world import World
from spacectl.view.report import Surroundings
from spacectl.wiring.gateway import gateway_admin, make_gateway
from spacectl.wiring.launching import Launcher
from spacectl.wiring.prepare import Prepared
from spacectl.wiring.probing import UnitProber

_SAMPLE_S = 1.0
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
    admin = NatsAdmin(connect)
    embedded = prepared.nats_server is not None
    supervisor = Supervisor(
        assemble(prepared.system, embedded_bus=embedded),
        _surroundings(prepared),
        clock=time.monotonic,
        journal=journal.write,
        selected=prepared.selected,
    )
    launcher = Launcher(prepared, processes)
    gateway = make_gateway(prepared, supervisor.note)
    prober = UnitProber(prepared, launcher, admin, gateway, supervisor.note)
    crew = Crew()
    world = World(
        launcher, prober, gateway, clock=time.monotonic, tasks=crew, note=supervisor.note, post=supervisor.post
    )
    supervisor.attach(world.perform)
    if gateway is not None:
        gateway.set_up(supervisor.loop.state)
        supervisor.listen(gateway.show)
    try:
        if not embedded:
            await prober.external_bus()
            crew.create_task(prober.keep_external_bus())
        _obey_signals(supervisor)
        _hold_to(lifeline, supervisor)
        for task in _beside(prepared, supervisor, watch=watch):
            crew.create_task(task)
        supervisor.start(())
        await crew.run(supervisor.loop.run())
        await processes.end_all()
    finally:
        processes.kill_all()
        prepared.layout.control_socket.unlink(missing_ok=True)
        prepared.layout.bus_access.unlink(missing_ok=True)
        journal.close()


def _beside(prepared: Prepared, supervisor: Supervisor, *, watch: bool) -> Iterator[Coroutine[None, None, None]]:
    """What runs as long as the loop does."""
    yield LogKeeper(prepared.layout.logs).run()
    yield _serve(prepared, supervisor)
    yield _sample(supervisor)
    yield _flow(prepared, supervisor)
    yield _report_violations(prepared, supervisor)
    if watch:
        yield _watch(prepared, supervisor)


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
        urls={name: f"{prepared.front_door_url}/{name}" for name in serving(prepared.system)},
    )


async def _serve(prepared: Prepared, supervisor: Supervisor) -> None:
    # Imported once everything is starting already: it takes as long as the bus takes to come up.
    from spacectl.adapters.control.server import ControlServer

    server = ControlServer(supervisor, prepared.layout.control_socket)
    try:
        await server.serve()
    except asyncio.CancelledError:
        server.stop()
        raise


async def _sample(supervisor: Supervisor) -> None:
    sampler = Sampler()
    while True:
        usage = sampler.sample(supervisor.pids())
        supervisor.measured(
            Numbers(
                {pid: each.cpu_percent for pid, each in usage.items()},
                {pid: each.memory_bytes for pid, each in usage.items()},
            )
        )
        await asyncio.sleep(_SAMPLE_S)


async def _flow(prepared: Prepared, supervisor: Supervisor) -> None:
    # Imported once everything is starting already.
    from spacectl.wiring.flowing import FlowPoller

    admin = None if prepared.gateway is None else gateway_admin(prepared)
    await FlowPoller(prepared.bus_access, admin, lambda: prepared.system, supervisor.flowed).run()


async def _report_violations(prepared: Prepared, supervisor: Supervisor) -> None:
    log = Follower(prepared.layout.log(BUS))
    known = {space.name for space in prepared.system.spaces}
    skipping = False
    while True:
        skipped = log.catch_up(_BEHIND_BYTES)
        if skipped and not skipping:
            text = "its log grows faster than it is searched: more was refused than is told"
            supervisor.note(Note(BUS, "skipped", text))
        skipping = skipped > 0
        seen = Counter(parse_violation(line.decode(errors="replace")) for line in log.read())
        for each, count in seen.most_common(_MOST_REFUSED):
            if each is not None and each.user in known:
                supervisor.post(Refused(each.user, each.kind, each.subject, count, hint_for(each)))
        await asyncio.sleep(_VIOLATIONS_S)


async def _watch(prepared: Prepared, supervisor: Supervisor) -> None:
    from spacectl.adapters.watch import Watched, changes

    watched = {
        space.name: Watched(space.folder, space.manifest.watch.paths, space.manifest.watch.ignore)
        for space in prepared.system.spaces
        if space.manifest.watch.paths and space.manifest.watch.on_change != "none"
    }
    try:
        async for names in changes(watched):
            for name in sorted(names):
                supervisor.post(FilesChanged(name))
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
