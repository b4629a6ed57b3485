"""Keeps replicas within the limits of their manifests, where the machine can; says where it cannot."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from pathlib import Path

from spacectl.adapters.cgroups import Groups, Place, find
from spacectl.model.launch import Launch, SpawnError
from spacectl.model.manifest import LimitsSection
from spacectl.model.state import Ended
from spacectl.model.system import System
from spacectl.model.units import format_size
from spacectl.runtime.world import Process


class Limits:
    """The limits of one system. As long as no space has any, nothing is looked at and nothing made.

    Args:
        instance: marks the system's groups.
    """

    def __init__(self, instance: str) -> None:
        self._name = f"spacectl-{instance}"
        self._place: Place | None = None
        self._groups: Groups | None = None

    def warnings(self, system: System) -> dict[str, str]:
        """What is written in the manifests of spaces and not kept, by space."""
        told = {space.name: self._missing(space.manifest.limits) for space in system.spaces}
        return {name: text for name, text in told.items() if text is not None}

    def group(self, name: str, limits: LimitsSection) -> Path | None:
        """The group that a replica is to be started in; None where it has no limit that can be kept.

        Raises:
            SpawnError: the kernel refused the limits.
        """
        asked = _asked(limits)
        if not asked or not (keeps := self._look().controllers & asked) or self._groups is None:
            return None
        memory = limits.memory if "memory" in keeps else None
        cpu = limits.cpu if "cpu" in keeps else None
        try:
            return self._groups.make(name, memory=memory, cpu=cpu)
        except OSError as error:
            raise SpawnError(f"cannot limit it: {error.strerror}: {error.filename}", final=False) from error

    def guard(self, process: Process, name: str, limits: LimitsSection) -> Process:
        """The process as one that tells when it was ended for its memory, and whose group goes with it."""
        if self._groups is None or process.launch.group is None:
            return process
        return _Limited(process, name, limits, self._groups)

    def close(self) -> None:
        """Remove the groups of all that has ended."""
        if self._groups is not None:
            self._groups.close()

    def _look(self) -> Place:
        if self._place is None:
            self._place = find()
            try:
                self._groups = Groups(self._place, self._name) if self._place.controllers else None
            except OSError as error:
                self._place = Place(why=f"no group can be made in {self._place.folder}: {error.strerror}")
        return self._place

    def _missing(self, limits: LimitsSection) -> str | None:
        asked = _asked(limits)
        missing = asked - self._look().controllers if asked else frozenset()
        if not missing:
            return None
        place = self._look()
        fix = f"; {place.fix}" if place.fix else ""
        return f"[limits] {' and '.join(sorted(missing, reverse=True))} not kept: {place.why}{fix}"


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
    def mark(self) -> str:
        return self.process.mark

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


def _asked(limits: LimitsSection) -> frozenset[str]:
    """The controllers that limits need."""
    values = {"memory": limits.memory, "cpu": limits.cpu}
    return frozenset(name for name, value in values.items() if value is not None)
