"""Makes the streams and consumers of a system, and sees who is connected to its bus."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol, assert_never

import nats.errors
import nats.js.errors
from nats.js import api

from spacectl.core.provision import Change, Leave, Make, Remove, Step, provision_steps, result
from spacectl.errors import MachineError
from spacectl.model.bus import (
    OWNER_KEY,
    BusAccess,
    BusChange,
    BusConnection,
    BusPlan,
    ConsumerSpec,
    FoundConsumer,
    FoundStream,
    StreamSpec,
    letters_stream,
)

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.js.manager import JetStreamManager

_REQUEST_S = 5.0
_PING = "$SYS.REQ.SERVER.PING"
_CONNZ = "$SYS.REQ.SERVER.PING.CONNZ"
_PAGE = 1024
_NO_ROOM = 10047  # error codes: https://github.com/nats-io/nats-server/blob/main/server/errors.json
_OVERLAP = 10065


class Connect(Protocol):
    """Makes a connection that comes back by itself, or raises MachineError."""

    def __call__(self, url: str, *, name: str, timeout_s: float) -> Awaitable[Client]:
        """Connect to the address."""
        ...


class NatsAdmin:
    """spacectl's own two connections to the bus: one among the spaces, one in the system account."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._access: BusAccess | None = None
        self._admin: Client | None = None
        self._system: Client | None = None

    async def connect(self, access: BusAccess, *, timeout_s: float = 10.0) -> None:
        """Connect, and stay connected through restarts of the server until closed.

        Raises:
            MachineError: the bus is not there in time, or refuses the credentials.
        """
        await self.close()
        self._admin = await self._connect(access.admin_url, name="spacectl", timeout_s=timeout_s)
        if access.system_url is not None:
            self._system = await self._connect(access.system_url, name="spacectl", timeout_s=timeout_s)
        self._access = access

    @property
    def connected(self) -> bool:
        """Whether the server is there right now."""
        return self._admin is not None and self._admin.is_connected

    @property
    def returns(self) -> int:
        """How often the server came back since it was connected to; what it kept in memory is gone then."""
        return 0 if self._admin is None else self._admin.stats["reconnects"]

    async def close(self) -> None:
        """Disconnect; does nothing where there is no connection."""
        clients = (self._admin, self._system)
        self._admin = self._system = None
        for client in clients:
            if client is not None:
                await client.close()

    async def provision(self, plan: BusPlan) -> tuple[BusChange, ...]:
        """Bring streams and consumers to what the manifests ask for; a second call with the same plan changes nothing.

        Returns:
            What was done, and what was left as it is although the manifests say otherwise.

        Raises:
            MachineError: the bus has no JetStream, allows too little, has no room, or holds what belongs to others.
        """
        js = (await self._alive(self._admin, "admin_url")).jsm(timeout=_REQUEST_S)
        async with _told():
            steps = provision_steps(plan, await _found(js, plan.system))
            return tuple([await _perform(js, plan.system, step) for step in steps])

    async def reload(self) -> None:
        """Have our own server read its configuration anew; it does what it says once this returns.

        Raises:
            MachineError: the bus does not answer, or refuses the configuration.
        """
        client = await self._alive(self._system, "system_url")
        async with _told():
            server = json.loads((await client.request(_PING, timeout=_REQUEST_S)).data)["server"]["id"]
            reply = json.loads((await client.request(f"$SYS.REQ.SERVER.{server}.RELOAD", timeout=_REQUEST_S)).data)
        if "error" in reply:
            raise MachineError(
                f"the bus refuses its new configuration: {reply['error'].get('description', reply['error'])}"
            )

    async def connections(self) -> tuple[BusConnection, ...] | None:
        """Everyone connected to the bus; None where the server is not ours, so that nobody may ask.

        Raises:
            MachineError: the bus does not answer.
        """
        if self._access is None or self._access.system_url is None:
            return None
        client = await self._alive(self._system, "system_url")
        found: list[dict[str, Any]] = []
        async with _told():
            while True:
                page = await _connz(client, offset=len(found))
                found += page["connections"]
                if len(found) >= page["total"] or not page["connections"]:
                    return tuple(_connection(each) for each in found if each.get("kind") == "Client")

    async def _alive(self, client: Client | None, which: str) -> Client:
        if self._access is None or client is None:
            raise MachineError("the bus is not connected")
        if client.is_closed:  # the client gives up for good when a login is refused, as under great load it may be
            client = await self._connect(getattr(self._access, which), name="spacectl", timeout_s=_REQUEST_S)
            if which == "admin_url":
                self._admin = client
            else:
                self._system = client
        return client


async def _found(js: JetStreamManager, system: str) -> list[FoundStream]:
    await js.account_info()  # says clearly when there is no JetStream
    streams: list[api.StreamInfo] = []
    while page := await js.streams_info(offset=len(streams)):
        streams += page
    return [await _found_stream(js, stream, system) for stream in streams]


async def _found_stream(js: JetStreamManager, info: api.StreamInfo, system: str) -> FoundStream:
    config = info.config
    owner = (config.metadata or {}).get(OWNER_KEY)
    spec = StreamSpec(
        name=config.name or "",
        subjects=tuple(sorted(config.subjects or ())),
        storage="memory" if config.storage == "memory" else "file",
        max_age_s=config.max_age or 0.0,
        max_bytes=max(0, config.max_bytes or 0),
        duplicate_window_s=config.duplicate_window,
    )
    # Somebody else's consumers are looked at only on a stream that ours may have to share.
    consumers = await _found_consumers(js, spec.name) if owner in (system, None) else ()
    return FoundStream(spec, owner, info.state.messages, info.state.bytes, consumers)


async def _found_consumers(js: JetStreamManager, stream: str) -> tuple[FoundConsumer, ...]:
    infos: list[api.ConsumerInfo] = []
    while page := await js.consumers_info(stream, offset=len(infos)):
        infos += page
    return tuple(_found_consumer(info) for info in infos if info.config.durable_name)


def _found_consumer(info: api.ConsumerInfo) -> FoundConsumer:
    config = info.config
    filters = config.filter_subjects or ([config.filter_subject] if config.filter_subject else [])
    spec = ConsumerSpec(
        stream=info.stream_name,
        name=info.name,
        subjects=tuple(sorted(filters)),
        start="new" if config.deliver_policy == "new" else "all",
        ack_wait_s=config.ack_wait or 0.0,
        max_deliver=config.max_deliver or 0,
        max_in_flight=config.max_ack_pending or 0,
    )
    owed = (info.num_pending or 0) + (info.num_ack_pending or 0)
    return FoundConsumer(spec, (config.metadata or {}).get(OWNER_KEY), owed)


async def _perform(js: JetStreamManager, system: str, step: Step) -> BusChange:
    match step:
        case Make(spec=spec):
            try:
                await _put(js, system, spec, new=True)
            except nats.js.errors.APIError as error:
                if error.err_code != _OVERLAP or spec.name != letters_stream(system):
                    raise
                taken = "another stream takes what the bus tells of dead letters: spacectl cannot list them"
                return BusChange("kept", f"stream {spec.name}", taken)
        case Change(spec=spec):
            await _put(js, system, spec, new=False)
        case Remove(spec=spec):
            await _remove(js, spec)
        case Leave():
            pass
        case _:
            assert_never(step)
    return result(step)


async def _put(js: JetStreamManager, system: str, spec: StreamSpec | ConsumerSpec, *, new: bool) -> None:
    if isinstance(spec, ConsumerSpec):
        await js.add_consumer(spec.stream, _consumer_config(spec, system))
    elif new:
        await js.add_stream(_stream_config(spec, system))
    else:
        await js.update_stream(_stream_config(spec, system))


async def _remove(js: JetStreamManager, spec: StreamSpec | ConsumerSpec) -> None:
    if isinstance(spec, ConsumerSpec):
        await js.delete_consumer(spec.stream, spec.name)
    else:
        await js.delete_stream(spec.name)


def _stream_config(spec: StreamSpec, system: str) -> api.StreamConfig:
    return api.StreamConfig(
        name=spec.name,
        subjects=list(spec.subjects),
        storage=api.StorageType(spec.storage),
        retention=api.RetentionPolicy.LIMITS,
        discard=api.DiscardPolicy.OLD,
        max_age=spec.max_age_s,
        max_bytes=spec.max_bytes or -1,
        duplicate_window=spec.duplicate_window_s,
        num_replicas=1,
        metadata={OWNER_KEY: system},
    )


def _consumer_config(spec: ConsumerSpec, system: str) -> api.ConsumerConfig:
    return api.ConsumerConfig(
        durable_name=spec.name,
        name=spec.name,
        filter_subjects=list(spec.subjects),
        deliver_policy=api.DeliverPolicy(spec.start),
        ack_policy=api.AckPolicy.EXPLICIT,
        ack_wait=spec.ack_wait_s,
        max_deliver=spec.max_deliver,
        max_ack_pending=spec.max_in_flight,
        metadata={OWNER_KEY: system},
    )


async def _connz(client: Client, *, offset: int) -> dict[str, Any]:
    body = json.dumps({"auth": True, "offset": offset, "limit": _PAGE}).encode()
    reply = json.loads((await client.request(_CONNZ, body, timeout=_REQUEST_S)).data)
    if "error" in reply:
        raise MachineError(
            f"the bus does not list its connections: {reply['error'].get('description', reply['error'])}"
        )
    page: dict[str, Any] = reply["data"]
    return {**page, "connections": page.get("connections") or []}


def _connection(entry: dict[str, Any]) -> BusConnection:
    return BusConnection(
        user=entry.get("authorized_user", ""),
        host=entry.get("ip", ""),
        port=entry.get("port", 0),
        name=entry.get("name", ""),
        number=entry["cid"],
        subscriptions=entry.get("subscriptions", 0),
        sent=entry.get("in_msgs", 0),
        received=entry.get("out_msgs", 0),
        pending_bytes=entry.get("pending_bytes", 0),
    )


@asynccontextmanager
async def _told() -> AsyncIterator[None]:
    """Turns what the client raises into an error that says what to do."""
    try:
        yield
    except nats.js.errors.APIError as error:
        raise _explained(error) from error
    except (nats.errors.Error, TimeoutError) as error:
        hint = "it may be down, or the user in [bus] url may not manage JetStream ($JS.API.>)"
        raise MachineError(f"the bus does not answer: {error}", hint=hint) from error


def _explained(error: nats.js.errors.APIError) -> MachineError:
    said = error.description or "it does not say why"
    if isinstance(error, nats.js.errors.ServiceUnavailableError):
        hint = "run nats-server with -js, or give the account of [bus] url JetStream"
        return MachineError("the bus has no JetStream for this account", hint=hint)
    if error.err_code == _NO_ROOM:
        hint = "raise max_store under [bus] in system.toml, or lower max_bytes under [events.retention]"
        return MachineError(f"the streams do not fit into the store of the bus: {said}", hint=hint)
    if error.err_code == _OVERLAP:
        hint = "another stream of the server holds the same subjects: use another account in [bus] url"
        return MachineError(f"the bus refuses a stream: {said}", hint=hint)
    return MachineError(f"the bus refuses: {said}")
