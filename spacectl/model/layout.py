"""Where a system keeps its files: path arithmetic only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

STATE_FOLDER = ".spacectl"


@dataclass(frozen=True, slots=True)
class Layout:
    """The files of one system below its folder (absolute)."""

    root: Path

    @property
    def manifest(self) -> Path:
        return self.root / "system.toml"

    @property
    def state(self) -> Path:
        """Everything spacectl writes; mode 0700, git-ignored."""
        return self.root / STATE_FOLDER

    @property
    def run(self) -> Path:
        """What belongs to one run: lock, sockets, secrets, generated engine configuration."""
        return self.state / "run"

    @property
    def lock(self) -> Path:
        return self.run / "lock"

    @property
    def control_socket(self) -> Path:
        return self.run / "control.sock"

    @property
    def supervisor_log(self) -> Path:
        return self.logs / "supervisor.log"

    @property
    def secrets(self) -> Path:
        """Passwords of the bus users; mode 0600; made once per system."""
        return self.state / "secrets.json"

    @property
    def ports(self) -> Path:
        """The ports given out last time, so that the next run can offer the same ones."""
        return self.state / "ports.json"

    @property
    def bus_config(self) -> Path:
        """The generated nats-server configuration; mode 0600."""
        return self.run / "nats-server.conf"

    @property
    def bus_access(self) -> Path:
        """How spacectl itself reaches the running bus: URLs with passwords; mode 0600."""
        return self.run / "bus.json"

    @property
    def gateway(self) -> Path:
        """The folder that Envoy runs in, with its generated configuration and its private socket."""
        return self.run / "gateway"

    @property
    def bus_store(self) -> Path:
        return self.state / "bus"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def builds(self) -> Path:
        return self.state / "builds"

    def log(self, replica: str) -> Path:
        """Where a replica (`orders.1`), a build (`orders.build`) or an engine (`bus`) writes what it prints."""
        return self.logs / f"{replica}.log"

    def data(self, space: str) -> Path:
        """What a space owns; shared by its replicas and nobody else."""
        return self.state / "data" / space
