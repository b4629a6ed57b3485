"""Turns a unit into processes: its environment, its command, its log, its build."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from spacectl.adapters.builds import Builder
from spacectl.adapters.env_file import read_env_file
from spacectl.adapters.envoy.program import allow_connections, command_line
from spacectl.adapters.network_ports import is_free, owner
from spacectl.adapters.processes.children import Processes
from spacectl.adapters.processes.tail import tail
from spacectl.core import bus
from spacectl.core.assemble import BUS, GATEWAY
from spacectl.core.environment import HOST, INSTANCE, Given, argv, environment, inheritable
from spacectl.core.gateway.documents import BOOTSTRAP
from spacectl.core.restarting import describe
from spacectl.model.container import DATA, Place
from spacectl.model.events import Adopted
from spacectl.model.launch import Launch, SpawnError
from spacectl.model.manifest import Command, SpaceManifest
from spacectl.model.record import LaunchRecord
from spacectl.model.state import Ended, Unit
from spacectl.runtime.world import Process
from spacectl.wiring.containers import EVERYWHERE, ContainerRunner
from spacectl.wiring.current import Current
from spacectl.wiring.limits import Limits
from spacectl.wiring.prepare import Prepared


class Launcher:
    """Starts replicas, engines, builds and probe commands of one system as processes."""

    def __init__(self, current: Current, processes: Processes, limits: Limits) -> None:
        self._current = current
        self._limits = limits
        self._processes = processes
        self._builder = Builder(current.prepared.layout.builds, processes.run)
        self._runner: ContainerRunner | None = None

    @property
    def _prepared(self) -> Prepared:
        return self._current.prepared

    @property
    def containers(self) -> ContainerRunner:
        """Runs what is a container."""
        if self._runner is None:
            self._runner = ContainerRunner(self._current)
        return self._runner

    def places(self) -> Mapping[int, Place]:
        """Where each container runs, by what stands for the container."""
        return {} if self._runner is None else self._runner.places()

    def close(self) -> None:
        """Remove what was made for containers, all of which have ended."""
        if self._runner is not None:
            self._runner.close()

    def start(self, unit: Unit, number: int) -> Process:
        """Start a replica's main process.

        Raises:
            SpawnError: it cannot be started.
        """
        launch = self._engine(unit.name) if unit.engine else self._replica(unit.manifest, number)
        if unit.name == GATEWAY and unit.engine:
            self._refuse_taken_edges()
        if launch.port is not None and (unit.engine or unit.manifest.api.serves) and not is_free(launch.port):
            raise SpawnError(f"port {launch.port} is in use by {owner(launch.port)}", final=False)
        if unit.engine:
            child = self._processes.spawn(launch)
            if unit.name == GATEWAY:
                allow_connections(child.pid)
            return child
        if unit.in_container:
            return self.containers.start(unit, launch, number)
        name, limits = f"{unit.name}.{number}", unit.manifest.limits
        process = self._processes.spawn(replace(launch, group=self._limits.group(name, limits)))
        return self._limits.guard(process, name, limits)

    def adopt(self, unit: Unit, number: int, event: Adopted, record: LaunchRecord | None) -> Process:
        """Take over a main process that an earlier supervisor started.

        Where it is not on record how, it is taken for one that was started as it would be now.
        """
        if unit.engine:
            return self._processes.adopt(self._engine(unit.name), event.process)
        name = f"{unit.name}.{number}"
        log, port = self._prepared.layout.log(name), self._prepared.ports.get(name)
        if record is not None:
            launch = Launch(record.argv, Path(record.folder), record.env, log, record.port, container=record.container)
        else:
            launch = Launch((), self._folder(unit.name), {}, log, port)
            with contextlib.suppress(SpawnError):
                launch = self._replica(unit.manifest, number)
        if event.process.is_container:
            return self.containers.adopt(launch, name, event.process)
        with contextlib.suppress(SpawnError):  # it runs in its group all the same
            launch = replace(launch, group=self._limits.group(name, unit.manifest.limits))
        process = self._processes.adopt(launch, event.process)
        return self._limits.guard(process, name, unit.manifest.limits)

    def supposing(self, prepared: Prepared) -> Launcher:
        """The same launcher, were this what holds."""
        other = Launcher(Current(prepared), self._processes, self._limits)
        other._runner = self._runner  # it knows the images
        return other

    def launch(self, manifest: SpaceManifest, number: int) -> Launch:
        """How a replica of a space would be started now.

        Raises:
            SpawnError: it could not be.
        """
        return self._replica(manifest, number)

    async def is_stale(self, manifest: SpaceManifest, folder: Path) -> bool:
        """Whether what a space is built from is no longer what it was when its build last ended."""
        if manifest.run.runtime == "container":
            return await self.containers.is_stale(manifest, folder)
        return await self._builder.is_stale(manifest, folder)

    async def build(self, unit: Unit) -> tuple[Ended | None, tuple[str, ...]]:
        """Build a space; None when nothing had changed, and the last lines of the output when it failed.

        Raises:
            SpawnError: the build command cannot be started.
        """
        name = unit.name
        if unit.in_container:
            log = self._prepared.layout.log(f"{name}.build")
            start = log.stat().st_size if log.exists() else 0
            return await self.containers.build(unit, self._folder(name), log), tail(log, start)
        launch = self._build(unit.manifest)
        before = launch.log.stat().st_size if launch.log.exists() else 0
        try:
            ended = await self._builder.build(unit.manifest, self._folder(name), launch)
        except OSError as error:
            raise SpawnError(f"{error.strerror}: {error.filename}", final=True) from error
        return ended, tail(launch.log, before)

    async def command(self, unit: Unit, number: int, command: Command, pid: int) -> str | None:
        """Run a probe's command as the replica would; why it failed, or None."""
        log = self._prepared.layout.log(f"{unit.name}.probe")
        try:
            replica = self._replica(unit.manifest, number)
            if unit.in_container:
                return await self.containers.command(pid, command, replica.env)
            launch = Launch(argv(command, replica.env), replica.folder, replica.env, log)
            ended = await self._processes.run(launch)
        except SpawnError as error:
            return error.reason
        return None if ended.success else f"its command {describe(ended)}"

    def _refuse_taken_edges(self) -> None:
        edges = () if self._prepared.gateway is None else self._prepared.gateway.edges
        taken = next((edge.port for edge in edges if not is_free(edge.port)), None)
        if taken is not None:
            raise SpawnError(f"port {taken} is in use by {owner(taken)}", final=False)

    def _engine(self, name: str) -> Launch:
        prepared, layout = self._prepared, self._prepared.layout
        env = inheritable(prepared.inherited) | {INSTANCE: prepared.instance, "SPACE": name, "REPLICA": "1"}
        if name == GATEWAY and prepared.envoy is not None:
            words = command_line(prepared.envoy, BOOTSTRAP)
            return Launch(words, layout.gateway, env | {"TZ": "UTC"}, layout.log(GATEWAY))
        words = (str(prepared.nats_server), "--config", str(layout.bus_config))
        return Launch(words, layout.run, env, layout.log(BUS), prepared.ports[BUS])

    def _replica(self, manifest: SpaceManifest, number: int) -> Launch:
        prepared, name = self._prepared, manifest.space.name
        log = prepared.layout.log(f"{name}.{number}")
        if manifest.run.runtime == "container":
            return self.containers.launch(manifest, self._given(manifest, number), self._folder(name), log)
        env = environment(manifest, self._given(manifest, number))
        port = prepared.ports[f"{name}.{number}"]
        words = argv(manifest.run.command, env)
        return Launch(words, self._folder(name), env, log, port)

    def _build(self, manifest: SpaceManifest) -> Launch:
        prepared, name = self._prepared, manifest.space.name
        env = inheritable(prepared.inherited) | {INSTANCE: prepared.instance, "SPACE": name, "REPLICA": "build"}
        env["PATH"] = f"{env.get('PATH', os.defpath)}{os.pathsep}{Path(sys.executable).parent}"  # uv came with us
        words = argv(manifest.build.command or (), env)
        return Launch(words, self._folder(name), env, prepared.layout.log(f"{name}.build"))

    def _given(self, manifest: SpaceManifest, number: int) -> Given:
        prepared, name = self._prepared, manifest.space.name
        inside = manifest.run.runtime == "container"
        return Given(
            system=prepared.system.name,
            instance=prepared.instance,
            number=number,
            data_dir=DATA if inside else str(prepared.layout.data(name)),
            nats_url=prepared.nats_urls[name],
            inbox_prefix=bus.inbox_prefix(name),
            port=prepared.ports[f"{name}.{number}"],
            host=EVERYWHERE if inside else HOST,
            urls={callee: prepared.call_url(name, callee) for callee in manifest.api.calls},
            env_file=self._env_file(manifest),
            inherited=prepared.inherited,
        )

    def _env_file(self, manifest: SpaceManifest) -> Mapping[str, str]:
        if manifest.run.env_file is None:
            return {}
        path = self._folder(manifest.space.name) / manifest.run.env_file
        try:
            return read_env_file(path)
        except (OSError, UnicodeDecodeError) as error:
            raise SpawnError(f"cannot read its env_file {manifest.run.env_file}: {error}", final=True) from error

    def _folder(self, name: str) -> Path:
        space = self._prepared.system.space(name)
        if space is None:
            raise SpawnError("it is no longer part of the system", final=True)
        return space.folder
