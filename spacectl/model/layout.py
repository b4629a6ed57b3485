"""Where a system keeps its files: path arithmetic only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

STATE_FOLDER = ".spacectl"
COPIES_FOLDER = "isolated"


@dataclass(frozen=True, slots=True)
class Layout:
    """The files of one system below its folder (absolute).

    Attributes:
        root: the folder of its manifests and spaces.
        copy: the name of an isolated copy; None for the system itself.
    """

    root: Path
    copy: str | None = None

    @property
    def manifest(self) -> Path:
        return self.root / "system.toml"

    @property
    def base(self) -> Path:
        """Everything spacectl writes for the system and all its copies; mode 0700, git-ignored."""
        return self.root / STATE_FOLDER

    @property
    def copies(self) -> Path:
        """The folder of the isolated copies, each in a folder of its own."""
        return self.base / COPIES_FOLDER

    @property
    def state(self) -> Path:
        """Everything that runs here leaves behind, except builds."""
        return self.base if self.copy is None else self.copies / self.copy

    @property
    def home(self) -> Path:
        """The folder by which it is named: that of the system, or that of the copy."""
        return self.root if self.copy is None else self.state

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
    def containers(self) -> Path:
        """What of the output of containers is in their logs; that it is there says that there may be containers."""
        return self.run / "containers"

    @property
    def bus_store(self) -> Path:
        return self.state / "bus"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def builds(self) -> Path:
        """What each space was last built from. Copies build in the same folders, so they share it."""
        return self.base / "builds"

    def log(self, replica: str) -> Path:
        """Where a replica (`orders.1`), a build (`orders.build`) or an engine (`bus`) writes what it prints."""
        return self.logs / f"{replica}.log"

    def data(self, space: str) -> Path:
        """What a space owns; shared by its replicas and nobody else."""
        return self.state / "data" / space


def layout_of(folder: Path) -> Layout:
    """The files of the system, or of the isolated copy, that a folder (absolute) stands for."""
    if folder.parent.name == COPIES_FOLDER and folder.parent.parent.name == STATE_FOLDER:
        return Layout(folder.parent.parent.parent, folder.name)
    return Layout(folder)
