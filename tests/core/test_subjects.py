from __future__ import annotations

import pytest

from spacectl.core.subjects import matches, select, stream_of
from spacectl.errors import UsageError

DECLARED = {"orders": ("orders.cancelled", "orders.placed", "orders.item.added"), "payments": ("payments.captured",)}


@pytest.mark.parametrize(
    ("pattern", "subject", "expected"),
    [
        ("orders.placed", "orders.placed", True),
        ("orders.placed", "orders.Placed", False),
        ("orders.*", "orders.placed", True),
        ("orders.*", "orders.item.added", False),
        ("orders.*.added", "orders.item.added", True),
        ("*.placed", "orders.placed", True),
        ("orders.>", "orders.item.added", True),
        ("orders.>", "orders", False),
        (">", "orders.placed", True),
        ("*", "orders.placed", False),
        ("orders.*.>", "orders.placed", False),
        ("orders", "orders.placed", False),
    ],
)
def test_wildcards(pattern: str, subject: str, expected: bool) -> None:
    assert matches(pattern, subject) is expected


def test_patterns_select_declared_subjects_of_each_stream() -> None:
    assert select(DECLARED, ["*.placed", "payments.>", "orders.placed"]) == {
        "orders": ("orders.placed",),
        "payments": ("payments.captured",),
    }


@pytest.mark.parametrize(
    ("pattern", "said", "hint"),
    [
        ("payment.captured", 'no space publishes "payment.captured"', 'did you mean "payments.captured"?'),
        ("Orders.Placed", 'no space publishes "Orders.Placed"', 'did you mean "orders.placed"?'),
        ("zzz", 'no space publishes "zzz"', "published here: orders.cancelled, orders.item.added, "),
        ("shipping.>", 'no space publishes "shipping.>"', "published here"),
        ("", '"" is not a subject', "dots"),
        ("orders..placed", '"orders..placed" is not a subject', "dots"),
        ("orders.>.x", '"orders.>.x" is not a subject', "dots"),
        ("orders.pl*", '"orders.pl*" is not a subject', "dots"),
        ("orders placed", '"orders placed" is not a subject', "dots"),
    ],
)
def test_what_selects_nothing_is_refused(pattern: str, said: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        select(DECLARED, ["orders.>", pattern])
    assert caught.value.message == said
    assert hint in (caught.value.hint or "")


def test_one_subject_has_one_stream() -> None:
    assert stream_of(DECLARED, "orders.placed") == "orders"
    with pytest.raises(UsageError, match="no space publishes"):
        stream_of(DECLARED, "orders.>")
    with pytest.raises(UsageError, match="none publishes anything"):
        stream_of({}, "orders.placed")
