"""What of `system.toml` stays as it is while the system runs: its name, and where and how its engines run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from spacectl.model.manifest import SystemManifest
from spacectl.model.system import System

_HELD = (("system", "name"), ("bus", "port"), ("bus", "url"), ("bus", "sync"), ("gateway", "port"))
"""Streams bear the system's name, every space holds the address of the bus, and nats-server refuses to change how it
stores while it runs."""


def held_back(running: SystemManifest, written: SystemManifest) -> tuple[str, ...]:
    """The keys that were changed and count only at the next `up` after a `down`: `[bus] port`."""
    return tuple(
        f"[{section}] {key}" for section, key in _HELD if _value(running, section, key) != _value(written, section, key)
    )


def with_held(running: SystemManifest, written: System) -> System:
    """The system as written, as far as it can be taken on while it runs."""
    manifest = written.manifest
    for section, key in _HELD:
        kept = getattr(manifest, section).model_copy(update={key: _value(running, section, key)})
        manifest = manifest.model_copy(update={section: kept})
    return replace(written, manifest=manifest)


def _value(manifest: SystemManifest, section: str, key: str) -> Any:
    return getattr(getattr(manifest, section), key)
