from __future__ import annotations

import pytest

from spacectl.core.violations import Violation, hint_for, parse_violation

# As nats-server 2.15.1 wrote them, up to names and ports.
BEFORE = '[6024] 2026/11/22 19:03:43.103803 [ERR] 127.0.0.1:39772 - cid:12 - "v2.16.0:python3:orders.1" - '
LIAR = BEFORE.replace("orders.1", r"x\" - \"APP/user:bad\" - Publish Violation - Subject \"y")


@pytest.mark.parametrize(
    ("line", "violation"),
    [
        (
            BEFORE + '"APP/user:orders" - Publish Violation - Subject "billing.nope"',
            ("orders", "publish", "billing.nope"),
        ),
        (
            BEFORE + '"APP/user:orders" - Subscription Violation - Subject "payments.captured", Queue: "q", SID 2\n',
            ("orders", "subscribe", "payments.captured"),
        ),
        (
            BEFORE + '"APP/user:orders" - Subscription Violation - Subject "_INBOX.other.>", SID 3',
            ("orders", "subscribe", "_INBOX.other.>"),
        ),
        (LIAR + '"APP/user:orders" - Publish Violation - Subject "billé.nope"', ("orders", "publish", "billé.nope")),
        (
            '[6024] 2026/11/22 19:03:43.626873 [ERR] 127.0.0.1:39798 - cid:15 - authentication error - User "orders"',
            ("orders", "login", ""),
        ),
    ],
)
def test_lines_of_the_server_are_understood(line: str, violation: tuple[str, str, str]) -> None:
    assert parse_violation(line) == Violation(*violation)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[6024] 2026/11/22 19:03:41.873044 [INF] Server is ready",
        LIAR.removesuffix(" - "),
        BEFORE + '"APP/user:orders" - Publish Violation - Subject "cut o',
        "Publish Violation",
    ],
)
def test_other_lines_are_not(line: str) -> None:
    assert parse_violation(line) is None


@pytest.mark.parametrize(
    ("violation", "hint"),
    [
        (
            Violation("orders", "publish", "orders.refunded"),
            'add "orders.refunded" to publishes under [events] in the space.toml of orders',
        ),
        (Violation("orders", "publish", "billing.nope"), '"billing.nope" is for billing to publish'),
        (
            Violation("payments", "publish", "$JS.API.CONSUMER.MSG.NEXT.orders.payments"),
            "add what it needs of orders to subscribes under [events] in the space.toml of payments",
        ),
        (
            Violation("payments", "publish", "$JS.API.CONSUMER.INFO.orders.worker"),
            'bind to the durable consumer "payments" of the stream "orders"',
        ),
        (Violation("payments", "publish", "$JS.API.STREAM.CREATE.orders"), "do not declare them in code"),
        (Violation("payments", "publish", "_INBOX.orders.x"), "not by replies on the bus"),
        (Violation("payments", "subscribe", "_INBOX.Xyz.*"), "$NATS_INBOX_PREFIX (_INBOX.payments)"),
        (
            Violation("payments", "subscribe", "orders.placed"),
            'add "orders.placed" to subscribes under [events] in the space.toml of payments, and read it from',
        ),
        (Violation("payments", "subscribe", ">"), "name the events in subscribes"),
        (Violation("payments", "login"), "$NATS_URL"),
    ],
)
def test_each_has_a_hint_what_to_write(violation: Violation, hint: str) -> None:
    assert hint in hint_for(violation)
    assert violation.user in violation.text
    assert violation.subject in violation.text
