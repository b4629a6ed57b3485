"""Reads the list of dead letters, which the bus itself keeps, and takes letters off it.

The bus tells of every message that a subscriber gets no more, and a stream of its own keeps what it tells, so that
nothing is missed while nobody of spacectl runs. The messages themselves stay where they are: in the stream of their
publisher.

Advisories: https://github.com/nats-io/jsm.go/tree/main/schema_source/jetstream/advisory/v1
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import nats.errors
from pydantic_core import from_json

from spacectl.errors import MachineError
from spacectl.model.bus import letters_stream
from spacectl.model.letters import Letter

if TYPE_CHECKING:
    from nats.aio.client import Client

_REQUEST_S = 5.0
_FEW = 16
_MOST_AT_ONCE = 500
_HEADER_LINE = "NATS/1.0"


@dataclass(frozen=True, slots=True)
class Kept:
    """A message as a stream keeps it."""

    subject: str
    time: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


class LetterBox:
    """The dead letters of one system. It remembers those it has read.

    Args:
        client: a connection among the spaces that may manage JetStream.
        system: name of the system.

    Attributes:
        recorded: whether the bus keeps such a list, as far as was looked.
    """

    def __init__(self, client: Client, system: str) -> None:
        self._client = client
        self._stream = letters_stream(system)
        self._known: dict[int, Letter] = {}
        self._seen: tuple[object, ...] = ()
        self.recorded = True
        self._few = asyncio.Semaphore(_FEW)

    async def letters(self, *, at_most: int | None = None) -> tuple[Letter, ...]:
        """Every letter on the list, oldest first.

        Args:
            at_most: how many that are new to read now; the others come with a later call. None reads all.

        Raises:
            MachineError: the bus does not answer.
        """
        info = await self._ask(f"$JS.API.STREAM.INFO.{self._stream}", {"deleted_details": True})
        self.recorded = "error" not in info
        state = info.get("state") or {"messages": 0, "first_seq": 1, "last_seq": 0}
        seen = (info.get("created"), state["messages"], state["first_seq"], state["last_seq"])
        if seen == self._seen:
            return self._unique()
        ids = set(range(state["first_seq"], state["last_seq"] + 1) if state["messages"] else ()).difference(
            state.get("deleted") or ()
        )
        if self._seen and self._seen[0] != info.get("created"):
            self._known.clear()
        self._known = {number: letter for number, letter in self._known.items() if number in ids}
        missing = sorted(ids - self._known.keys())
        for begin in range(0, len(missing[:at_most]), _MOST_AT_ONCE):
            part = missing[:at_most][begin : begin + _MOST_AT_ONCE]
            for letter in await asyncio.gather(*(self._read(number) for number in part)):
                if letter is not None:
                    self._known[letter.id] = letter
        self._seen = seen if len(missing[:at_most]) == len(missing) else ()
        return self._unique()

    async def counts(self, *, at_most: int) -> Mapping[tuple[str, str, str], int]:
        """How many letters there are of each stream, consumer and subject."""
        letters = await self.letters(at_most=at_most)
        return Counter((letter.source, letter.target, letter.via or "") for letter in letters)

    async def content(self, letter: Letter) -> Kept | None:
        """The message itself; None when its stream does not keep it any more."""
        return await self._kept(letter.source, letter.sequence)

    async def drop(self, letters: Iterable[Letter]) -> None:
        """Take letters off the list; their messages stay where they are.

        Raises:
            MachineError: the bus does not answer, or refuses.
        """
        dropped = {(letter.source, letter.target, letter.sequence) for letter in letters}
        for number, letter in self._known.items():
            if (letter.source, letter.target, letter.sequence) in dropped:
                answer = await self._ask(f"$JS.API.STREAM.MSG.DELETE.{self._stream}", {"seq": number, "no_erase": True})
                if "error" in answer and answer["error"].get("err_code") != _NO_MESSAGE:
                    raise MachineError(f"the bus does not drop letter {number}: {answer['error'].get('description')}")

    def _unique(self) -> tuple[Letter, ...]:
        """One letter for each message and subscriber: a bus that was started anew may tell of one again."""
        latest = {(each.source, each.target, each.sequence): each for _, each in sorted(self._known.items())}
        return tuple(sorted(latest.values(), key=lambda letter: letter.id))

    async def _read(self, number: int) -> Letter | None:
        kept = await self._kept(self._stream, number)
        if kept is None:
            return None
        told = from_json(kept.body)
        of = await self._kept(told["stream"], told["stream_seq"])
        return Letter(
            id=number,
            source=told["stream"],
            target=told["consumer"],
            via=None if of is None else of.subject,
            sequence=told["stream_seq"],
            deliveries=told["deliveries"],
            time=told["timestamp"],
            cause="terminated" if told["type"].endswith(".terminated") else "max_deliver",
            reason=told.get("reason"),
        )

    async def _kept(self, stream: str, sequence: int) -> Kept | None:
        answer = await self._ask(f"$JS.API.STREAM.MSG.GET.{stream}", {"seq": sequence})
        message = answer.get("message")
        if message is None:
            return None
        headers = base64.b64decode(message.get("hdrs") or "").decode(errors="replace")
        body = base64.b64decode(message.get("data") or "")
        return Kept(message["subject"], message["time"], tuple(_pairs(headers)), body)

    async def _ask(self, subject: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            async with self._few:
                answer = await self._client.request(subject, json.dumps(body).encode(), timeout=_REQUEST_S)
        except (nats.errors.Error, TimeoutError) as error:
            raise MachineError(f"the bus does not answer {subject}: {error}") from error
        decoded: Mapping[str, Any] = from_json(answer.data)
        return decoded


_NO_MESSAGE = 10037  # https://github.com/nats-io/nats-server/blob/main/server/errors.json


def _pairs(headers: str) -> Iterable[tuple[str, str]]:
    for line in headers.split("\r\n"):
        name, colon, value = line.partition(":")
        if colon and not line.startswith(_HEADER_LINE):
            yield name.strip(), value.strip()
