"""Delivers messages again to one durable pull consumer, and to no other.

The copies stand in a stream of their own, under their original subjects, with a consumer that is named like the
subscriber's. When the subscriber asks its own consumer for messages, the same request is passed on to that of the
copies: they come to where the subscriber waits anyway, with the original subject, headers and body, and its
acknowledgements go back to the copies. The subscriber's program needs to know nothing.

Requests and acknowledgements: https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-15.md
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import nats.errors

from spacectl.errors import MachineError, UsageError
from spacectl.model.bus import OWNER_KEY, REPLAY_SUBJECT, USE_KEY, replay_stream

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.aio.subscription import Subscription

_REQUEST_S = 5.0
_LINGER_NS = 1_000_000_000
"""How long a request that is passed on waits for a copy; they are there already, save those that come again."""

_LOOK_S = 0.2
_GRACE_S = 30.0
_UNTIL_KEY = "spacectl.until"
_NAME_IN_USE = 10058  # https://github.com/nats-io/nats-server/blob/main/server/errors.json
_FOR_THE_STREAM = ("nats-expected-", "nats-rollup", "nats-ttl", "nats-batch-", "nats-schedule", "nats-incr")
"""Headers that tell the stream what to do with the message, and say nothing to who reads it."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A message that is to be delivered again."""

    number: int
    subject: str
    headers: Sequence[tuple[str, str]]
    body: bytes


@dataclass(frozen=True, slots=True)
class Settled:
    """How a copy ended: acknowledged, or given up again with the reason."""

    number: int
    acknowledged: bool
    detail: str = ""


@dataclass(slots=True)
class _Owed:
    """A copy that is not settled. `out_at` is when it was last asked for; None when it may be asked for."""

    copy: Copy
    out_at: float | None = None
    refusals: int = 0


async def replay(
    client: Client, *, system: str, stream: str, consumer: str, copies: Sequence[Copy], timeout_s: float
) -> AsyncGenerator[Settled, None]:
    """Deliver copies; those that are not settled when nothing happened for so long are left out.

    Raises:
        UsageError: they are being replayed already.
        MachineError: the bus does not answer, or has no such consumer.
    """
    async with _replay(client, system, stream, consumer, timeout_s) as run:
        await run.offer(copies)
        async for settled in run.settle(timeout_s):
            yield settled


@asynccontextmanager
async def _replay(client: Client, system: str, stream: str, consumer: str, timeout_s: float) -> AsyncIterator[_Replay]:
    config = (await _ask(client, f"$JS.API.CONSUMER.INFO.{stream}.{consumer}", {}))["config"]
    run = _Replay(client, stream, consumer, config)
    await run.prepare(system, timeout_s)
    try:
        yield run
    finally:
        await run.end()


class _Replay:
    def __init__(self, client: Client, stream: str, consumer: str, config: Mapping[str, Any]) -> None:
        self._client = client
        self._stream = stream
        self._consumer = consumer
        self._copies = replay_stream(stream, consumer)
        self._ack_wait_s = config["ack_wait"] / 1e9
        self._tries = config.get("max_deliver", -1)
        self._config = config
        self._owed: dict[int, _Owed] = {}
        self._heard: asyncio.Queue[Msg] = asyncio.Queue()
        self._listening: list[Subscription] = []
        self._asked_at = 0.0

    async def prepare(self, system: str, timeout_s: float) -> None:
        """Make the stream of the copies and its consumer, and listen."""
        until = time.time() + timeout_s + _GRACE_S
        metadata = {OWNER_KEY: system, USE_KEY: "replay", _UNTIL_KEY: str(until)}
        source = f"{REPLAY_SUBJECT}{self._stream}.{self._consumer}.>"
        wanted = {
            "name": self._copies,
            "subjects": [source],
            "subject_transform": {"src": source, "dest": ">"},
            "storage": "memory",
            "metadata": metadata,
        }
        await self._forget_former()
        await _ask(self._client, f"$JS.API.STREAM.CREATE.{self._copies}", wanted)
        own = {
            "name": self._consumer,
            "durable_name": self._consumer,
            "ack_policy": "explicit",
            "ack_wait": self._config["ack_wait"],
            "metadata": metadata,
        }
        await _ask(
            self._client,
            f"$JS.API.CONSUMER.DURABLE.CREATE.{self._copies}.{self._consumer}",
            {"stream_name": self._copies, "config": own},
        )
        for subject in (f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._consumer}", f"{self._acks}>"):
            self._listening.append(await self._client.subscribe(subject, cb=self._heard.put))
        await self._client.flush()

    @property
    def _acks(self) -> str:
        return f"$JS.ACK.{self._copies}.{self._consumer}."

    async def offer(self, copies: Iterable[Copy]) -> None:
        """Store the copies."""
        for copy in copies:
            subject = f"{REPLAY_SUBJECT}{self._stream}.{self._consumer}.{copy.subject}"
            stored = await _ask(self._client, subject, copy.body, _Headers(copy.headers))
            if not stored.get("duplicate"):
                self._owed[stored["seq"]] = _Owed(copy)

    async def settle(self, timeout_s: float) -> AsyncIterator[Settled]:
        """Pass requests on until every copy is settled, or nothing happened for so long."""
        last = time.monotonic()
        while self._owed and time.monotonic() - last < timeout_s:
            try:
                heard = await asyncio.wait_for(self._heard.get(), _LOOK_S)
            except TimeoutError:
                continue
            if not heard.subject.startswith(self._acks):
                await self._pass_on(heard)
            elif (settled := self._take(heard)) is not None:
                last = time.monotonic()
                if not settled.acknowledged:
                    await self._withdraw(heard)
                yield settled

    async def end(self) -> None:
        """Remove the copies. A request that still waits for one would be told, so it is let go first."""
        left = self._asked_at + _LINGER_NS / 1e9 + _LOOK_S - time.monotonic()
        if self._owed and left > 0:
            await asyncio.sleep(left)
        for subscription in self._listening:
            await subscription.unsubscribe()
        await _ask(self._client, f"$JS.API.STREAM.DELETE.{self._copies}", {})

    async def _pass_on(self, request: Msg) -> None:
        now = time.monotonic()
        free = [each for each in self._owed.values() if each.out_at is None or now - each.out_at > self._ack_wait_s]
        if not free or not request.reply:
            return
        chosen = free[: _batch(request.data)]
        body = {"batch": len(chosen), "expires": _LINGER_NS}
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self._copies}.{self._consumer}"
        await self._client.publish(subject, json.dumps(body).encode(), reply=request.reply)
        self._asked_at = now
        for each in chosen:
            each.out_at = now

    def _take(self, answer: Msg) -> Settled | None:
        """What an acknowledgement says: `$JS.ACK.STREAM.CONSUMER.DELIVERIES.SEQUENCE.…`."""
        sequence = self._sequence(answer)
        owed = self._owed.get(sequence)
        word, _, said = answer.data.decode(errors="replace").partition(" ")
        if owed is None or word == "+WPI":
            return None
        if word == "-NAK":
            owed.refusals += 1
            owed.out_at = None
            if not 0 < self._tries <= owed.refusals:
                return None
        del self._owed[sequence]
        if word == "-NAK":
            return Settled(owed.copy.number, acknowledged=False, detail=f"refused {owed.refusals} times")
        if word == "+TERM":
            return Settled(owed.copy.number, acknowledged=False, detail=f"terminated: {said}" if said else "terminated")
        return Settled(owed.copy.number, acknowledged=True)

    def _sequence(self, answer: Msg) -> int:
        return int(answer.subject[len(self._acks) :].split(".")[1])

    async def _withdraw(self, answer: Msg) -> None:
        """Take a copy out that was refused once too often: it would be the next to come, again and again."""
        body = {"seq": self._sequence(answer), "no_erase": True}
        await _ask(self._client, f"$JS.API.STREAM.MSG.DELETE.{self._copies}", body)

    async def _forget_former(self) -> None:
        """Remove what a replay that was killed left behind."""
        info = await _request(self._client, f"$JS.API.STREAM.INFO.{self._copies}", b"{}", None)
        if "config" not in info:
            return
        until = float((info["config"].get("metadata") or {}).get(_UNTIL_KEY, "0"))
        if time.time() < until:
            raise UsageError(
                f"letters from {self._stream} to {self._consumer} are being replayed already",
                hint="wait until that command ends, or up to its --timeout where it was killed",
            )
        await _ask(self._client, f"$JS.API.STREAM.DELETE.{self._copies}", {})


class _Headers:
    """Headers as the client writes them, of which it needs no more than their pairs; a name may come twice."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._pairs = [pair for pair in pairs if not pair[0].lower().startswith(_FOR_THE_STREAM)]

    def items(self) -> list[tuple[str, str]]:
        return self._pairs


def _batch(request: bytes) -> int:
    """How many messages a request asks for: JSON, or a bare number, or one when it says nothing."""
    try:
        asked = json.loads(request or b"1")
    except ValueError:
        return 1
    return max(1, int(asked.get("batch", 1) if isinstance(asked, dict) else asked))


async def _ask(
    client: Client, subject: str, body: Mapping[str, Any] | bytes, headers: _Headers | None = None
) -> Mapping[str, Any]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = await _request(client, subject, raw, headers)
    if "error" in answer:
        raise MachineError(f"the bus refuses the replay: {answer['error'].get('description', answer['error'])}")
    return answer


async def _request(client: Client, subject: str, body: bytes, headers: _Headers | None) -> Mapping[str, Any]:
    try:
        given = cast("dict[str, Any] | None", headers)
        answer = await client.request(subject, body, timeout=_REQUEST_S, headers=given)
    except (nats.errors.Error, TimeoutError) as error:
        raise MachineError(f"the bus does not answer {subject}: {error}") from error
    decoded: Mapping[str, Any] = json.loads(answer.data)
    return decoded
