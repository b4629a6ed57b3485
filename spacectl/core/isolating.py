"""What an isolated copy of a system has in place of what only one of them can have."""

from __future__ import annotations

from dataclasses import replace

from spacectl.model.system import Space, System


def isolated(system: System) -> System:
    """The same system with every fixed port free to be another, and with a bus of its own.

    An existing server that `[bus] url` names is not used: the copy would share the streams of the first.
    """
    bus = system.manifest.bus.model_copy(update={"port": "auto", "url": None})
    gateway = system.manifest.gateway.model_copy(update={"port": "auto"})
    manifest = system.manifest.model_copy(update={"bus": bus, "gateway": gateway})
    return replace(system, manifest=manifest, spaces=tuple(_with_any_port(space) for space in system.spaces))


def _with_any_port(space: Space) -> Space:
    api = space.manifest.api.model_copy(update={"port": "auto"})
    return replace(space, manifest=space.manifest.model_copy(update={"api": api}))
