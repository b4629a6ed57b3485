"""What `spacectl config --json` prints."""

from __future__ import annotations

from collections.abc import Mapping

from spacectl.model.manifest import BusSection, FlowSection, GatewaySection, SpaceManifest, SystemSection
from spacectl.model.strict import Strict


class ConfigReport(Strict):
    """A system with every default filled in.

    Attributes:
        files: the `space.toml` of each space, relative to the system's folder.
        spaces: the whole manifest of each space, by its name.
    """

    system: SystemSection
    bus: BusSection
    gateway: GatewaySection
    flow: FlowSection
    files: Mapping[str, str]
    spaces: Mapping[str, SpaceManifest]
