"""The bus as it is wanted, as it is found, and as it is reached: frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import Field

from spacectl.model.strict import Strict

ADMIN_USER = "spacectl"
"""The user spacectl itself has in the account of the spaces; no space can have this name."""
SYSTEM_USER = "system"
"""The user spacectl has in the system account, to see connections; no space can have this name."""

OWNER_KEY = "spacectl.system"
"""The key of the metadata in which a stream or consumer bears the name of the system that made it."""

USE_KEY = "spacectl.use"
"""The key of a consumer's metadata that says `tap` or `replay`, so that nobody takes it for a subscriber."""

DEAD_ADVISORY = "$JS.EVENT.ADVISORY.CONSUMER"
DEAD_KINDS = ("MAX_DELIVERIES", "MSG_TERMINATED")
"""How the bus tells that a subscriber gets a message no more: `DEAD_ADVISORY.KIND.STREAM.CONSUMER`."""

REPLAY_SUBJECT = "REPLAY."
"""Before the subject of a copy, with the names of stream and subscriber, on its way into a replay stream."""

MAX_PAYLOAD = 1024 * 1024
"""Bytes of the largest message the embedded server takes."""

Storage = Literal["file", "memory"]
Start = Literal["all", "new"]


def letters_stream(system: str) -> str:
    """The stream that keeps a system's dead letters. Names of spaces have no capitals, so that none can meet it."""
    return f"LETTERS_{system}"


def replay_stream(stream: str, consumer: str) -> str:
    """The stream that holds the copies of dead letters while they are delivered again to one subscriber."""
    return f"REPLAY_{stream}_{consumer}"


@dataclass(frozen=True, slots=True)
class BusUser:
    """One user of the bus: the subjects it may publish to and those it may subscribe to; nothing else."""

    name: str
    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """The stream that holds what one space publishes, as far as the manifests decide it.

    Attributes:
        name: that of the publishing space.
        subjects: exactly those it declares, sorted.
        storage: where the messages are kept.
        max_age_s: seconds after which a message goes; 0 keeps it for ever.
        max_bytes: bytes above which the oldest messages go; 0 sets no limit.
        duplicate_window_s: seconds in which a second message with the same `Nats-Msg-Id` is dropped.
    """

    name: str
    subjects: tuple[str, ...]
    storage: Storage
    max_age_s: float
    max_bytes: int
    duplicate_window_s: float


@dataclass(frozen=True, slots=True)
class ConsumerSpec:
    """What one space receives from the stream of another; its replicas share it.

    Attributes:
        stream: name of the publishing space.
        name: name of the subscribing space.
        subjects: those it declares of this publisher, sorted.
        start: `all` begins with the oldest kept message, `new` with what comes after the consumer was made.
        ack_wait_s: seconds after which an unacknowledged message is delivered again.
        max_deliver: how often a message is delivered at most.
        max_in_flight: how many messages may be delivered and not yet acknowledged.
    """

    stream: str
    name: str
    subjects: tuple[str, ...]
    start: Start
    ack_wait_s: float
    max_deliver: int
    max_in_flight: int


@dataclass(frozen=True, slots=True)
class BusPlan:
    """Everything the manifests of one system ask of the bus."""

    system: str
    users: tuple[BusUser, ...]
    streams: tuple[StreamSpec, ...]
    consumers: tuple[ConsumerSpec, ...]


@dataclass(frozen=True, slots=True)
class BusServer:
    """How the embedded server runs.

    Attributes:
        name: shown in its log.
        host: loopback address it listens on.
        port: TCP port it listens on.
        store: folder of the streams (absolute).
        sync: `always` writes to the disk before each acknowledgement, `interval` every few seconds.
    """

    name: str
    host: str
    port: int
    store: Path
    sync: Literal["interval", "always"]


@dataclass(frozen=True, slots=True)
class FoundConsumer:
    """A durable consumer on the server. `owner` is the system that made it, None when it bears no mark.

    `pending` counts the messages it has not delivered yet plus those delivered and not acknowledged.
    """

    spec: ConsumerSpec
    owner: str | None
    pending: int


@dataclass(frozen=True, slots=True)
class FoundStream:
    """A stream on the server, with its durable consumers. `owner` is as in FoundConsumer."""

    spec: StreamSpec
    owner: str | None
    messages: int
    bytes: int
    consumers: tuple[FoundConsumer, ...] = ()


@dataclass(frozen=True, slots=True)
class BusChange:
    """What was done to a stream or a consumer, or why nothing was.

    Attributes:
        action: `kept` and `differs` changed nothing, and a person should know.
        target: `stream orders` or `consumer payments of orders`.
        detail: what changed, or why it was left as it is; may be empty.
    """

    action: Literal["created", "updated", "removed", "kept", "differs"]
    target: str
    detail: str = ""

    @property
    def text(self) -> str:
        """One line for a log."""
        return f"{self.action} {self.target}" + (f": {self.detail}" if self.detail else "")


class BusAccess(Strict):
    """How spacectl reaches the bus of one system.

    Attributes:
        system: name of the system.
        url: address without a password, for people.
        admin_url: address with the credentials that may do everything in the account of the spaces.
        system_url: address with the credentials of the system account; None for a server that is not ours.
    """

    system: str
    url: str
    admin_url: str = Field(repr=False)
    system_url: str | None = Field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class BusConnection:
    """One client that is connected to the bus.

    Attributes:
        user: the user it logged in as: the name of a space, or one of spacectl's own.
        host: address of the client's side.
        port: TCP port of the client's side.
        name: what the client calls itself; may be empty.
        number: the server's number of the connection; never used twice.
        subscriptions: how many it has.
        sent: messages the client sent.
        received: messages the client was sent.
        pending_bytes: bytes the server holds for it because it does not read.
    """

    user: str
    host: str
    port: int
    name: str = field(default="", compare=False)
    number: int = 0
    subscriptions: int = field(default=0, compare=False)
    sent: int = field(default=0, compare=False)
    received: int = field(default=0, compare=False)
    pending_bytes: int = field(default=0, compare=False)
