"""How to start one process: what the process adapter needs, and nothing of why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from spacectl.model.container import ContainerSpec


class SpawnError(Exception):
    """A process could not be started. `final`: trying again cannot help."""

    def __init__(self, reason: str, *, final: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.final = final


@dataclass(frozen=True, slots=True)
class Launch:
    """A process to be.

    Attributes:
        argv: program and arguments, already expanded.
        folder: the working directory (absolute).
        env: the whole environment.
        log: the file that takes stdout and stderr, appended to.
        port: the port it is to listen on; None for a process that serves nothing.
        group: the folder of the control group that it is started in; None to stay in the one it is started from.
        container: what it is made of where it is a container; then argv, where it is not empty, replaces the image's.
    """

    argv: tuple[str, ...]
    folder: Path
    env: Mapping[str, str]
    log: Path
    port: int | None = None
    group: Path | None = None
    container: ContainerSpec | None = None
