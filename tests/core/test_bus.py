from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from spacectl.core.bus import (
    bus_url,
    embedded_access,
    external_access,
    inbox_prefix,
    lenient,
    plan_bus,
    plan_server,
    users_of,
    without_password,
)
from spacectl.model.bus import BusUser, ConsumerSpec, StreamSpec
from spacectl.model.manifest import SpaceManifest, SystemManifest
from spacectl.model.system import Source, Space, System


def _system(spaces: dict[str, dict[str, Any]], **bus: Any) -> System:
    source = Source("space.toml", (), {})
    return System(
        SystemManifest.model_validate({"system": {"name": "shop"}, "bus": bus}),
        Path("/shop"),
        source,
        tuple(
            Space(
                SpaceManifest.model_validate({"space": {"name": name}, "run": {"command": "true"}, "events": events}),
                Path("/shop") / name,
                source,
            )
            for name, events in spaces.items()
        ),
    )


def test_a_publisher_has_a_stream_and_a_subscriber_a_consumer_on_it() -> None:
    plan = plan_bus(
        _system(
            {
                "orders": {
                    "publishes": ["orders.placed", "orders.cancelled"],
                    "retention": {"storage": "memory", "max_age": "1h", "max_bytes": "1MB"},
                },
                "payments": {
                    "subscribes": ["orders.placed"],
                    "delivery": {"start": "new", "max_in_flight": 9, "max_deliver": 2, "ack_wait": "1s"},
                },
                "hermit": {},
            }
        )
    )
    assert plan.system == "shop"
    told = tuple(f"$JS.EVENT.ADVISORY.CONSUMER.{kind}.orders.*" for kind in ("MAX_DELIVERIES", "MSG_TERMINATED"))
    assert plan.streams == (
        StreamSpec("orders", ("orders.cancelled", "orders.placed"), "memory", 3600.0, 10**6, 10.0),
        StreamSpec("LETTERS_shop", told, "file", 30 * 86400.0, 4 * 10**6, 10.0),
    )
    assert plan.consumers == (ConsumerSpec("orders", "payments", ("orders.placed",), "new", 1.0, 2, 9),)
    assert plan.users == (
        BusUser("orders", ("orders.cancelled", "orders.placed", "_INBOX.orders.>"), ("_INBOX.orders.>",)),
        BusUser(
            "payments",
            (
                "$JS.API.CONSUMER.MSG.NEXT.orders.payments",
                "$JS.API.CONSUMER.INFO.orders.payments",
                "$JS.ACK.orders.payments.>",
                "$JS.ACK.REPLAY_orders_payments.payments.>",
                "_INBOX.payments.>",
            ),
            ("_INBOX.payments.>",),
        ),
        BusUser("hermit", ("_INBOX.hermit.>",), ("_INBOX.hermit.>",)),
    )


def test_what_nobody_publishes_makes_no_consumer() -> None:
    plan = plan_bus(_system({"orders": {"subscribes": ["payments.captured", "orders.placed"]}}))
    assert plan.streams == plan.consumers == ()


def test_a_space_may_subscribe_to_itself_and_to_several_others() -> None:
    plan = plan_bus(
        _system(
            {
                "a": {"publishes": ["a.x", "a.y"], "subscribes": ["b.x", "a.y", "a.x"]},
                "b": {"publishes": ["b.x"]},
            }
        )
    )
    assert [(c.stream, c.name, c.subjects) for c in plan.consumers] == [
        ("a", "a", ("a.x", "a.y")),
        ("b", "a", ("b.x",)),
    ]


@pytest.mark.parametrize(
    ("retention", "window_s"),
    [
        ({}, 120.0),
        ({"max_age": "30s"}, 30.0),
        ({"storage": "memory"}, 10.0),
        ({"storage": "memory", "max_age": "2s"}, 2.0),
    ],
)
def test_the_window_for_duplicates_is_no_longer_than_messages_are_kept(
    retention: dict[str, str], window_s: float
) -> None:
    (stream,) = plan_bus(_system({"a": {"publishes": ["a.x"], "retention": retention}})).streams
    assert stream.duplicate_window_s == window_s


@pytest.mark.parametrize(
    ("storage", "max_store", "claims", "granted"),
    [
        ("file", "1GB", ["256MB", "256MB"], [256 * 10**6, 256 * 10**6]),
        ("file", "1GB", ["900MB", "900MB"], [450 * 10**6, 450 * 10**6]),
        ("file", "100MB", ["90MB", "180MB"], [30 * 10**6, 60 * 10**6]),
        ("file", "1B", ["1MB"], [1]),
        ("memory", "100GB", ["900MB", "900MB"], [450 * 10**6, 450 * 10**6]),
        ("memory", "100MB", ["180MB"], [90 * 10**6]),
    ],
)
def test_streams_share_the_store(storage: str, max_store: str, claims: list[str], granted: list[int]) -> None:
    spaces = {
        f"s{n}": {"publishes": [f"s{n}.x"], "retention": {"storage": storage, "max_bytes": claim}}
        for n, claim in enumerate(claims)
    }
    assert [stream.max_bytes for stream in plan_bus(_system(spaces, max_store=max_store)).streams] == granted


def test_the_embedded_server_listens_on_loopback_and_spacectl_has_two_users() -> None:
    system = _system({"orders": {}}, sync="always")
    plan = plan_bus(system)
    server = plan_server(system, port=4333, store=Path("/shop/.spacectl/bus"))
    assert (server.host, server.port, server.sync, server.name) == ("127.0.0.1", 4333, "always", "spacectl-shop")
    assert users_of(plan) == ("spacectl", "system", "orders")
    access = embedded_access(plan, server, {"spacectl": "a", "system": "b", "orders": "c"})
    assert (access.system, access.url) == ("shop", "nats://127.0.0.1:4333")
    assert access.admin_url == "nats://spacectl:a@127.0.0.1:4333"
    assert access.system_url == "nats://system:b@127.0.0.1:4333"
    assert "spacectl:a" not in repr(access)
    assert "system:b" not in repr(access)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("nats://user:secret@nats.example.org:4222", "nats://nats.example.org:4222"),
        ("tls://token@nats.example.org", "tls://nats.example.org"),
        ("nats://nats.example.org/a@b", "nats://nats.example.org/a@b"),
    ],
)
def test_people_never_see_a_password(url: str, shown: str) -> None:
    assert without_password(url) == shown
    access = external_access(plan_bus(_system({})), url)
    assert (access.url, access.admin_url, access.system_url) == (shown, url, None)


def test_an_address_holds_nothing_that_had_to_be_escaped() -> None:
    assert bus_url("orders", "a-B_9", "127.0.0.1", 1) == "nats://orders:a-B_9@127.0.0.1:1"
    for user, password in (("orders", "a@b"), ("or/ders", "a"), ("orders", "")):
        with pytest.raises(ValueError, match="letters, digits"):
            bus_url(user, password, "127.0.0.1", 1)


def test_the_inbox_of_one_space_is_not_that_of_another_with_a_longer_name() -> None:
    assert inbox_prefix("orders") == "_INBOX.orders"


def test_what_is_on_its_way_out_may_do_what_it_might_before() -> None:
    before = plan_bus(
        _system(
            {
                "orders": {"publishes": ["orders.placed", "orders.old"]},
                "payments": {"subscribes": ["orders.old"]},
                "legacy": {"publishes": ["legacy.said"], "subscribes": ["orders.placed"]},
            }
        )
    )
    now = plan_bus(
        _system({"orders": {"publishes": ["orders.placed", "orders.new"]}, "payments": {"subscribes": ["orders.new"]}})
    )
    both = lenient(before, now)
    users = {user.name: user for user in both.users}
    assert {"orders.placed", "orders.old", "orders.new"} <= set(users["orders"].publish)
    assert users["legacy"] == next(user for user in before.users if user.name == "legacy")
    assert {stream.name: stream.subjects for stream in both.streams if not stream.name.startswith("LETTERS_")} == {
        "orders": ("orders.new", "orders.old", "orders.placed"),
        "legacy": ("legacy.said",),
    }
    assert {(each.stream, each.name): each.subjects for each in both.consumers} == {
        ("orders", "payments"): ("orders.new", "orders.old"),
        ("orders", "legacy"): ("orders.placed",),
    }
    assert lenient(now, now) == now
    assert lenient(both, both) == both
