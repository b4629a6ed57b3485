"""Keeps replicas within the limits of their manifests, where the machine can; says where it cannot."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from pathlib import Path

from spacectl.adapters.cgroups import CONTROLLERS, Groups, Place, find
from spacectl.model.launch import Launch, SpawnError
from spacectl.model.manifest import LimitsSection
from spacectl.model.state import Ended
from spacectl.model.system import System
from spacectl.model.units import format_size
from spacectl.runtime.world import Process


class Limits:
    """The limits of one system.

    Args:
        system: whose; where no space has limits, nothing is looked at and nothing made.
        instance: marks the system's groups.
    """

    def __init__(self, system: System, instance: str) -> None:
        self._groups: Groups | None = None
        self._place = Place()
        self._spaces = {space.name: space.manifest.limits for space in system.spaces if _any(space.manifest.limits)}
        if not self._spaces:
            return
        self._place = find()
        try:
            self._groups = Groups(self._place, f"spacectl-{instance}") if self._place.controllers else None
        except OSError as error:
            self._place = Place(why=f"no group can be made in {self._place.folder}: {error.strerror}")

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is written in manifests and not kept."""
        missing = CONTROLLERS - self._place.controllers
        keys = {key for key in missing for each in self._spaces.values() if getattr(each, key) is not None}
        if not keys:
            return ()
        names = [name for name, limits in self._spaces.items() if any(getattr(limits, key) is not None for key in keys)]
        fix = f"; {self._place.fix}" if self._place.fix else ""
        words = " and ".join(sorted(keys, reverse=True))
        return (f"[limits] {words} of {', '.join(sorted(names))} not kept: {self._place.why}{fix}",)

    def group(self, name: str, limits: LimitsSection) -> Path | None:
        """The group that a replica is to be started in; None where it has no limit that can be kept.

        Raises:
            SpawnError: the kernel refused the limits.
        """
        keeps = self._place.controllers
        memory = limits.memory if "memory" in keeps else None
        cpu = limits.cpu if "cpu" in keeps else None
        if self._groups is None or (memory is None and cpu is None):
            return None
        try:
            return self._groups.make(name, memory=memory, cpu=cpu)
        except OSError as error:
            raise SpawnError(f"cannot limit it: {error.strerror}: {error.filename}", final=False) from error

    def guard(self, process: Process, name: str, limits: LimitsSection) -> Process:
        """The process as one that tells when it was ended for its memory, and whose group goes with it."""
        return process if self._groups is None else _Limited(process, name, limits, self._groups)

    def close(self) -> None:
        """Remove the groups of all that has ended."""
        if self._groups is not None:
            self._groups.close()


@dataclass(frozen=True, slots=True)
class _Limited:
    process: Process
    name: str
    limits: LimitsSection
    groups: Groups

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def start_ticks(self) -> int:
        return self.process.start_ticks

    @property
    def log_start(self) -> int:
        return self.process.log_start

    @property
    def launch(self) -> Launch:
        return self.process.launch

    @property
    def ended(self) -> Awaitable[Ended]:
        return self._ended()

    def ask(self, number: int) -> None:
        self.process.ask(number)

    async def gone(self) -> None:
        await self.process.gone()
        self.groups.remove(self.name)

    def tail(self) -> tuple[str, ...]:
        return self.process.tail()

    async def _ended(self) -> Ended:
        ended = await asyncio.shield(self.process.ended)  # others wait for it too
        if self.limits.memory is None or ended.signal is None or not self.groups.exceeded_memory(self.name):
            return ended
        return replace(ended, cause=f"it used more than memory = {format_size(self.limits.memory)}")


def _any(limits: LimitsSection) -> bool:
    return limits.memory is not None or limits.cpu is not None
