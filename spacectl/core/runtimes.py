"""What spaces run as, where somebody asks for another runtime than their manifests do."""

from __future__ import annotations

from dataclasses import replace

from spacectl.model.manifest import ContainerSection, Runtime
from spacectl.model.system import Space, System


def running_as(system: System, runtime: Runtime | None) -> System:
    """The system with every space run so; as it is written where nobody asks. A Dockerfile is looked for beside it."""
    if runtime is None:
        return system
    return replace(system, spaces=tuple(_running_as(space, runtime) for space in system.spaces))


def _running_as(space: Space, runtime: Runtime) -> Space:
    manifest = space.manifest
    run = manifest.run.model_copy(update={"runtime": runtime})
    container = manifest.container or ContainerSection(build=".")
    return replace(space, manifest=manifest.model_copy(update={"run": run, "container": container}))
