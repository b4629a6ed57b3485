"""Reads the counters of the bus: a few requests, however many messages it carries.

On the embedded server the system account tells all streams and consumers in one answer. On another one the same is
asked of JetStream itself, stream by stream, as far as the account allows.

Requests: https://docs.nats.io/running-a-nats-service/nats_admin/monitoring and
https://docs.nats.io/reference/reference-protocols/nats_api_reference
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import nats.errors
from pydantic_core import from_json

from spacectl.errors import MachineError
from spacectl.model.bus import USE_KEY
from spacectl.model.flow_readings import BusReading, ClientTotals, ConsumerKey, ConsumerReading, Declared, StreamReading

if TYPE_CHECKING:
    from nats.aio.client import Client

_Json = Mapping[str, Any]

_REQUEST_S = 2.0
_PAGE = 1024
_CONNZ = "$SYS.REQ.SERVER.PING.CONNZ"
_JSZ = "$SYS.REQ.SERVER.PING.JSZ"
_VARZ = "$SYS.REQ.SERVER.PING.VARZ"
_FEW = 64
"""Requests under way at once: enough that the server is never idle, few enough that none waits long."""

_NO_CLIENTS = "connections, slow consumers and stalls: only the system account of the bus tells them"


class NatsFlow:
    """Reads the counters of one bus, again and again.

    Args:
        admin: a connection among the spaces.
        system: one in the system account; None where the server is not ours.
    """

    def __init__(self, admin: Client, system: Client | None) -> None:
        self._admin = admin
        self._system = system
        self._counted: dict[str, tuple[str, int]] = {}
        self._subjects: dict[str, frozenset[str]] = {}
        self._filters: dict[ConsumerKey, tuple[str, tuple[str, ...]]] = {}
        self._few = asyncio.Semaphore(_FEW)

    async def read(self, declared: Declared, at: float) -> BusReading:
        """The counters now.

        Args:
            declared: the streams and consumers to look at.
            at: the monotonic clock in seconds.

        Raises:
            MachineError: the bus is not there, or does not answer.
        """
        if self._system is None:
            return await self._read_account(declared, at)
        jsz, varz, connz = await asyncio.gather(
            self._ask(self._system, _JSZ, {"streams": True, "consumer": True}),
            self._ask(self._system, _VARZ, {}),
            self._connections(self._system),
        )
        found = [
            stream
            for account in jsz["data"].get("account_details") or ()
            for stream in account.get("stream_detail") or ()
            if stream["name"] in declared.publishes
        ]
        pairs = [(stream, stream.get("consumer_detail") or ()) for stream in found]
        streams = await self._streams(pairs, declared, jsz["data"]["now"])
        return BusReading(
            at=at,
            streams=streams,
            filters=await self._found_filters(pairs, declared),
            clients=_clients(connz),
            slow_consumers=varz["data"].get("slow_consumers"),
            stalled=varz["data"].get("stalled_clients"),
        )

    async def _read_account(self, declared: Declared, at: float) -> BusReading:
        """What an account that is not ours lets anyone see who may manage JetStream in it."""
        listed = await asyncio.gather(*(self._consumers(name) for name in declared.publishes))
        infos = await asyncio.gather(*(self._stream_info(name) for name in declared.publishes))
        pairs = [
            ({**info, "name": info["config"]["name"]}, consumers)
            for info, consumers in zip(infos, listed, strict=True)
            if "error" not in info
        ]
        streams = {
            info["name"]: _stream(
                info, consumers, info["ts"], _whole(info, declared.publishes[info["name"]]), _reached(consumers)
            )
            for info, consumers in pairs
        }
        return BusReading(
            at=at,
            streams=streams,
            filters=await self._found_filters(pairs, declared),
            unseen=(_NO_CLIENTS,),
        )

    async def _streams(
        self, pairs: Iterable[tuple[_Json, Iterable[_Json]]], declared: Declared, now: str
    ) -> dict[str, StreamReading]:
        return dict(
            await asyncio.gather(*(self._counted_stream(each, consumers, declared, now) for each, consumers in pairs))
        )

    async def _counted_stream(
        self, entry: _Json, consumers: Iterable[_Json], declared: Declared, now: str
    ) -> tuple[str, StreamReading]:
        """A stream with the counts of its subjects, where these can be others than at the last look."""
        name, state = entry["name"], entry["state"]
        seen_seq = state["last_seq"]
        if self._counted.get(name) == (entry["created"], seen_seq):
            return name, _stream(entry, consumers, now, None, seen_seq)
        subjects = declared.publishes[name]
        if len(subjects) == 1 and self._subjects.get(name) == frozenset(subjects):
            kept, info = {subjects[0]: state["messages"]}, entry
        else:
            info = await self._stream_info(name)
            kept = {} if "error" in info else _whole(info, subjects)
            if "error" in info or sum(kept.values()) < info["state"]["messages"]:
                # Deleted just now, or messages went while they were counted: the next look will tell.
                return name, _stream(entry, consumers, now, None, seen_seq)
            self._subjects[name] = frozenset(kept)
        newer = {**entry, "state": info["state"], "created": info["created"]}
        reading = _stream(newer, consumers, now, kept, seen_seq)
        self._counted[name] = (reading.created, reading.last_seq)
        return name, reading

    async def _stream_info(self, name: str) -> _Json:
        return await self._ask(self._admin, f"$JS.API.STREAM.INFO.{name}", {"subjects_filter": ">"})

    async def _consumers(self, stream: str) -> list[_Json]:
        found: list[_Json] = []
        while True:
            page = await self._ask(self._admin, f"$JS.API.CONSUMER.LIST.{stream}", {"offset": len(found)})
            found += page.get("consumers") or ()
            if not page.get("consumers") or len(found) >= page["total"]:
                return found

    async def _found_filters(
        self, pairs: Iterable[tuple[_Json, Iterable[_Json]]], declared: Declared
    ) -> dict[ConsumerKey, tuple[str, ...]]:
        """What the consumers that no manifest declares are given; each is asked once."""
        unknown = {
            (stream["name"], each["name"]): each["created"]
            for stream, consumers in pairs
            for each in consumers
            if (stream["name"], each["name"]) not in declared.subscribes
        }
        known = {key: each for key, each in self._filters.items() if unknown.get(key) == each[0]}
        new = [key for key in unknown if key not in known]
        answers = await asyncio.gather(
            *(self._ask(self._admin, f"$JS.API.CONSUMER.INFO.{stream}.{name}", {}) for stream, name in new)
        )
        known.update({key: (unknown[key], _filters(answer)) for key, answer in zip(new, answers, strict=True)})
        self._filters = known
        return {key: filters for key, (_, filters) in known.items() if filters}

    async def _connections(self, client: Client) -> list[_Json]:
        found: list[_Json] = []
        while True:
            page = (await self._ask(client, _CONNZ, {"auth": True, "offset": len(found), "limit": _PAGE}))["data"]
            found += page.get("connections") or ()
            if not page.get("connections") or len(found) >= page["total"]:
                return found

    async def _ask(self, client: Client, subject: str, body: _Json) -> _Json:
        if not client.is_connected:
            raise MachineError("the bus is not there")
        try:
            async with self._few:
                answer = await client.request(subject, json.dumps(body).encode(), timeout=_REQUEST_S)
        except (nats.errors.Error, TimeoutError) as error:
            raise MachineError(f"the bus does not answer {subject}: {error}") from error
        decoded: _Json = from_json(answer.data)
        if subject.startswith("$SYS.") and "data" not in decoded:
            raise MachineError(f"the bus refuses {subject}: {decoded.get('error')}")
        return decoded


def _whole(info: _Json, declared: Iterable[str]) -> dict[str, int]:
    """How many a stream keeps of each subject, of those too that it keeps none of."""
    return dict.fromkeys(declared, 0) | dict(info["state"].get("subjects") or {})


def _reached(consumers: Iterable[_Json]) -> int:
    """A message that a stream had when these were read, the newest that is known of."""
    return max((each["delivered"]["stream_seq"] for each in consumers), default=0)


def _stream(
    entry: _Json, consumers: Iterable[_Json], now: str, kept: Mapping[str, int] | None, seen_seq: int
) -> StreamReading:
    state = entry["state"]
    # The subjects are counted a moment after the rest, and what came meanwhile is among them.
    late = 0 if kept is None else sum(kept.values()) - state["messages"]
    return StreamReading(
        created=entry["created"],
        first_seq=state["first_seq"] if state["messages"] else state["last_seq"] + 1,
        last_seq=state["last_seq"] + late,
        seen_seq=seen_seq,
        messages=state["messages"],
        bytes=state["bytes"],
        first_time=state["first_ts"] if state["messages"] else now,
        last_time=state["last_ts"] if state["messages"] else now,
        read_time=now,
        kept=kept,
        consumers={each["name"]: _consumer(each) for each in consumers},
    )


def _consumer(entry: _Json) -> ConsumerReading:
    delivered = entry["delivered"]
    return ConsumerReading(
        created=entry["created"],
        deliveries=delivered["consumer_seq"],
        delivered_seq=delivered["stream_seq"],
        acked_seq=entry["ack_floor"]["stream_seq"],
        pending=entry["num_pending"],
        in_flight=entry["num_ack_pending"],
        waiting=entry["num_waiting"],
    )


def _filters(answer: _Json) -> tuple[str, ...]:
    """What a durable consumer is given; nothing for one that only looks, such as that of a tap."""
    config = answer.get("config") or {}
    if not config.get("durable_name") or USE_KEY in (config.get("metadata") or {}):
        return ()
    return tuple(config.get("filter_subjects") or [config.get("filter_subject") or ">"])


def _clients(connections: Iterable[_Json]) -> dict[str, ClientTotals]:
    each: defaultdict[str, list[_Json]] = defaultdict(list)
    for entry in connections:
        each[entry.get("authorized_user", "")].append(entry)
    return {
        user: ClientTotals(
            connections=len(entries),
            sent=sum(entry.get("in_msgs", 0) for entry in entries),
            received=sum(entry.get("out_msgs", 0) for entry in entries),
            pending_bytes=sum(entry.get("pending_bytes", 0) for entry in entries),
            stalls=sum(entry.get("stalls", 0) for entry in entries),
        )
        for user, entries in each.items()
    }
