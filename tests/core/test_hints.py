from __future__ import annotations

import pytest

from spacectl.core.hints import closest, did_you_mean


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("publish", "publishes"),
        ("PUBLISHES", "publishes"),
        ("max_in_flight", "max-in-flight"),
        ("ordres", "orders"),
        ("zzz", None),
        ("", None),
        ("orders" * 2000, None),
    ],
)
def test_closest(word: str, meant: str | None) -> None:
    assert closest(word, ["orders", "publishes", "subscribes", "max-in-flight"]) == meant


def test_as_a_question() -> None:
    assert did_you_mean("ordres", {"orders", "cart"}) == 'did you mean "orders"?'
    assert did_you_mean("ordres", ()) is None
