"""What a probe asks of a replica, with every default filled in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ProbeKind = Literal["ready", "alive"]


@dataclass(frozen=True, slots=True)
class HttpCheck:
    """GET `path` answers with a status from 200 to 399."""

    path: str


@dataclass(frozen=True, slots=True)
class TcpCheck:
    """The replica's port takes a connection."""


@dataclass(frozen=True, slots=True)
class ExecCheck:
    """A command, run in the space's folder with its environment, exits 0."""

    command: str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LogCheck:
    """The output since the replica started holds a line that matches the regular expression."""

    pattern: str


@dataclass(frozen=True, slots=True)
class BusCheck:
    """The replica holds a connection to the bus as its own user."""


@dataclass(frozen=True, slots=True)
class UptimeCheck:
    """The replica has been running for `seconds_s`."""

    seconds_s: float


@dataclass(frozen=True, slots=True)
class EngineCheck:
    """The engine answers spacectl, and holds what the manifests ask of it."""


Check = HttpCheck | TcpCheck | ExecCheck | LogCheck | BusCheck | UptimeCheck | EngineCheck
