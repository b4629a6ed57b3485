"""Dead letters on a real server: listed, shown, delivered again to one subscriber only, and forgotten."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from nats.aio.client import Client

from spacectl.adapters.nats.client import connected, declared_subjects
from spacectl.adapters.nats.letters import LetterBox
from spacectl.adapters.nats.replay import Copy, Settled, replay
from spacectl.errors import UsageError
from spacectl.model.bus import replay_stream
from spacectl.model.letters import Letter

DEADLINE_S = 20.0
SHOP = {
    "orders": {"publishes": ["orders.placed", "orders.cancelled"]},
    "payments": {
        "subscribes": ["orders.placed", "orders.cancelled"],
        "delivery": {"max_deliver": 2, "ack_wait": "500ms"},
    },
    "catalog": {"subscribes": ["orders.placed"]},
}
HEADERS = {"Nats-Msg-Id": "e1", "ce-id": "e1", "ce-type": "orders.placed", "X-Note": "as it was"}


@asynccontextmanager
async def admin(bus: Any) -> AsyncIterator[Client]:
    async with connected(bus.access.admin_url, name="test", timeout_s=DEADLINE_S) as client:
        yield client


async def eventually(fact: Callable[[], Any], what: str) -> Any:
    end = time.monotonic() + DEADLINE_S
    while not (value := await fact()):
        assert time.monotonic() < end, what
        await asyncio.sleep(0.02)
    return value


class Subscriber:
    """A space that pulls as spaces do, and does with each message what it is told."""

    def __init__(self, pull: Any, answer: Callable[[Any], Any]) -> None:
        self.pull = pull
        self.answer = answer
        self.got: list[Any] = []
        self.leaving = False

    async def run(self, batch: int = 1) -> None:
        while not self.leaving:
            with contextlib.suppress(TimeoutError):
                for message in await self.pull.fetch(batch, timeout=0.5):
                    self.got.append(message)
                    await self.answer(message)


@asynccontextmanager
async def subscriber(bus: Any, name: str, answer: Callable[[Any], Any], *, batch: int = 1) -> AsyncIterator[Subscriber]:
    async with bus.client(name) as client:
        pull = await client.jetstream().pull_subscribe_bind(
            name, stream="orders", inbox_prefix=f"_INBOX.{name}.".encode()
        )
        space = Subscriber(pull, answer)
        task = asyncio.ensure_future(space.run(batch))
        try:
            yield space
            assert client.refused == []  # type: ignore[attr-defined]
        finally:
            space.leaving = True  # the client may swallow a cancellation
            await task


async def publish(client: Client, subject: str, body: bytes, headers: dict[str, str] | None = None) -> None:
    await client.jetstream().publish(subject, body, headers=headers)


async def dead(bus: Any, client: Client, count: int = 1) -> Sequence[Letter]:
    """Publish so many orders that payments never gets done with, until they are on the list."""
    for number in range(count):
        await publish(client, "orders.placed", f"{number}".encode(), HEADERS | {"Nats-Msg-Id": f"e{number}"})
    box = LetterBox(client, "shop")

    async def listed() -> Sequence[Letter] | None:
        letters = await box.letters()
        return letters if len(letters) == count else None

    async with subscriber(bus, "payments", lambda message: message.nak(), batch=5):
        found: Sequence[Letter] = await eventually(listed, "every letter is listed")
    return found


async def again(client: Client, letters: Sequence[Letter], *, timeout_s: float = DEADLINE_S) -> list[Settled]:
    box = LetterBox(client, "shop")
    copies = []
    for letter in letters:
        kept = await box.content(letter)
        assert kept is not None
        copies.append(Copy(letter.id, kept.subject, kept.headers, kept.body))
    run = replay(client, system="shop", stream="orders", consumer="payments", copies=copies, timeout_s=timeout_s)
    return [settled async for settled in run]


async def streams(client: Client) -> set[str | None]:
    return {info.config.name for info in await client.jsm().streams_info()}


def test_what_a_subscriber_gave_up_is_listed_with_its_cause(start_bus: Callable[..., Any]) -> None:
    bus = start_bus(SHOP)

    async def run() -> None:
        await bus.provision()
        async with admin(bus) as client:
            await dead(bus, client)
            await publish(client, "orders.cancelled", b"{}")
            box = LetterBox(client, "shop")

            async def both() -> Any:
                letters = await box.letters()
                return letters if len(letters) == 2 else None

            async with subscriber(bus, "payments", lambda message: message.term()):
                letters = await eventually(both, "two letters")
            told = [(x.source, x.target, x.via, x.sequence, x.deliveries, x.cause) for x in letters]
            assert told == [
                ("orders", "payments", "orders.placed", 1, 2, "max_deliver"),
                ("orders", "payments", "orders.cancelled", 2, 1, "terminated"),
            ]
            assert await box.counts(at_most=9) == {
                ("orders", "payments", "orders.placed"): 1,
                ("orders", "payments", "orders.cancelled"): 1,
            }
            kept = await box.content(letters[0])
            assert kept is not None
            assert (kept.body, dict(kept.headers)) == (b"0", HEADERS | {"Nats-Msg-Id": "e0"})
            assert set(await declared_subjects(client, "shop")) == {"orders"}

    asyncio.run(run())


def test_letters_outlive_the_server_and_are_forgotten_only_when_dropped(start_bus: Callable[..., Any]) -> None:
    bus = start_bus(SHOP)

    async def run() -> None:
        await bus.provision()
        async with admin(bus) as client:
            first, second, third = await dead(bus, client, 3)
        bus.stop()
        bus.start()
        async with admin(bus) as client:
            box = LetterBox(client, "shop")
            assert await box.letters() == (first, second, third)
            await box.drop([second])
            assert await box.letters() == (first, third)
            assert await LetterBox(client, "shop").letters(at_most=1) == (first,)
            assert (await client.jsm().stream_info("orders")).state.messages == 3

    asyncio.run(run())


def test_a_letter_comes_again_as_it_was_to_its_subscriber_and_to_nobody_else(start_bus: Callable[..., Any]) -> None:
    bus = start_bus(SHOP)

    async def run() -> None:
        await bus.provision()
        async with admin(bus) as client:
            (letter,) = await dead(bus, client)
            async with (
                subscriber(bus, "payments", lambda message: message.ack()) as payments,
                subscriber(bus, "catalog", lambda message: message.ack()) as catalog,
            ):
                await eventually(lambda: asyncio.sleep(0, len(catalog.got) == 1), "catalog got the original")
                assert await again(client, [letter]) == [Settled(letter.id, acknowledged=True)]
                await publish(client, "orders.placed", b"next")
                await eventually(lambda: asyncio.sleep(0, len(payments.got) == 2), "payments goes on")
                await eventually(lambda: asyncio.sleep(0, len(catalog.got) == 2), "catalog goes on")
            replayed, after = payments.got
            assert (replayed.subject, replayed.data) == ("orders.placed", b"0")
            assert replayed.headers == HEADERS | {"Nats-Msg-Id": "e0"}
            assert [after.data, catalog.got[1].data] == [b"next", b"next"]
            assert replay_stream("orders", "payments") not in await streams(client)
            assert (await client.jsm().stream_info("orders")).state.messages == 2

    asyncio.run(run())


@pytest.mark.parametrize("batch", [1, 7])
def test_many_letters_come_again_each_once(start_bus: Callable[..., Any], batch: int) -> None:
    bus = start_bus(SHOP)

    async def run() -> None:
        await bus.provision()
        async with admin(bus) as client:
            letters = await dead(bus, client, 20)
            async with subscriber(bus, "payments", lambda message: message.ack(), batch=batch) as payments:
                settled = await again(client, letters)
                assert sorted(each.number for each in settled) == [letter.id for letter in letters]
                assert all(each.acknowledged for each in settled)
            assert sorted({int(message.data) for message in payments.got}) == list(range(20))

    asyncio.run(run())


def test_what_is_refused_again_is_said(start_bus: Callable[..., Any]) -> None:
    bus = start_bus(SHOP)

    async def run() -> None:
        await bus.provision()
        async with admin(bus) as client:
            refused, hopeless = await dead(bus, client, 2)

            async def answer(message: Any) -> None:
                await (message.nak() if message.data == b"0" else message.term())

            async with subscriber(bus, "payments", answer):
                settled = {each.number: each for each in await again(client, [refused, hopeless])}
            assert settled[refused.id] == Settled(refused.id, acknowledged=False, detail="refused 2 times")
            assert settled[hopeless.id] == Settled(hopeless.id, acknowledged=False, detail="terminated")

    asyncio.run(run())


def test_what_nobody_takes_is_left_out_and_nothing_is_left_behind(start_bus: Callable[..., Any]) -> None:
    bus = start_bus(SHOP)

    async def run() -> None:
        await bus.provision()
        async with admin(bus) as client:
            letters = await dead(bus, client)
            assert await again(client, letters, timeout_s=0.5) == []
            assert replay_stream("orders", "payments") not in await streams(client)

    asyncio.run(run())


def test_two_replays_to_one_subscriber_do_not_mix(start_bus: Callable[..., Any]) -> None:
    bus = start_bus(SHOP)

    async def run() -> None:
        await bus.provision()
        async with admin(bus) as client:
            letters = await dead(bus, client)
            first = asyncio.ensure_future(again(client, letters))
            await eventually(lambda: _holds(client, replay_stream("orders", "payments")), "the first has begun")
            with pytest.raises(UsageError, match="already"):
                await again(client, letters)
            async with subscriber(bus, "payments", lambda message: message.ack()):
                assert await first == [Settled(letters[0].id, acknowledged=True)]

    asyncio.run(run())


async def _holds(client: Client, name: str) -> bool:
    return name in await streams(client)


def test_a_bus_that_keeps_no_list_says_so(start_bus: Callable[..., Any]) -> None:
    bus = start_bus({"orders": {"publishes": ["orders.placed"]}})

    async def run() -> None:
        await bus.provision()
        async with admin(bus) as client:
            box = LetterBox(client, "shop")
            assert await box.letters() == ()
            assert not box.recorded

    asyncio.run(run())
