"""Decides what the bus of a system has to offer: streams, consumers, and users with the least permissions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from spacectl.model.bus import (
    ADMIN_USER,
    DEAD_ADVISORY,
    DEAD_KINDS,
    SYSTEM_USER,
    BusAccess,
    BusPlan,
    BusServer,
    BusUser,
    ConsumerSpec,
    StreamSpec,
    letters_stream,
    replay_stream,
)
from spacectl.model.system import Space, System

LOOPBACK = "127.0.0.1"
INBOX_ENV = "NATS_INBOX_PREFIX"

DUPLICATE_WINDOW_S = 120.0
"""An outbox that crashed between publishing and noting it down publishes again when its space is back. Restarts come
at most 30 s apart, so two minutes cover several of them; what comes later still meets the idempotent inbox."""

MEMORY_DUPLICATE_WINDOW_S = 10.0
"""The server holds every id of the window in memory; a memory stream is for rates at which minutes are gigabytes."""

MAX_MEMORY = 10**9
"""Bytes that all memory streams of a system may take together."""

FILL = 0.9
"""The share of the store that streams may claim: what spaces that are gone left behind must find room too."""

_LETTERS_AGE_S = 30 * 86400.0
_LETTERS_BYTES = 4 * 10**6
"""Some 13,000 letters of 300 bytes; the oldest go first."""

_URL_SAFE = re.compile(r"[A-Za-z0-9_-]+")
_CREDENTIALS = re.compile(r"(?<=://)[^/@]*@")


def plan_bus(system: System) -> BusPlan:
    """Work out the streams, consumers and users that the manifests ask for.

    A subscription whose subject nobody publishes is left out: it is a problem that validation reports.
    """
    streams = tuple(_stream(space) for space in system.spaces if space.manifest.events.publishes)
    consumers = tuple(consumer for space in system.spaces for consumer in _consumers(space, streams))
    return BusPlan(
        system=system.name,
        users=tuple(_user(space, consumers) for space in system.spaces),
        streams=fit((*streams, *_letters(system.name, consumers)), max_file=system.manifest.bus.max_store),
        consumers=consumers,
    )


def plan_server(system: System, *, port: int, store: Path) -> BusServer:
    """How the embedded server of a system runs, once a free port is known."""
    bus = system.manifest.bus
    return BusServer(
        name=f"spacectl-{system.name}",
        host=LOOPBACK,
        port=port,
        store=store,
        sync=bus.sync,
    )


def users_of(plan: BusPlan) -> tuple[str, ...]:
    """Everyone who needs a password on the embedded server."""
    return (ADMIN_USER, SYSTEM_USER, *(user.name for user in plan.users))


def embedded_access(plan: BusPlan, server: BusServer, passwords: Mapping[str, str]) -> BusAccess:
    """How spacectl reaches the embedded server."""
    return BusAccess(
        system=plan.system,
        url=f"nats://{server.host}:{server.port}",
        admin_url=bus_url(ADMIN_USER, passwords[ADMIN_USER], server.host, server.port),
        system_url=bus_url(SYSTEM_USER, passwords[SYSTEM_USER], server.host, server.port),
    )


def external_access(plan: BusPlan, url: str) -> BusAccess:
    """How spacectl reaches the server that `[bus] url` names, with the credentials in it."""
    return BusAccess(system=plan.system, url=without_password(url), admin_url=url)


def fit(streams: Sequence[StreamSpec], *, max_file: int) -> tuple[StreamSpec, ...]:
    """Shrink the limits of streams in proportion where together they exceed what the store holds.

    So `max_store` holds however many spaces there are. The server itself has no such limit: it would refuse every
    change of a stream, even to less, once the limits of all together exceed a `max_store` that was lowered.
    """
    budgets = {"file": max_file * FILL, "memory": min(max_file, MAX_MEMORY) * FILL}
    claims = {storage: sum(s.max_bytes for s in streams if s.storage == storage) for storage in budgets}
    scale = {
        storage: min(1.0, budget / claims[storage]) if claims[storage] else 1.0 for storage, budget in budgets.items()
    }
    return tuple(
        replace(stream, max_bytes=max(1, int(stream.max_bytes * scale[stream.storage])))
        if stream.max_bytes and scale[stream.storage] < 1
        else stream
        for stream in streams
    )


def lenient(before: BusPlan, now: BusPlan) -> BusPlan:
    """The plan of now in which everyone may still do what they might before, for as long as they run as before.

    What is on its way out publishes and acknowledges its last: nothing of that may be lost.
    """
    users = {user.name: user for user in before.users}
    streams = {stream.name: stream for stream in before.streams}
    consumers = {(each.stream, each.name): each for each in before.consumers}
    return replace(
        now,
        users=(*[_user_of_both(users.pop(each.name, each), each) for each in now.users], *users.values()),
        streams=(*[_of_both(streams.pop(each.name, each), each) for each in now.streams], *streams.values()),
        consumers=(
            *[_of_both(consumers.pop((each.stream, each.name), each), each) for each in now.consumers],
            *consumers.values(),
        ),
    )


def inbox_prefix(space: str) -> str:
    """The value of `NATS_INBOX_PREFIX` for a space, without a trailing dot."""
    return f"_INBOX.{space}"


def bus_url(user: str, password: str, host: str, port: int) -> str:
    """The address a client connects to.

    Raises:
        ValueError: user or password hold something that an address would have to escape. Clients differ in
            whether they undo such escapes, so neither may hold any.
    """
    if not (_URL_SAFE.fullmatch(user) and _URL_SAFE.fullmatch(password)):
        raise ValueError("users and passwords of the bus hold only letters, digits, - and _")
    return f"nats://{user}:{password}@{host}:{port}"


def without_password(url: str) -> str:
    """The same address without user, password or token, for people to see."""
    return _CREDENTIALS.sub("", url)


def _stream(space: Space) -> StreamSpec:
    events = space.manifest.events
    keep = events.retention
    window = DUPLICATE_WINDOW_S if keep.storage == "file" else MEMORY_DUPLICATE_WINDOW_S
    return StreamSpec(
        name=space.name,
        subjects=_sorted(events.publishes),
        storage=keep.storage,
        max_age_s=keep.max_age_s,
        max_bytes=keep.max_bytes,
        # The server refuses a window longer than the age at which messages go.
        duplicate_window_s=min(window, keep.max_age_s) if keep.max_age_s else window,
    )


def _consumers(space: Space, streams: Iterable[StreamSpec]) -> Iterable[ConsumerSpec]:
    delivery = space.manifest.events.delivery
    wanted = set(space.manifest.events.subscribes)
    for stream in streams:
        subjects = wanted.intersection(stream.subjects)
        if subjects:
            yield ConsumerSpec(
                stream=stream.name,
                name=space.name,
                subjects=_sorted(subjects),
                start=delivery.start,
                ack_wait_s=delivery.ack_wait_s,
                max_deliver=delivery.max_deliver,
                max_in_flight=delivery.max_in_flight,
            )


def _letters(system: str, consumers: Iterable[ConsumerSpec]) -> Iterable[StreamSpec]:
    """The stream in which the bus itself keeps what it says of messages that a subscriber gave up.

    Advisories: https://docs.nats.io/running-a-nats-service/nats_admin/monitoring/monitoring_jetstream
    """
    heard = sorted({consumer.stream for consumer in consumers})
    if heard:
        yield StreamSpec(
            name=letters_stream(system),
            subjects=_sorted(f"{DEAD_ADVISORY}.{kind}.{stream}.*" for stream in heard for kind in DEAD_KINDS),
            storage="file",
            max_age_s=_LETTERS_AGE_S,
            max_bytes=_LETTERS_BYTES,
            duplicate_window_s=MEMORY_DUPLICATE_WINDOW_S,
        )


def _user(space: Space, consumers: Iterable[ConsumerSpec]) -> BusUser:
    inbox = f"{inbox_prefix(space.name)}.>"
    pulls = [
        subject
        for consumer in consumers
        if consumer.name == space.name
        for subject in (
            f"$JS.API.CONSUMER.MSG.NEXT.{consumer.stream}.{consumer.name}",
            f"$JS.API.CONSUMER.INFO.{consumer.stream}.{consumer.name}",
            f"$JS.ACK.{consumer.stream}.{consumer.name}.>",
            f"$JS.ACK.{replay_stream(consumer.stream, consumer.name)}.{consumer.name}.>",
        )
    ]
    return BusUser(
        name=space.name,
        publish=(*_sorted(space.manifest.events.publishes), *pulls, inbox),
        subscribe=(inbox,),
    )


S = TypeVar("S", StreamSpec, ConsumerSpec)


def _of_both(before: S, now: S) -> S:
    return replace(now, subjects=_sorted((*before.subjects, *now.subjects)))


def _user_of_both(before: BusUser, now: BusUser) -> BusUser:
    return BusUser(
        now.name,
        tuple(dict.fromkeys((*now.publish, *before.publish))),
        tuple(dict.fromkeys((*now.subscribe, *before.subscribe))),
    )


def _sorted(subjects: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(subjects)))
