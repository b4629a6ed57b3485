"""Streams, consumers and connections on a real server."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from spacectl.adapters.nats.admin import NatsAdmin
from spacectl.adapters.nats.client import connect, connected, declared_subjects
from spacectl.adapters.nats_server import find_nats_server
from spacectl.core.bus import external_access
from spacectl.errors import MachineError
from spacectl.model.bus import BusPlan

SHOP = {
    "orders": {"publishes": ["orders.placed"], "subscribes": ["payments.captured"]},
    "payments": {
        "publishes": ["payments.captured"],
        "subscribes": ["orders.placed"],
        "retention": {"storage": "memory", "max_age": "5s", "max_bytes": "1MB"},
        "delivery": {"start": "new", "max_in_flight": 7, "max_deliver": 3, "ack_wait": "290ms"},
    },
}
Replan = Callable[..., BusPlan]


def _texts(changes: Any) -> list[str]:
    """What was done to the streams and consumers of the spaces."""
    return [change.text for change in changes if change.target != "stream LETTERS_shop"]


async def _publish(bus: Any, *subjects: str) -> None:
    async with connected(bus.access.admin_url, name="test", timeout_s=5) as client:
        for subject in subjects:
            await client.jetstream().publish(subject, b"1")


def test_a_system_is_provisioned_once_and_then_left_alone(start_bus: Callable[..., Any]) -> None:
    bus = start_bus(SHOP)

    async def run() -> None:
        assert _texts(await bus.provision()) == [
            "created stream orders: orders.placed",
            "created stream payments: payments.captured",
            "created consumer orders of payments: payments.captured",
            "created consumer payments of orders: orders.placed",
        ]
        assert await bus.provision() == ()
        bus.stop()
        bus.start()
        assert _texts(await bus.provision()) == [  # what was in memory went with the server
            "created stream payments: payments.captured",
            "created consumer orders of payments: payments.captured",
        ]
        async with connected(bus.access.admin_url, name="test", timeout_s=5) as client:
            stream = (await client.jsm().stream_info("payments")).config
            consumer = (await client.jsm().consumer_info("orders", "payments")).config
            assert await declared_subjects(client, "shop") == {
                "orders": ("orders.placed",),
                "payments": ("payments.captured",),
            }
        assert (stream.storage, stream.max_age, stream.max_bytes, stream.duplicate_window) == ("memory", 5, 10**6, 5)
        assert (consumer.deliver_policy, consumer.ack_policy, consumer.deliver_subject) == ("new", "explicit", None)
        assert (consumer.max_ack_pending, consumer.max_deliver, consumer.ack_wait) == (7, 3, 0.29)

    asyncio.run(run())


def test_changed_manifests_are_followed_without_losing_a_message(start_bus: Callable[..., Any], replan: Replan) -> None:
    bus = start_bus(SHOP)
    limits = "max_deliver 3 → 5, max_in_flight 7 → 8"
    wider = {
        "orders": {"publishes": ["orders.placed", "orders.cancelled"], "retention": {"max_age": "1d"}},
        "payments": {
            **SHOP["payments"],
            "subscribes": ["orders.placed", "orders.cancelled"],
            "delivery": {"start": "new", "max_in_flight": 8},
        },
    }

    async def run() -> None:
        await bus.provision()
        await _publish(bus, "orders.placed")
        assert _texts(await bus.provision(replan(wider))) == [
            "removed consumer orders of payments: nobody subscribes through it and it owes nothing",
            "updated stream orders: +orders.cancelled, max_age 7d → 1d",
            f"updated consumer payments of orders: +orders.cancelled, ack_wait 290ms → 30s, {limits}",
        ]
        await _publish(bus, "orders.cancelled")
        async with bus.client("payments") as client:
            pull = await client.jetstream().pull_subscribe_bind("payments", "orders")
            events = [(await pull.fetch(1, timeout=5))[0].subject for _ in range(2)]
        assert events == ["orders.placed", "orders.cancelled"]

    asyncio.run(run())


def test_dead_letters_have_a_stream_of_their_own_as_long_as_anyone_subscribes(
    start_bus: Callable[..., Any], replan: Replan
) -> None:
    bus = start_bus(SHOP)

    async def letters(plan: BusPlan) -> list[str]:
        return [c.action for c in await bus.provision(plan) if c.target == "stream LETTERS_shop"]

    async def run() -> None:
        assert await letters(bus.plan) == ["created"]
        assert await letters(bus.plan) == []
        assert await letters(replan({"orders": SHOP["orders"]})) == ["removed"]

    asyncio.run(run())


def test_what_cannot_change_is_said_and_the_rest_is_done(start_bus: Callable[..., Any], replan: Replan) -> None:
    bus = start_bus(SHOP)
    other = {
        "orders": {**SHOP["orders"], "retention": {"storage": "memory", "max_age": "1h"}},
        "payments": {**SHOP["payments"], "delivery": {**SHOP["payments"]["delivery"], "start": "all"}},
    }

    async def run() -> None:
        await bus.provision()
        assert _texts(await bus.provision(replan(other))) == [
            "updated stream orders: max_age 7d → 1h, duplicate_window 2m → 10s",
            "differs stream orders: storage file → memory: cannot change while it exists",
            "differs consumer payments of orders: start new → all: cannot change while it exists",
        ]

    asyncio.run(run())


def test_what_spaces_that_are_gone_left_is_kept_while_it_holds_messages(
    start_bus: Callable[..., Any], replan: Replan
) -> None:
    bus = start_bus({**SHOP, "cart": {"publishes": ["cart.filled"], "subscribes": ["orders.placed"]}})
    later = {"payments": {"publishes": ["payments.captured"], "retention": SHOP["payments"]["retention"]}}

    async def run() -> None:
        await bus.provision()
        await _publish(bus, "orders.placed")
        async with bus.client("cart") as client:
            pull = await client.jetstream().pull_subscribe_bind("cart", "orders")
            (message,) = await pull.fetch(1, timeout=5)
            await message.ack_sync(timeout=5)
        assert _texts(await bus.provision(replan(later))) == [
            "removed consumer cart of orders: nobody subscribes through it and it owes nothing",
            "removed consumer orders of payments: nobody subscribes through it and it owes nothing",
            "removed stream cart: no space publishes to it and it is empty",
            "updated stream orders: takes no more than it holds",
            "kept stream orders: no space publishes to it any more, and it holds 1 message",
            "kept consumer payments of orders: nobody subscribes through it any more, and it owes 1 message",
        ]
        assert _texts(await bus.provision(replan(later)))[0].startswith("kept stream orders")
        assert _texts(await bus.provision())[0].startswith("created stream cart")
        async with bus.client("payments") as client:  # its space is back, and so is what waited for it
            pull = await client.jetstream().pull_subscribe_bind("payments", "orders")
            assert len(await pull.fetch(1, timeout=5)) == 1

    asyncio.run(run())


def test_more_streams_than_the_store_has_room_for_share_it(start_bus: Callable[..., Any], replan: Replan) -> None:
    spaces = {f"s{n}": {"publishes": [f"s{n}.x"], "retention": {"max_bytes": "256MB"}} for n in range(12)}
    bus = start_bus(spaces, max_store="1GB")

    async def run() -> None:
        assert len(await bus.provision()) == 12
        one_more = {**spaces, "s99": {"publishes": ["s99.x"]}}
        changes = _texts(await bus.provision(replan(one_more, max_store="1GB")))
        assert changes[0] == "updated stream s0: max_bytes 75MB → 69230769B"
        assert changes[-1] == "created stream s99: s99.x"
        bus.stop()
        bus.start()
        less = _texts(await bus.provision(replan(spaces, max_store="500MB")))
        assert less[0] == "removed stream s99: no space publishes to it and it is empty"
        assert less[1] == "updated stream s0: max_bytes 69230769B → 37500KB"
        assert all(each.startswith("updated") for each in less[1:])

    asyncio.run(run())


def test_connections_are_seen_with_user_address_and_counts(start_bus: Callable[..., Any]) -> None:
    bus = start_bus(SHOP)

    async def run() -> None:
        async with bus.admin() as admin, bus.client("orders") as client:
            await client.publish("orders.placed", b"1")
            await client.flush()
            await client.flush()
            port = client._transport._io_writer.get_extra_info("sockname")[1]
            found = await admin.connections()
            (orders,) = [c for c in found if c.user == "orders"]
        assert {c.user for c in found} == {"spacectl", "system", "orders"}
        assert (orders.host, orders.name, orders.sent) == ("127.0.0.1", "orders", 1)
        assert orders.port == port

    asyncio.run(run())


def test_more_connections_than_one_answer_holds_are_all_seen(
    start_bus: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spacectl.adapters.nats.admin._PAGE", 2)
    bus = start_bus(SHOP)

    async def run() -> None:
        async with bus.admin() as admin, bus.client("orders"), bus.client("payments"), bus.client("payments"):
            found = await admin.connections()
        assert sorted(c.user for c in found) == ["orders", "payments", "payments", "spacectl", "system"]
        assert len({c.number for c in found}) == 5

    asyncio.run(run())


async def _until(admin: NatsAdmin, *, connected: bool) -> None:
    async with asyncio.timeout(10):
        while admin.connected is not connected:  # noqa: ASYNC110 - the client offers nothing to wait for
            await asyncio.sleep(0.01)  # between two looks


def test_it_is_there_again_after_the_server_was(start_bus: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spacectl.adapters.nats.admin._REQUEST_S", 0.3)
    bus = start_bus(SHOP)

    async def run() -> None:
        async with bus.admin() as admin:
            bus.stop()
            await _until(admin, connected=False)
            with pytest.raises(MachineError, match="does not answer"):
                await admin.connections()
            bus.start()
            await _until(admin, connected=True)
            assert admin.returns == 1
            assert len(await admin.provision(bus.plan)) == 5
            assert len(await admin.connections()) == 2

    asyncio.run(run())


@pytest.fixture
def plain_server(tmp_path: Path, start_bus: Callable[..., Any]) -> Iterator[Callable[[str], Any]]:
    """Starts a server that spacectl did not configure, with this text after its address."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(config: str) -> Any:
        bus = start_bus(SHOP)  # for its free port, once it has let go of it
        bus.stop()
        path = tmp_path / "plain.conf"
        path.write_text(f"listen: 127.0.0.1:{bus.server.port}\n{config}\n", encoding="utf-8")
        process = subprocess.Popen([find_nats_server(), "-c", path], stderr=subprocess.DEVNULL)
        processes.append(process)
        return bus

    yield start
    for process in processes:
        process.kill()
        process.wait()


async def _external(bus: Any, credentials: str = "") -> NatsAdmin:
    admin = NatsAdmin(connect)
    await admin.connect(external_access(bus.plan, f"nats://{credentials}127.0.0.1:{bus.server.port}"))
    return admin


def test_an_existing_server_is_used_with_its_address_alone(plain_server: Callable[[str], Any], tmp_path: Path) -> None:
    bus = plain_server(f'jetstream {{ store_dir: "{tmp_path}/theirs" }}')

    async def run() -> None:
        admin = await _external(bus)
        try:
            assert await admin.connections() is None
            assert len(await admin.provision(bus.plan)) == 5
            assert await admin.provision(bus.plan) == ()
        finally:
            await admin.close()

    asyncio.run(run())


def test_a_server_whose_advisories_another_stream_takes_is_used_without_letters(
    plain_server: Callable[[str], Any], tmp_path: Path
) -> None:
    bus = plain_server(f'jetstream {{ store_dir: "{tmp_path}/theirs" }}')
    url = f"nats://127.0.0.1:{bus.server.port}"

    async def run() -> None:
        admin = await _external(bus)
        try:
            async with connected(url, name="test", timeout_s=5) as client:
                await client.jsm().add_stream(name="audit", subjects=["$JS.EVENT.ADVISORY.>"])
            changes = {change.target: change.action for change in await admin.provision(bus.plan)}
            assert changes["stream LETTERS_shop"] == "kept"
            assert changes["consumer payments of orders"] == "created"
        finally:
            await admin.close()

    asyncio.run(run())


def test_streams_of_others_on_an_existing_server_are_left_alone(
    plain_server: Callable[[str], Any], replan: Replan, tmp_path: Path
) -> None:
    bus = plain_server(f'jetstream {{ store_dir: "{tmp_path}/theirs" }}')
    url = f"nats://127.0.0.1:{bus.server.port}"

    async def run() -> None:
        admin = await _external(bus)
        try:
            async with connected(url, name="test", timeout_s=5) as client:
                js = client.jsm()
                await js.add_stream(name="foreign", subjects=["foreign.x"])
                await js.add_stream(name="orders", subjects=["orders.placed", "orders.other"])
            changes = _texts(await admin.provision(bus.plan))
            assert changes[-1] == "kept stream orders: not made by spacectl: used as it is"
            assert "created consumer payments of orders: orders.placed" in changes

            wider = replan({"orders": {"publishes": ["orders.new"]}})
            with pytest.raises(MachineError, match=r"does not hold orders\.new"):
                await admin.provision(wider)
            other = BusPlan("other", bus.plan.users, bus.plan.streams, bus.plan.consumers)
            with pytest.raises(MachineError, match='belongs to the system "shop"'):
                await admin.provision(other)
            overlapping = replan({"orders-x": {"publishes": ["orders-x.a"]}})
            async with connected(url, name="test", timeout_s=5) as client:
                await client.jsm().add_stream(name="catch", subjects=["orders-x.>"])
            with pytest.raises(MachineError, match="overlap"):
                await admin.provision(overlapping)
        finally:
            await admin.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("config", "credentials", "said"),
    [
        ("", "", "has no JetStream"),
        ('jetstream { store_dir: "STORE", max_file_store: 1MB }', "", "do not fit into the store"),
        ('authorization { user: "a", password: "b" }', "a:wrong@", "refuses the user or password"),
        ('authorization { user: "a", password: "b" }', "", "refuses the user or password"),
    ],
)
def test_a_server_that_will_not_do_is_refused_clearly(
    plain_server: Callable[[str], Any], tmp_path: Path, config: str, credentials: str, said: str
) -> None:
    bus = plain_server(config.replace("STORE", f"{tmp_path}/theirs"))

    async def run() -> None:
        admin = await _external(bus, credentials)
        try:
            await admin.provision(bus.plan)
        finally:
            await admin.close()

    with pytest.raises(MachineError, match=said):
        asyncio.run(run())


def test_a_user_that_may_not_manage_streams_is_refused_clearly(
    plain_server: Callable[[str], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spacectl.adapters.nats.admin._REQUEST_S", 0.3)
    bus = plain_server(
        f'jetstream {{ store_dir: "{tmp_path}/theirs" }}\n'
        'authorization { users: [{ user: "a", password: "b", permissions: { publish: "x", subscribe: ">" } }] }'
    )

    async def run() -> None:
        admin = await _external(bus, "a:b@")
        try:
            await admin.provision(bus.plan)
        finally:
            await admin.close()

    with pytest.raises(MachineError, match="does not answer") as caught:
        asyncio.run(run())
    assert "may not manage JetStream" in str(caught.value.hint)


def test_a_server_that_is_not_there_is_waited_for_and_then_refused(start_bus: Callable[..., Any]) -> None:
    bus = start_bus(SHOP)
    bus.stop()

    async def run(timeout_s: float) -> None:
        await connect(bus.access.admin_url, name="test", timeout_s=timeout_s)

    with pytest.raises(MachineError, match=r"does not answer at 127\.0\.0\.1:\d+: .*[Rr]efused"):
        asyncio.run(run(0.3))
    with pytest.raises(MachineError, match="is not the address of a bus"):
        asyncio.run(connect("nats://127.0.0.1:notaport", name="test", timeout_s=5))


def test_it_must_be_connected_first() -> None:
    admin = NatsAdmin(connect)
    with pytest.raises(MachineError, match="not connected"):
        asyncio.run(admin.provision(BusPlan("shop", (), (), ())))
    assert not admin.connected


def test_a_new_configuration_holds_once_the_server_has_read_it(start_bus: Callable[..., Any]) -> None:
    bus = start_bus(SHOP)
    config = bus.folder / "nats-server.conf"
    text = config.read_text()

    async def run() -> None:
        admin = NatsAdmin(connect)
        await admin.connect(bus.access)
        try:
            config.write_text(text.replace(f'user: "{ORDERS}"', f'user: "{BILLING}"'))
            await admin.reload()
            url = bus.url(ORDERS).replace(f"//{ORDERS}:", f"//{BILLING}:")
            async with connected(url, name="test", timeout_s=5) as client:
                assert client.is_connected
            config.write_text(text + "accounts: {")
            with pytest.raises(MachineError, match="the bus refuses its new configuration: "):
                await admin.reload()
            assert admin.connected
        finally:
            await admin.close()

    asyncio.run(run())


ORDERS, BILLING = "orders", "billing"
