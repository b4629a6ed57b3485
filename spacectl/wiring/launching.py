"""Turns a unit into processes: its environment, its command, its log, its build."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from spacectl.adapters.builds import Builder
from spacectl.adapters.env_file import read_env_file
from spacectl.adapters.envoy.program import command_line
from spacectl.adapters.network_ports import is_free, owner
from spacectl.adapters.processes.children import Child, Processes
from spacectl.adapters.processes.tail import tail
from spacectl.core import bus
from spacectl.core.assemble import BUS, GATEWAY
from spacectl.core.environment import HOST, INSTANCE, Given, argv, environment, inheritable
from spacectl.core.gateway.documents import BOOTSTRAP
from spacectl.core.restarting import describe
from spacectl.model.launch import Launch, SpawnError
from spacectl.model.manifest import Command, SpaceManifest
from spacectl.model.state import Ended, Unit
from spacectl.wiring.prepare import Prepared


class Launcher:
    """Starts replicas, engines, builds and probe commands of one system as processes."""

    def __init__(self, prepared: Prepared, processes: Processes) -> None:
        self._prepared = prepared
        self._processes = processes
        self._builder = Builder(prepared.layout.builds, processes.run)

    def start(self, unit: Unit, number: int) -> Child:
        """Start a replica's main process.

        Raises:
            SpawnError: it cannot be started.
        """
        launch = self._engine(unit.name) if unit.engine else self._replica(unit.manifest, number)
        if launch.port is not None and (unit.engine or unit.manifest.api.serves) and not is_free(launch.port):
            raise SpawnError(f"port {launch.port} is in use by {owner(launch.port)}", final=False)
        return self._processes.spawn(launch)

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

    def _engine(self, name: str) -> Launch:
        prepared, layout = self._prepared, self._prepared.layout
        env = inheritable(prepared.inherited) | {INSTANCE: prepared.instance, "SPACE": name, "REPLICA": "1"}
        if name == GATEWAY and prepared.envoy is not None and prepared.gateway is not None:
            taken = next((edge.port for edge in prepared.gateway.edges if not is_free(edge.port)), None)
            if taken is not None:
                raise SpawnError(f"port {taken} is in use by {owner(taken)}", final=False)
            words = command_line(prepared.envoy, BOOTSTRAP)
            return Launch(words, layout.gateway, env | {"TZ": "UTC"}, layout.log(GATEWAY))
        words = (str(prepared.nats_server), "--config", str(layout.bus_config))
        return Launch(words, layout.run, env, layout.log(BUS), prepared.ports[BUS])

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
