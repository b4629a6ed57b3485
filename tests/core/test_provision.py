from __future__ import annotations

from dataclasses import replace

import pytest

from spacectl.core.provision import provision_steps, result
from spacectl.errors import MachineError
from spacectl.model.bus import BusPlan, ConsumerSpec, FoundConsumer, FoundStream, StreamSpec

STREAM = StreamSpec("orders", ("orders.placed",), "file", 3600.0, 10**6, 120.0)
CONSUMER = ConsumerSpec("orders", "payments", ("orders.placed",), "all", 30.0, 5, 256)


def _plan(*specs: StreamSpec | ConsumerSpec) -> BusPlan:
    return BusPlan(
        "shop",
        (),
        tuple(spec for spec in specs if isinstance(spec, StreamSpec)),
        tuple(spec for spec in specs if isinstance(spec, ConsumerSpec)),
    )


def _found(
    stream: StreamSpec = STREAM, *consumers: FoundConsumer, owner: str | None = "shop", messages: int = 0
) -> FoundStream:
    return FoundStream(stream, owner, messages, messages * 100, consumers)


def _there(consumer: ConsumerSpec = CONSUMER, owner: str | None = "shop", pending: int = 0) -> FoundConsumer:
    return FoundConsumer(consumer, owner, pending)


def _texts(plan: BusPlan, *found: FoundStream) -> list[str]:
    return [result(step).text for step in provision_steps(plan, found)]


def test_what_is_missing_is_made_streams_first() -> None:
    assert _texts(_plan(CONSUMER, STREAM)) == [
        "created stream orders: orders.placed",
        "created consumer payments of orders: orders.placed",
    ]


def test_what_is_as_it_should_be_is_left_alone() -> None:
    rounded = replace(STREAM, max_age_s=3600.0000000009)
    assert _texts(_plan(STREAM, CONSUMER), _found(rounded, _there(), messages=3)) == []


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (replace(STREAM, subjects=("orders.new",)), "updated stream orders: +orders.new -orders.placed"),
        (replace(STREAM, max_age_s=60.0), "updated stream orders: max_age 1h → 1m"),
        (replace(STREAM, max_bytes=2 * 10**6), "updated stream orders: max_bytes 1MB → 2MB"),
        (replace(CONSUMER, max_deliver=6), "updated consumer payments of orders: max_deliver 5 → 6"),
        (replace(CONSUMER, ack_wait_s=0.5), "updated consumer payments of orders: ack_wait 30s → 500ms"),
        (
            replace(STREAM, storage="memory"),
            "differs stream orders: storage file → memory: cannot change while it exists",
        ),
        (
            replace(CONSUMER, start="new"),
            "differs consumer payments of orders: start all → new: cannot change while it exists",
        ),
    ],
)
def test_what_differs_is_changed_where_it_can_be(wanted: StreamSpec | ConsumerSpec, said: str) -> None:
    plan = _plan(wanted, STREAM if isinstance(wanted, ConsumerSpec) else CONSUMER)
    assert _texts(plan, _found(STREAM, _there())) == [said]


def test_a_change_keeps_what_cannot_change() -> None:
    wanted = replace(STREAM, storage="memory", max_age_s=60.0)
    steps = provision_steps(_plan(wanted), [_found()])
    assert [getattr(step, "spec", None) for step in steps] == [replace(STREAM, max_age_s=60.0), None]


def test_room_is_made_before_it_is_taken() -> None:
    wide, narrow = replace(STREAM, name="wide", max_bytes=10), replace(STREAM, name="narrow", max_bytes=20)
    plan = _plan(replace(wide, max_bytes=20), replace(narrow, max_bytes=10), replace(STREAM, name="new"))
    empty = _found(replace(STREAM, name="empty"))
    assert [text.split(":")[0] for text in _texts(plan, _found(wide), _found(narrow), empty)] == [
        "removed stream empty",
        "updated stream narrow",
        "updated stream wide",
        "created stream new",
    ]


def test_what_holds_messages_is_never_removed() -> None:
    kept = _found(STREAM, _there(pending=2), messages=2)
    assert [text.split(":")[0] for text in _texts(_plan(), kept)] == [
        "updated stream orders",  # to take no more room than it needs
        "kept stream orders",
        "kept consumer payments of orders",
    ]
    assert [text.split(":")[0] for text in _texts(_plan(STREAM), kept)] == ["kept consumer payments of orders"]


def test_what_holds_nothing_goes_with_its_space() -> None:
    assert [text.split(":")[0] for text in _texts(_plan(), _found(STREAM, _there()))] == ["removed stream orders"]
    assert [text.split(":")[0] for text in _texts(_plan(STREAM), _found(STREAM, _there(), messages=5))] == [
        "removed consumer payments of orders"
    ]


def test_what_belongs_to_nobody_known_is_used_or_refused_but_not_changed() -> None:
    borrowed = _found(replace(STREAM, subjects=("orders.placed", "x")), _there(owner=None, pending=3), owner=None)
    assert _texts(_plan(STREAM, CONSUMER), borrowed) == [
        "kept stream orders: not made by spacectl: used as it is",
        "kept consumer payments of orders: not made by spacectl: used as it is",
    ]
    assert _texts(_plan(), borrowed) == []
    with pytest.raises(MachineError, match=r"does not hold orders\.new"):
        _texts(_plan(replace(STREAM, subjects=("orders.new",))), borrowed)


def test_what_belongs_to_another_system_is_refused_or_not_touched() -> None:
    theirs = _found(STREAM, _there(owner="other"), owner="other", messages=1)
    assert _texts(_plan(), theirs) == []
    with pytest.raises(MachineError, match='belongs to the system "other"'):
        _texts(_plan(STREAM), theirs)
    with pytest.raises(MachineError, match='consumer payments of orders, and it belongs to the system "other"'):
        _texts(_plan(STREAM, CONSUMER), _found(STREAM, _there(owner="other")))
