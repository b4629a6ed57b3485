"""What `version --json` tells."""

from __future__ import annotations

from spacectl.model.strict import Strict


class VersionReport(Strict):
    """Versions in use; null for an engine that this machine lacks."""

    spacectl: str
    python: str
    nats_server: str | None
    envoy: str | None
