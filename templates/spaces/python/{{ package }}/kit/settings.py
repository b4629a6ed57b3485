"""What the environment says, decoded once and handed on as a value."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Settings:
    """The environment of one replica.

    Attributes:
        space: the name of this space, which is also the name of its stream and of its consumers.
        replica: number of this copy, from 1.
        data_dir: the folder for this space's files, shared by its replicas.
        nats_url: where the bus is, with this space's user and password.
        nats_inbox_prefix: the only subjects on which this space may receive, without the trailing dot.
        callees: the base URL of each space this one calls, by the name of that space.
        synchronous: SQLite's `synchronous` setting; see `database`.
        otlp_endpoint: where to send traces; None sends nothing and imports nothing for it.
    """

    space: str
    replica: int = 1
    data_dir: Path = Path("data")
    nats_url: str = field(default="nats://127.0.0.1:4222", repr=False)
    nats_inbox_prefix: str = ""
    callees: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    synchronous: str = "NORMAL"
    otlp_endpoint: str | None = None

    @property
    def inbox_prefix(self) -> str:
        """The prefix given, or the one this space's user has by convention."""
        return self.nats_inbox_prefix or f"_INBOX.{self.space}"


def from_environment(space: str, calls: tuple[str, ...] = (), environment: Mapping[str, str] = os.environ) -> Settings:
    """Reads the environment. Every variable has a default, so tools can import the app outside a system.

    Args:
        space: the name to use where `SPACE` is not set.
        calls: the spaces it calls; `order-history` is looked up as `ORDER_HISTORY_URL`.
        environment: names and values.

    Raises:
        ValueError: `SQLITE_SYNCHRONOUS` or `REPLICA` holds something else than it may.
    """
    synchronous = environment.get("SQLITE_SYNCHRONOUS", "NORMAL").upper()
    if synchronous not in {"NORMAL", "FULL", "EXTRA"}:
        raise ValueError(f"SQLITE_SYNCHRONOUS is {synchronous!r}: use NORMAL, FULL or EXTRA")
    return Settings(
        space=environment.get("SPACE", space),
        replica=int(environment.get("REPLICA", "1")),
        data_dir=Path(environment.get("DATA_DIR", "data")),
        nats_url=environment.get("NATS_URL", "nats://127.0.0.1:4222"),
        nats_inbox_prefix=environment.get("NATS_INBOX_PREFIX", "").rstrip("."),
        callees=MappingProxyType({name: environment.get(variable(name), "") for name in calls}),
        synchronous=synchronous,
        otlp_endpoint=environment.get("OTEL_EXPORTER_OTLP_ENDPOINT") or None,
    )


def variable(callee: str) -> str:
    """The variable that holds a callee's base URL: `order-history` is at `ORDER_HISTORY_URL`."""
    return callee.upper().replace("-", "_") + "_URL"
