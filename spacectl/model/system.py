"""A system as it was read: the manifests, where each came from, and how its spaces depend on each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from spacectl.model.manifest import SpaceManifest, SystemManifest

Where = Mapping[tuple[str | int, ...], int]
"""The 1-based line of each key path of a TOML file, such as `("events", "publishes", 0)`."""


@dataclass(frozen=True, slots=True)
class Source:
    """A manifest file as text, for messages that point into it."""

    file: str
    lines: tuple[str, ...]
    where: Where = field(repr=False)


@dataclass(frozen=True, slots=True)
class Space:
    """One space: its manifest, its folder (absolute), and the file it was read from."""

    manifest: SpaceManifest
    folder: Path
    source: Source

    @property
    def name(self) -> str:
        return self.manifest.space.name


@dataclass(frozen=True, slots=True)
class System:
    """A system: its manifest, its folder (absolute), and its spaces in the order of their names."""

    manifest: SystemManifest
    root: Path
    source: Source
    spaces: tuple[Space, ...]

    @property
    def name(self) -> str:
        return self.manifest.system.name

    def space(self, name: str) -> Space | None:
        """The space of that name, or None."""
        return next((space for space in self.spaces if space.name == name), None)
