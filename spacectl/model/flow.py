"""What `flow --json` tells: published models, whose keys are a promise."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from spacectl.model.strict import Strict


class EdgeReport(Strict):
    """What moves from one space to another by one subject, or by calls of one API.

    Attributes:
        via: the subject of an event edge; the called space of a call edge.
        declared: a manifest says so.
        seen: something has moved.
        total: events delivered to the subscriber for the first time, or requests answered.
        rate: of the total, per second, over the last seconds that were really measured.
        lag: events not delivered yet.
        oldest_s: age of the oldest event that is not settled; null when there is none.
        in_flight: events delivered and not settled, or requests under way.
        redelivered: deliveries beyond the first.
        dead: events the subscriber will get no more, as far as `letters` lists them.
        errors: dead letters, or requests answered with a 5xx status.
        errors_by_class: answers by class of status, 4xx and 5xx; only of call edges.
        note: what a person should look at; null when nothing is wrong.
    """

    source: str = Field(alias="from")
    target: str = Field(alias="to")
    kind: Literal["event", "call"]
    via: str
    declared: bool
    seen: bool
    total: int
    rate: float
    lag: int | None
    oldest_s: float | None
    in_flight: int
    redelivered: int | None
    dead: int | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None = None
    errors: int
    errors_by_class: dict[str, int] | None = None
    note: str | None = None


class SpaceFlow(Strict):
    """What one space sends and gets. Rates are per second; what is null could not be seen.

    Attributes:
        published: events its stream took.
        delivered: events it was given, each once.
        calls: requests it made and that were answered.
        requests: requests it answered, those of people and checks at the front door too.
        connections: to the bus.
        pending_bytes: what the bus holds for it because it does not read.
        stalls: how often the bus held one of its connections back.
    """

    name: str
    published: int
    published_rate: float
    delivered: int
    delivered_rate: float
    calls: int
    calls_rate: float
    requests: int
    requests_rate: float
    connections: int | None = None
    pending_bytes: int | None = None
    stalls: int | None = None


class UnheardReport(Strict):
    """A subject that is published, and to which no space subscribes."""

    source: str = Field(alias="from")
    via: str
    published: int


class BusFlow(Strict):
    """The bus as a whole. What is null could not be seen.

    Attributes:
        messages, bytes: what its streams keep of this system.
        slow_consumers: connections it cut because they did not read.
        stalls: how often it held a connection back because a reader did not keep up.
    """

    messages: int
    bytes: int
    published: int
    published_rate: float
    slow_consumers: int | None = None
    stalls: int | None = None


class FlowReport(Strict):
    """What moves in a system. `at` is when it was read, RFC 3339; null while nothing could be read.

    Attributes:
        unseen: what cannot be seen, and why, in words.
    """

    system: str
    at: str | None
    edges: tuple[EdgeReport, ...] = ()
    spaces: tuple[SpaceFlow, ...] = ()
    unheard: tuple[UnheardReport, ...] = ()
    bus: BusFlow | None = None
    unseen: tuple[str, ...] = ()
