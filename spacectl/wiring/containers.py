"""Turns a space into containers: its image, what each is made of and given, and commands inside."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from spacectl.adapters.processes.tail import tail
from spacectl.core.environment import Given, argv, container_environment, expand
from spacectl.model.container import ContainerSpec, Place
from spacectl.model.launch import Launch, SpawnError
from spacectl.model.manifest import Command, SpaceManifest
from spacectl.model.state import Ended, Process, Unit
from spacectl.wiring.current import Current
from spacectl.wiring.prepare import instance_of

if TYPE_CHECKING:
    from spacectl.adapters.containers.cancelling import Cancelling
    from spacectl.adapters.containers.images import ImageOrder
    from spacectl.adapters.containers.running import Container

EVERYWHERE = "0.0.0.0"  # noqa: S104  (of the container's own network: nobody else is in it)
_NOBODY = 65532
"""Whom containers run as where spacectl runs as root, by a convention of images without root."""

_MAKERS, _ASKERS = 2, 64
"""Threads for images, which take minutes, and for commands of probes, which may hang: those that everything else of the
supervisor shares are few."""

_UNSET = re.compile(r"\$\{?[A-Za-z_]")


class ContainerRunner:
    """Builds, starts and adopts the containers of one system. Nothing is imported before the first is needed."""

    def __init__(self, current: Current) -> None:
        from spacectl.adapters.containers.engine import Engine
        from spacectl.adapters.containers.images import Images
        from spacectl.adapters.containers.running import Containers

        self._current = current
        prepared = current.prepared
        self._engine = Engine()
        self._images = Images(self._engine)
        records = prepared.layout.containers
        self._containers = Containers(self._engine, prepared.system.name, prepared.instance, records, tail)
        self._tags: dict[str, str] = {}
        self._makers = ThreadPoolExecutor(_MAKERS, "image")
        self._askers = ThreadPoolExecutor(_ASKERS, "probe")
        self._commands: dict[tuple[int, tuple[str, ...]], asyncio.Future[str | None]] = {}

    def start(self, unit: Unit, launch: Launch, number: int) -> Container:
        """Begin to make a container.

        Raises:
            SpawnError: it cannot be begun.
        """
        return self._containers.spawn(launch, f"{unit.name}.{number}")

    def adopt(self, launch: Launch, replica: str, process: Process) -> Container:
        """Take over a container that an earlier supervisor started."""
        return self._containers.adopt(launch, replica, process)

    def launch(self, manifest: SpaceManifest, given: Given, folder: Path, log: Path) -> Launch:
        """How a replica would be started now.

        Raises:
            SpawnError: it could not be.
        """
        section, network = manifest.container, self._current.prepared.network
        if section is None or network is None:
            raise SpawnError("it runs in a container since the system came up: `spacectl down`, then `up`", final=True)
        env = container_environment(manifest, given)
        spec = ContainerSpec(
            image=self._image(manifest, folder),
            network=network,
            user=section.user or _user(),
            read_only=section.read_only,
            capabilities=section.capabilities,
            memory=manifest.limits.memory,
            cpu=manifest.limits.cpu,
            data=str(self._current.prepared.layout.data(manifest.space.name)),
        )
        words = () if section.command is None else argv(section.command, env)
        return Launch(words, folder, env, log, given.port, container=spec)

    async def build(self, unit: Unit, folder: Path, log: Path) -> Ended | None:
        """Build the image of a space, or fetch it; None when it is there. The engine stops what is cancelled."""
        from spacectl.adapters.containers.engine import AwayError, RefusedError

        order = self._order(unit.manifest, folder)
        try:
            tag, is_there = await asyncio.to_thread(self._looked_for, unit.manifest, order)
        except (AwayError, RefusedError) as error:
            return Ended(None, None, str(error))
        except OSError as error:
            return Ended(None, None, f"{error.strerror}: {error.filename}")
        ended = None if is_there else await self._made(order, tag, log)
        if ended is None or ended.success:
            self._tags[unit.name] = tag
        return ended

    async def is_stale(self, manifest: SpaceManifest, folder: Path) -> bool:
        """Whether what its image is built from is no longer what it was when it was built."""
        order = self._order(manifest, folder)
        built = self._tags.get(manifest.space.name)
        return order is not None and built is not None and built != await asyncio.to_thread(lambda: order.tag)

    async def command(self, pid: int, command: Command, env: Mapping[str, str]) -> str | None:
        """Run a probe's command inside; why it failed, or None. One that still runs is not run again beside itself."""
        words = argv(command, env)
        running = self._commands.get((pid, words))
        if running is None:
            loop = asyncio.get_running_loop()
            running = loop.run_in_executor(self._askers, self._containers.execute, pid, words)
            self._commands[pid, words] = running
            running.add_done_callback(lambda _: self._commands.pop((pid, words), None))
        return await asyncio.shield(running)

    def places(self) -> Mapping[int, Place]:
        """Where each container runs, by what stands for the container."""
        return self._containers.places()

    def close(self) -> None:
        """Remove the system's network: nothing is in it any more."""
        from spacectl.adapters.containers.engine import INSTANCE, AwayError

        try:
            self._engine.remove_networks({INSTANCE: self._current.prepared.instance})
        except AwayError:
            return  # whoever looks for leftovers goes on asking
        shutil.rmtree(self._current.prepared.layout.containers, ignore_errors=True)

    def _looked_for(self, manifest: SpaceManifest, order: ImageOrder | None) -> tuple[str, bool]:
        """The name of the image of a space, and whether it is there."""
        tag = _tag(manifest, order)
        return tag, self._images.has(tag)

    async def _made(self, order: ImageOrder | None, tag: str, log: Path) -> Ended:
        from spacectl.adapters.containers.cancelling import Cancelling

        cancelling = Cancelling()
        making = asyncio.get_running_loop().run_in_executor(self._makers, self._make, order, tag, log, cancelling)
        try:
            return await asyncio.shield(making)
        except asyncio.CancelledError:
            cancelling.cancel()
            await asyncio.wait([making])  # whoever builds the space next is not to do so beside it
            raise

    def _make(self, order: ImageOrder | None, tag: str, log: Path, cancelling: Cancelling) -> Ended:
        try:
            log.touch(mode=0o600)
            with log.open("ab") as file:
                if order is None:
                    return self._images.pull(tag, file, cancelling)
                return self._images.build(order, tag, file, cancelling)
        except OSError as error:
            return Ended(None, None, f"{error.strerror}: {log}")

    def _image(self, manifest: SpaceManifest, folder: Path) -> str:
        known = self._tags.get(manifest.space.name)
        if known is not None:
            return known
        try:
            return _tag(manifest, self._order(manifest, folder))
        except OSError as error:
            raise SpawnError(f"cannot read {error.filename}: {error.strerror}", final=True) from error

    def _order(self, manifest: SpaceManifest, folder: Path) -> ImageOrder | None:
        """The image to be built; None where it has one that exists."""
        from spacectl.adapters.containers.images import ImageOrder

        section, prepared = manifest.container, self._current.prepared
        if section is None or section.build is None:
            return None
        args = {name: expand(value, prepared.inherited) for name, value in section.args.items()}
        return ImageOrder(
            repository=f"{prepared.system.name}/{manifest.space.name}",
            folder=folder / section.build,
            args={name: value for name, value in args.items() if not _UNSET.search(value)},
            instance=instance_of(prepared.layout.root),  # isolated copies use the images of the system, too
        )


def _tag(manifest: SpaceManifest, order: ImageOrder | None) -> str:
    """The name of the image of a space; blocks, for it reads what one is built from.

    Raises:
        OSError: something of that cannot be read.
    """
    if order is not None:
        return order.tag
    return "" if manifest.container is None else manifest.container.image or ""


def _user() -> str:
    user, group = os.getuid(), os.getgid()
    return f"{_NOBODY}:{_NOBODY}" if user == 0 else f"{user}:{group}"
