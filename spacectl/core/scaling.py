"""How many replicas each space has: what was asked for while it runs, else what its manifest says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from spacectl.core.hints import did_you_mean
from spacectl.errors import UsageError
from spacectl.model.system import Space, System

MOST = 100
"""Replicas that may be asked for at once; a slip of the finger must not bring the machine down."""


@dataclass(frozen=True, slots=True)
class Scaled:
    """A number of replicas that was asked for.

    Attributes:
        count: that number.
        written: what the manifest said then; once it says something else, that counts again.
    """

    count: int
    written: int


Scales = Mapping[str, Scaled]
"""By space; a space that nobody scaled is not in it."""


def scaled_to(system: System, counts: Mapping[str, int]) -> Scales:
    """What is asked for, checked.

    Raises:
        UsageError: no such space, a job, or a number out of bounds.
    """
    return {name: Scaled(_checked(count, name), _scalable(system, name)) for name, count in counts.items()}


def still_asked(scales: Scales, system: System) -> Scales:
    """What still counts, now that the manifests may be others."""
    written = {space.name: space.manifest.run.replicas for space in system.spaces}
    return {name: scaled for name, scaled in scales.items() if written.get(name) == scaled.written}


def count_of(space: Space, scales: Scales) -> int:
    """How many replicas a space is to have."""
    scaled = scales.get(space.name)
    return space.manifest.run.replicas if scaled is None else scaled.count


def counts_of(system: System, scales: Scales) -> dict[str, int]:
    """How many replicas each space is to have."""
    return {space.name: count_of(space, scales) for space in system.spaces}


def _scalable(system: System, name: str) -> int:
    space = system.space(name)
    if space is None:
        known = [each.name for each in system.spaces]
        hint = did_you_mean(name, known) or f"spaces here: {', '.join(known) or 'none'}"
        raise UsageError(f'no space is named "{name}"', hint=hint)
    if space.manifest.space.kind == "job":
        raise UsageError(f"{name} is a job: it runs to its end and is not scaled")
    return space.manifest.run.replicas


def _checked(count: int, name: str) -> int:
    if not 0 <= count <= MOST:
        raise UsageError(f"{name}: {count} replicas are out of bounds", hint=f"take a number from 0 to {MOST}")
    return count
