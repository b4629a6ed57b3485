"""What each user of the embedded server may do, seen from a client as a space has it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import nats.errors
import pytest
from nats.aio.client import Client
from nats.js.errors import APIError

from spacectl.adapters.nats.client import connect
from spacectl.core.violations import Violation, parse_violation
from spacectl.errors import MachineError
from spacectl.model.bus import BusPlan

SHOP = {
    "orders": {"publishes": ["orders.placed", "orders.cancelled"], "subscribes": ["payments.captured"]},
    "payments": {"publishes": ["payments.captured"], "subscribes": ["orders.placed"]},
    "orders-history": {"subscribes": ["orders.placed", "orders.cancelled", "payments.captured"]},
    "hermit": {},
}
CONSUMERS = {
    ("orders", "payments"),
    ("payments", "orders"),
    ("orders", "orders-history"),
    ("payments", "orders-history"),
}


def test_a_space_publishes_and_subscribes_exactly_what_it_declares(start_bus: Callable[..., Any]) -> None:
    bus = start_bus(SHOP)

    async def allowed(user: str) -> tuple[set[str], set[str]]:
        async with bus.client(user) as client:
            publish = {s for s in _subjects() if not await bus.refuses(client, s, publish=True)}
            subscribe = {s for s in _subjects() if not await bus.refuses(client, s, publish=False)}
            return publish, subscribe

    for user, events in SHOP.items():
        publish, subscribe = asyncio.run(allowed(user))
        inbox = {f"_INBOX.{user}.x", f"_INBOX.{user}.>"}
        pulls = {
            f"{prefix}.{stream}.{consumer}{rest}"
            for stream, consumer in CONSUMERS
            for prefix, rest in (
                ("$JS.API.CONSUMER.MSG.NEXT", ""),
                ("$JS.API.CONSUMER.INFO", ""),
                ("$JS.ACK", ".1.1.1.1700000000000000000.0"),
            )
            if consumer == user
        }
        assert publish == {*events.get("publishes", ()), *pulls, *inbox}, user
        assert subscribe == inbox, user


def _subjects() -> list[str]:
    pairs = list(itertools.product(SHOP, SHOP))
    return [
        *("orders.placed", "orders.cancelled", "orders.other", "orders", "orders.placed.x", "payments.captured"),
        *("billing.nope", "orders-history.x", "hermit.x", "_INBOX.x", "_INBOX", "$JS.API.INFO", "$JS.API.STREAM.LIST"),
        *(f"_INBOX.{space}.x" for space in SHOP),
        *(f"_INBOX.{space}.>" for space in SHOP),
        *(
            f"$JS.API.STREAM.{verb}.{space}"
            for verb in ("INFO", "CREATE", "UPDATE", "DELETE", "PURGE")
            for space in SHOP
        ),
        *(f"$JS.API.STREAM.MSG.{verb}.{space}" for verb in ("GET", "DELETE") for space in SHOP),
        *(f"$JS.API.DIRECT.GET.{space}" for space in SHOP),
        *(f"$JS.API.CONSUMER.{verb}.{s}.{c}" for verb in ("MSG.NEXT", "INFO", "CREATE", "DELETE") for s, c in pairs),
        *(f"$JS.API.CONSUMER.DURABLE.CREATE.{s}.{c}" for s, c in pairs),
        *(f"$JS.ACK.{s}.{c}.1.1.1.1700000000000000000.0" for s, c in pairs),
        *("$SYS.REQ.SERVER.PING.CONNZ", "$SYS.REQ.USER.INFO.x", "$JS.EVENT.ADVISORY.x"),
    ]


def test_a_space_cannot_listen_to_everything(start_bus: Callable[..., Any]) -> None:
    bus = start_bus(SHOP)

    async def run() -> None:
        async with bus.client("orders") as client:
            for subject in (">", "*.placed", "_INBOX.>", "payments.>", "$JS.>"):
                assert await bus.refuses(client, subject, publish=False), subject

    asyncio.run(run())


def test_an_event_goes_from_its_publisher_to_its_subscriber_with_acknowledgements(
    start_bus: Callable[..., Any],
) -> None:
    bus = start_bus(SHOP)

    async def run() -> None:
        await bus.provision()
        async with bus.client("orders") as orders, bus.client("payments") as payments:
            ack = await orders.jetstream().publish("orders.placed", b'{"id": 1}', headers={"Nats-Msg-Id": "a"})
            again = await orders.jetstream().publish("orders.placed", b'{"id": 1}', headers={"Nats-Msg-Id": "a"})
            await orders.jetstream().publish("orders.cancelled", b"{}")
            assert (ack.stream, ack.seq, again.duplicate) == ("orders", 1, True)

            pull = await payments.jetstream().pull_subscribe_bind("payments", "orders")
            (message,) = await pull.fetch(1, timeout=5)
            assert (message.subject, message.data) == ("orders.placed", b'{"id": 1}')
            await message.ack_sync(timeout=5)
            info = await pull.consumer_info()
            assert (info.num_pending, info.num_ack_pending) == (0, 0), "orders.cancelled is not for payments"
            assert orders.refused == payments.refused == []

    asyncio.run(run())


def test_nobody_receives_what_another_space_subscribes_to(start_bus: Callable[..., Any]) -> None:
    bus = start_bus(SHOP)

    async def run() -> None:
        await bus.provision()
        async with bus.client("orders") as orders, bus.client("hermit") as hermit:
            await orders.jetstream().publish("orders.placed", b"{}")
            pull = await hermit.jetstream().pull_subscribe_bind("payments", "orders")
            with pytest.raises(nats.errors.TimeoutError):
                await pull.fetch(1, timeout=0.3)
            with pytest.raises((nats.errors.TimeoutError, APIError)):
                await hermit.jetstream(timeout=0.3).stream_info("orders")

    asyncio.run(run())


def test_what_was_refused_stands_in_the_log_with_space_and_subject(start_bus: Callable[..., Any]) -> None:
    bus = start_bus(SHOP)

    async def run() -> None:
        liar = 'x" - "APP/user:payments" - Publish Violation - Subject "payments.captured"'
        async with bus.client("orders") as client:
            await bus.refuses(client, "billing.nope", publish=True)
            await client.subscribe("payments.captured", queue="workers")
            await client.subscribe("payments.captured")
            await client.flush()
        impostor = Client()
        await impostor.connect(bus.url("hermit"), name=liar, error_cb=_ignore)
        await impostor.publish("orders.placed", b"")
        await impostor.flush()
        await impostor.close()
        with pytest.raises(MachineError, match="refuses the user or password"):
            await connect(f"nats://orders:wrong@127.0.0.1:{bus.server.port}", name="wrong", timeout_s=5)

    asyncio.run(run())
    seen = bus.eventually(lambda: _violations(bus.log, 5), "five refusals in the log")
    assert seen == [
        Violation("orders", "publish", "billing.nope"),
        Violation("orders", "subscribe", "payments.captured"),
        Violation("orders", "subscribe", "payments.captured"),
        Violation("hermit", "publish", "orders.placed"),
        Violation("orders", "login"),
    ]


def _violations(log: str, count: int) -> list[Violation]:
    found = [violation for line in log.splitlines() if (violation := parse_violation(line))]
    return found if len(found) >= count else []


async def _ignore(_: Exception) -> None:
    """The refusal is looked for in the server's log."""


def test_new_spaces_and_subjects_come_in_without_disconnecting_anyone(
    start_bus: Callable[..., Any], replan: Callable[..., BusPlan]
) -> None:
    bus = start_bus(SHOP)
    grown = {**SHOP, "hermit": {"publishes": ["hermit.left"]}, "cart": {"publishes": ["cart.filled"]}}

    async def run() -> None:
        async with bus.client("hermit") as hermit:
            assert await bus.refuses(hermit, "hermit.left", publish=True)
            bus.reload(replan(grown))
            async with asyncio.timeout(10):
                while await bus.refuses(hermit, "hermit.left", publish=True):
                    pass
            async with bus.client("cart") as cart:
                assert not await bus.refuses(cart, "cart.filled", publish=True)
            assert hermit.stats["reconnects"] == 0
            assert hermit.is_connected

    asyncio.run(run())
