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
from spacectl.adapters.network_ports import is_free, owner
from spacectl.adapters.processes.children import Processes
from spacectl.adapters.processes.tail import tail
from spacectl.core import bus
from spacectl.core.assemble import BUS
from spacectl.core.environment import HOST, INSTANCE, Given, argv, environment, inheritable
from spacectl.core.restarting import describe
from spacectl.model.events import Adopted
from spacectl.model.launch import Launch, SpawnError
from spacectl.model.manifest import Command, SpaceManifest
from spacectl.model.record import LaunchRecord
from spacectl.model.state import Ended, Unit
from spacectl.runtime.world import Process
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

    @property
    def _prepared(self) -> Prepared:
        return self._current.prepared

    def start(self, unit: Unit, number: int) -> Process:
        """Start a replica's main process.

        Raises:
            SpawnError: it cannot be started.
        """
        launch = self._engine() if unit.engine else self._replica(unit.manifest, number)
        if launch.port is not None and (unit.engine or unit.manifest.api.serves) and not is_free(launch.port):
            raise SpawnError(f"port {launch.port} is in use by {owner(launch.port)}", final=False)
        if unit.engine:
            return self._processes.spawn(launch)
        name, limits = f"{unit.name}.{number}", unit.manifest.limits
        process = self._processes.spawn(replace(launch, group=self._limits.group(name, limits)))
        return self._limits.guard(process, name, limits)

    def adopt(self, unit: Unit, number: int, event: Adopted, record: LaunchRecord | None) -> Process:
        """Take over a main process that an earlier supervisor started.

        Where it is not on record how, it is taken for one that was started as it would be now.
        """
        if unit.engine:
            return self._processes.adopt(self._engine(), event.process)
        name = f"{unit.name}.{number}"
        log, port = self._prepared.layout.log(name), self._prepared.ports.get(name)
        if record is not None:
            launch = Launch(record.argv, Path(record.folder), record.env, log, record.port)
        else:
            launch = Launch((), self._folder(unit.name), {}, log, port)
            with contextlib.suppress(SpawnError):
                launch = self._replica(unit.manifest, number)
        with contextlib.suppress(SpawnError):  # it runs in its group all the same
            launch = replace(launch, group=self._limits.group(name, unit.manifest.limits))
        process = self._processes.adopt(launch, event.process)
        return self._limits.guard(process, name, unit.manifest.limits)

    def would_start_now(self, name: str, number: int) -> Launch:
        """How a replica of a space would be started now.

        Raises:
            SpawnError: it could not be.
        """
        return self.would_start(self._prepared, name, number)

    def would_start(self, prepared: Prepared, name: str, number: int) -> Launch:
        """How a replica of a space would be started, were this what holds.

        Raises:
            SpawnError: it could not be.
        """
        space = prepared.system.space(name)
        if space is None:
            raise SpawnError("it is no longer part of the system", final=True)
        return Launcher(Current(prepared), self._processes, self._limits)._replica(space.manifest, number)  # noqa: SLF001

    async def is_stale(self, manifest: SpaceManifest, folder: Path) -> bool:
        """Whether what a space is built from is no longer what it was when its build last ended."""
        return await self._builder.is_stale(manifest, folder)

    async def build(self, unit: Unit) -> tuple[Ended | None, tuple[str, ...]]:
        """Build a space; None when nothing had changed, and the last lines of the output when it failed.

        Raises:
            SpawnError: the build command cannot be started.
        """
        name = unit.name
        launch = self._build(unit.manifest)
        before = launch.log.stat().st_size if launch.log.exists() else 0
        try:
            ended = await self._builder.build(unit.manifest, self._folder(name), launch)
        except OSError as error:
            raise SpawnError(f"{error.strerror}: {error.filename}", final=True) from error
        return ended, tail(launch.log, before)

    async def command(self, unit: Unit, number: int, command: Command) -> str | None:
        """Run a probe's command as the replica would; why it failed, or None."""
        log = self._prepared.layout.log(f"{unit.name}.probe")
        try:
            replica = self._replica(unit.manifest, number)
            launch = Launch(argv(command, replica.env), replica.folder, replica.env, log)
            ended = await self._processes.run(launch)
        except SpawnError as error:
            return error.reason
        return None if ended.success else f"its command {describe(ended)}"

    def _engine(self) -> Launch:
        prepared = self._prepared
        env = inheritable(prepared.inherited) | {INSTANCE: prepared.instance, "SPACE": BUS, "REPLICA": "1"}
        words = (str(prepared.nats_server), "--config", str(prepared.layout.bus_config))
        return Launch(words, prepared.layout.run, env, prepared.layout.log(BUS), prepared.ports[BUS])

    def _replica(self, manifest: SpaceManifest, number: int) -> Launch:
        prepared, name = self._prepared, manifest.space.name
        env = environment(manifest, self._given(manifest, number))
        port = prepared.ports[f"{name}.{number}"]
        words = argv(manifest.run.command, env)
        return Launch(words, self._folder(name), env, prepared.layout.log(f"{name}.{number}"), port)

    def _build(self, manifest: SpaceManifest) -> Launch:
        prepared, name = self._prepared, manifest.space.name
        env = inheritable(prepared.inherited) | {INSTANCE: prepared.instance, "SPACE": name, "REPLICA": "build"}
        env["PATH"] = f"{env.get('PATH', os.defpath)}{os.pathsep}{Path(sys.executable).parent}"  # uv came with us
        words = argv(manifest.build.command or (), env)
        return Launch(words, self._folder(name), env, prepared.layout.log(f"{name}.build"))

    def _given(self, manifest: SpaceManifest, number: int) -> Given:
        prepared, name = self._prepared, manifest.space.name
        return Given(
            system=prepared.system.name,
            instance=prepared.instance,
            number=number,
            data_dir=str(prepared.layout.data(name)),
            nats_url=prepared.nats_urls[name],
            inbox_prefix=bus.inbox_prefix(name),
            port=prepared.ports[f"{name}.{number}"],
            host=HOST,
            urls={callee: prepared.url(callee) for callee in manifest.api.calls},
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
