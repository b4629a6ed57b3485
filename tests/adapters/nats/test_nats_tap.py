"""The tap against a real server: what it shows, what it skips, and that it never holds anybody up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from spacectl.adapters.nats.client import connected
from spacectl.adapters.nats.tap import BATCH, BATCH_BYTES, TapOrder, open_tap
from spacectl.errors import NotRunningError
from spacectl.model.message import Message, Skipped

SHOP = {
    "orders": {"publishes": ["orders.placed", "orders.cancelled"]},
    "payments": {"publishes": ["payments.captured"], "subscribes": ["orders.placed"]},
}
ALL = {"orders": (), "payments": ()}
LONG_AGO = timedelta(hours=1)


def _order(wanted: dict[str, tuple[str, ...]] | None = None, **more: Any) -> TapOrder:
    return TapOrder(system="shop", wanted=wanted or ALL, **more)


def _history(wanted: dict[str, tuple[str, ...]] | None = None, **more: Any) -> TapOrder:
    return _order(wanted, since=datetime.now(UTC) - LONG_AGO, **more)


async def _take(messages: AsyncIterator[Message | Skipped], count: int) -> list[Message | Skipped]:
    async with asyncio.timeout(20):
        return [await anext(messages) for _ in range(count)]


async def _publish(bus: Any, *events: tuple[str, bytes], **headers: str) -> None:
    async with connected(bus.access.admin_url, name="test", timeout_s=5) as client:
        for subject, body in events:
            await client.jetstream().publish(subject, body, headers=headers or None)


async def _tap_consumers(bus: Any) -> int:
    async with connected(bus.access.admin_url, name="test", timeout_s=5) as client:
        infos = [info for stream in ALL for info in await client.jsm().consumers_info(stream)]
        return sum(info.config.durable_name is None for info in infos)


def test_it_shows_what_is_new_with_all_that_is_known_of_it(start_bus: Callable[..., Any]) -> None:
    bus = start_bus(SHOP)

    async def run() -> None:
        await bus.provision()
        await _publish(bus, ("orders.placed", b'"before"'))
        headers = {"ce-id": "e-1", "ce-source": "/orders", "Nats-Msg-Id": "e-1"}
        async with (
            connected(bus.access.admin_url, name="tap", timeout_s=5) as client,
            open_tap(client, _order()) as messages,
        ):
            await _publish(bus, ("orders.placed", b'{"id": 7}'), **headers)
            await _publish(bus, ("payments.captured", b"plain"), ("orders.cancelled", b"\xff\x00"))
            first, second, third = await _take(messages, 3)
        assert isinstance(first, Message)
        assert abs(first.time - datetime.now(UTC)) < timedelta(minutes=1)
        assert first.model_dump(exclude={"time"}) == {
            "subject": "orders.placed",
            "stream": "orders",
            "sequence": 2,
            "id": "e-1",
            "source": "/orders",
            "size": 9,
            "data": {"id": 7},
        }
        assert first.headers == headers
        assert isinstance(second, Message)
        assert (second.subject, second.data, second.text, second.id) == ("payments.captured", None, "plain", None)
        assert isinstance(third, Message)
        assert (third.subject, third.base64) == ("orders.cancelled", "/wA=")

    asyncio.run(run())


def test_it_leaves_nothing_behind(start_bus: Callable[..., Any]) -> None:
    bus = start_bus(SHOP)

    async def run() -> None:
        await bus.provision()
        async with connected(bus.access.admin_url, name="tap", timeout_s=5) as client:
            async with open_tap(client, _order()):
                assert await _tap_consumers(bus) == 2
            assert await _tap_consumers(bus) == 0

    asyncio.run(run())


def test_history_of_several_streams_comes_in_the_order_of_time_and_ends(start_bus: Callable[..., Any]) -> None:
    bus = start_bus(SHOP)
    count = 2 * BATCH + 10

    async def run() -> None:
        await bus.provision()
        subjects = ["orders.placed", "payments.captured", "orders.cancelled", "orders.placed"]
        await _publish(bus, *((subjects[n % 4], b"%d" % n) for n in range(count)))
        async with (
            connected(bus.access.admin_url, name="tap", timeout_s=5) as client,
            open_tap(client, _history(follow=False)) as messages,
            asyncio.timeout(20),
        ):
            shown = [message.data async for message in messages if isinstance(message, Message)]
        assert shown == list(range(count))

    asyncio.run(run())


def test_history_can_be_empty(start_bus: Callable[..., Any]) -> None:
    bus = start_bus(SHOP)

    async def run() -> None:
        await bus.provision()
        await _publish(bus, ("orders.placed", b"1"))
        async with connected(bus.access.admin_url, name="tap", timeout_s=5) as client:
            async with open_tap(client, _order(since=datetime.now(UTC), follow=False)) as messages, asyncio.timeout(5):
                assert [message async for message in messages] == []
            none_of_these = {"orders": ("orders.cancelled",)}
            async with open_tap(client, _history(none_of_these, follow=False)) as messages, asyncio.timeout(5):
                assert [message async for message in messages] == []

    asyncio.run(run())


def test_after_history_it_follows(start_bus: Callable[..., Any]) -> None:
    bus = start_bus(SHOP)

    async def run() -> None:
        await bus.provision()
        await _publish(bus, *(("orders.placed", b"%d" % n) for n in range(3)))
        async with (
            connected(bus.access.admin_url, name="tap", timeout_s=5) as client,
            open_tap(client, _history()) as messages,
        ):
            old = await _take(messages, 3)
            await _publish(bus, ("payments.captured", b"3"), ("orders.cancelled", b"4"))
            new = await _take(messages, 2)
        assert [message.data for message in [*old, *new] if isinstance(message, Message)] == [0, 1, 2, 3, 4]

    asyncio.run(run())


def test_it_shows_only_the_subjects_asked_for(start_bus: Callable[..., Any]) -> None:
    bus = start_bus(SHOP)

    async def run() -> None:
        await bus.provision()
        async with (
            connected(bus.access.admin_url, name="tap", timeout_s=5) as client,
            open_tap(client, _order({"orders": ("orders.cancelled",)})) as messages,
        ):
            await _publish(bus, ("orders.placed", b"0"), ("payments.captured", b"1"), ("orders.cancelled", b"2"))
            (message,) = await _take(messages, 1)
        assert isinstance(message, Message)
        assert message.data == 2

    asyncio.run(run())


@pytest.mark.parametrize("wanted", [{"orders": ()}, {"orders": ("orders.placed",)}])
def test_too_far_behind_it_skips_and_says_how_many(
    start_bus: Callable[..., Any], wanted: dict[str, tuple[str, ...]]
) -> None:
    bus = start_bus(SHOP)
    count = 3 * BATCH

    async def run() -> None:
        await bus.provision()
        async with (
            connected(bus.access.admin_url, name="tap", timeout_s=5) as client,
            open_tap(client, _order(wanted, max_behind=BATCH)) as messages,
        ):
            await _publish(bus, *(("orders.placed", b"%d" % n) for n in range(count)))
            seen = []
            async with asyncio.timeout(20):
                async for message in messages:
                    seen.append(message)
                    if isinstance(message, Skipped):
                        break
            await _publish(bus, ("orders.placed", b'"after"'))
            (after,) = await _take(messages, 1)
        shown, skipped = seen[:-1], seen[-1]
        assert [message.data for message in shown if isinstance(message, Message)] == list(range(len(shown)))
        assert isinstance(skipped, Skipped)
        assert len(shown) + skipped.count == count
        assert isinstance(after, Message)
        assert after.data == "after"

    asyncio.run(run())


def test_a_reader_that_stops_reading_takes_one_batch_and_no_more(start_bus: Callable[..., Any]) -> None:
    bus = start_bus(SHOP)

    async def run() -> None:
        await bus.provision()
        async with (
            connected(bus.access.admin_url, name="tap", timeout_s=5) as client,
            open_tap(client, _order({"orders": ()})) as messages,
        ):
            await _publish(bus, ("orders.placed", b"0"))
            await _take(messages, 1)
            await _publish(bus, *(("orders.placed", b"%d" % n) for n in range(4 * BATCH)))
            async with bus.admin() as admin:
                (tap,) = [c for c in await admin.connections() if c.name == "tap"]
            assert tap.received < 2 * BATCH
            assert tap.pending_bytes == 0

    asyncio.run(run())


def test_a_message_larger_than_a_batch_may_be_is_shown_too(start_bus: Callable[..., Any]) -> None:
    bus = start_bus(SHOP)
    huge = b'"' + b"x" * (BATCH_BYTES - 2) + b'"'

    async def run() -> None:
        await bus.provision()
        async with (
            connected(bus.access.admin_url, name="tap", timeout_s=5) as client,
            open_tap(client, _order({"orders": ()})) as messages,
        ):
            await _publish(bus, ("orders.placed", b"1"), ("orders.placed", huge), ("orders.placed", b"3"))
            shown = await _take(messages, 3)
        assert [message.size for message in shown if isinstance(message, Message)] == [1, len(huge), 1]

    asyncio.run(run())


def test_it_goes_on_after_the_server_was_restarted_and_misses_nothing(start_bus: Callable[..., Any]) -> None:
    bus = start_bus(SHOP)

    async def run() -> None:
        await bus.provision()
        async with (
            connected(bus.access.admin_url, name="tap", timeout_s=5) as client,
            open_tap(client, _order()) as messages,
        ):
            await _publish(bus, ("orders.placed", b"1"))
            first = await _take(messages, 1)
            waiting = asyncio.ensure_future(_take(messages, 2))
            bus.stop()
            bus.start()
            await _publish(bus, ("orders.placed", b"2"), ("orders.placed", b"3"))
            rest = await waiting
        assert [message.data for message in [*first, *rest] if isinstance(message, Message)] == [1, 2, 3]

    asyncio.run(run())


def test_it_goes_on_when_the_server_forgot_its_consumer(start_bus: Callable[..., Any]) -> None:
    bus = start_bus(SHOP)

    async def run() -> None:
        await bus.provision()
        async with (
            connected(bus.access.admin_url, name="tap", timeout_s=5) as client,
            open_tap(client, _order({"orders": ()})) as messages,
        ):
            await _publish(bus, ("orders.placed", b"1"))
            await _take(messages, 1)
            js = client.jsm()
            for info in await js.consumers_info("orders"):
                if info.config.durable_name is None:
                    await js.delete_consumer("orders", info.name)
            await _publish(bus, ("orders.placed", b"2"))
            (second,) = await _take(messages, 1)
        assert isinstance(second, Message)
        assert second.data == 2

    asyncio.run(run())


def test_it_ends_when_the_bus_is_gone_for_good(start_bus: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spacectl.adapters.nats.tap._GONE_S", 0.2)
    bus = start_bus(SHOP)

    async def run() -> None:
        await bus.provision()
        async with (
            connected(bus.access.admin_url, name="tap", timeout_s=5) as client,
            open_tap(client, _order()) as messages,
        ):
            bus.stop()
            with pytest.raises(NotRunningError, match="went away"):
                await _take(messages, 1)

    asyncio.run(run())
