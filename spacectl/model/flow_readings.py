"""What the engines' own counters said at one moment, and what is declared: frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ConsumerKey = tuple[str, str]
"""The stream (the publishing space) and the consumer (the subscribing space)."""


@dataclass(frozen=True, slots=True)
class ConsumerReading:
    """The counters of one durable consumer.

    Attributes:
        created: when it was made, as the engine writes it; another one is another consumer.
        deliveries: all deliveries, repeated ones too.
        delivered_seq: the last message of the stream that was delivered.
        acked_seq: every message of the stream up to here is settled.
        pending: messages that were never delivered.
        in_flight: messages delivered and not settled.
        waiting: requests for messages that wait for one.
    """

    created: str
    deliveries: int
    delivered_seq: int
    acked_seq: int
    pending: int
    in_flight: int
    waiting: int


@dataclass(frozen=True, slots=True)
class StreamReading:
    """The counters of one stream.

    Attributes:
        created: as in ConsumerReading.
        first_seq: the oldest message it keeps; one more than `last_seq` when it keeps none.
        last_seq: the newest message; sequences count every message it ever took.
        seen_seq: the newest message a moment before its consumers were looked at; `last_seq` may have come later.
        first_time, last_time, read_time: when these two came and when it was read, RFC 3339 of the engine's clock.
        kept: how many of each subject it keeps, counted at `last_seq`; None where nobody asked, because nothing
            changed since the last reading.
    """

    created: str
    first_seq: int
    last_seq: int
    seen_seq: int
    messages: int
    bytes: int
    first_time: str
    last_time: str
    read_time: str
    kept: Mapping[str, int] | None
    consumers: Mapping[str, ConsumerReading] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClientTotals:
    """What the connections of one bus user hold and did: only of connections that are open."""

    connections: int
    sent: int
    received: int
    pending_bytes: int
    stalls: int


@dataclass(frozen=True, slots=True)
class BusReading:
    """The counters of the bus. What is None could not be seen.

    Attributes:
        at: the monotonic clock in seconds when it was read.
        filters: the subjects of each consumer that is not declared.
        dead: dead letters on the list, by stream, consumer and subject.
        clients: by bus user.
        unseen: what the account does not allow to see, in words.
    """

    at: float
    streams: Mapping[str, StreamReading]
    filters: Mapping[ConsumerKey, tuple[str, ...]] = field(default_factory=dict)
    dead: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    clients: Mapping[str, ClientTotals] | None = None
    slow_consumers: int | None = None
    stalled: int | None = None
    unseen: tuple[str, ...] = ()

    @property
    def messages(self) -> int:
        """How many messages all streams keep."""
        return sum(stream.messages for stream in self.streams.values())

    @property
    def bytes(self) -> int:
        """How much room they take."""
        return sum(stream.bytes for stream in self.streams.values())


@dataclass(frozen=True, slots=True)
class Latencies:
    """Milliseconds that half, 95 % and 99 % of the requests took at most."""

    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class CallReading:
    """The counters of one call edge.

    Attributes:
        total: answered requests.
        by_class: how many were answered with which class of status: `2xx`, `4xx`, …
        in_flight: requests under way.
        recent: the latencies of the last seconds in which there was a request; None where the engine does not tell.
        overall: the latencies of all requests.
    """

    total: int
    by_class: Mapping[str, int]
    in_flight: int
    recent: Latencies | None = None
    overall: Latencies | None = None


@dataclass(frozen=True, slots=True)
class GatewayReading:
    """The counters of the gateway at a moment of the monotonic clock, by caller and callee.

    Attributes:
        uptime_s: how long the engine has run; less than before is another one, whose counters began at zero.
        calls: the front door's caller is the empty name.
    """

    at: float
    uptime_s: float
    calls: Mapping[tuple[str, str], CallReading]


@dataclass(frozen=True, slots=True)
class Declared:
    """What the manifests say moves between spaces.

    Attributes:
        publishes: the subjects of each space that publishes.
        subscribes: the subjects of each consumer.
        calls: each caller and callee.
        spaces: all of them.
    """

    system: str
    spaces: tuple[str, ...]
    publishes: Mapping[str, tuple[str, ...]]
    subscribes: Mapping[ConsumerKey, tuple[str, ...]]
    calls: frozenset[tuple[str, str]]
