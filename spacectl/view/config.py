"""A resolved system as TOML and as a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tomlkit

from spacectl.core.bus import without_password
from spacectl.model.manifest import BusSection
from spacectl.model.report_config import ConfigReport
from spacectl.model.strict import Strict
from spacectl.model.system import Space, System
from spacectl.model.wording import escaped


def config_report(system: System, spaces: Sequence[Space]) -> ConfigReport:
    """The system with these of its spaces."""
    return ConfigReport(
        system=system.manifest.system,
        bus=_shown_bus(system.manifest.bus),
        gateway=system.manifest.gateway,
        flow=system.manifest.flow,
        files={space.name: space.source.file for space in spaces},
        spaces={space.name: space.manifest for space in spaces},
    )


def system_toml(system: System) -> str:
    """The `system.toml` with every default; a key without a default that is not set is left out.

    The address of an existing bus is shown without its password.
    """
    shown = system.manifest.model_copy(update={"bus": _shown_bus(system.manifest.bus)})
    return _part(system.source.file, _written(shown))


def space_toml(space: Space) -> str:
    """The `space.toml` with every default, as the table `spaces.NAME` of one large document.

    Values are shown as they stand in the manifest, `env` included; what `env_file` holds is not read.
    """
    return _part(space.source.file, {"spaces": {space.name: _written(space.manifest)}})


def _shown_bus(bus: BusSection) -> BusSection:
    return bus if bus.url is None else bus.model_copy(update={"url": without_password(bus.url)})


def _written(manifest: Strict) -> Mapping[str, Any]:
    return manifest.model_dump(mode="json", exclude_none=True)


def _part(file: str, table: Mapping[str, Any]) -> str:
    return f"# {escaped(file, at_most=1000)}\n{tomlkit.dumps(table)}"
