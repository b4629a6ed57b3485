"""Names and subjects that would mean something else to an engine are refused before any engine sees them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from spacectl.model.manifest import SpaceManifest, SystemManifest

HOSTILE_SUBJECTS = [
    ">", "*", "orders.>", "orders.*", "*.placed", "$SYS.>", "$JS.API.>", "_INBOX.x", "orders", "orders.", ".orders",
    "orders..x", "orders. placed", "orders.placed ", " orders.placed", "orders.placed\n", "orders.\x00", "orders.a/b",
    "orders.\u2028x", "orders.é", 'orders."x"', f"orders.{'x' * 10_000}",
]  # fmt: skip
HOSTILE_NAMES = [
    "", "-a", "1a", "A", "a b", "a.b", "a/b", "../x", "a~b", "a>b", "a_b", "a%b", 'a"b', "a\n", "~front", "é", "a" * 33
]  # fmt: skip


def space(name: str = "orders", **sections: Any) -> SpaceManifest:
    return SpaceManifest.model_validate({"space": {"name": name}, "run": {"command": ["x"]}, **sections})


@pytest.mark.parametrize("key", ["publishes", "subscribes"])
@pytest.mark.parametrize("subject", HOSTILE_SUBJECTS, ids=lambda subject: ascii(subject[:20]))
def test_a_subject_is_words_and_nothing_else(key: str, subject: str) -> None:
    with pytest.raises(ValidationError):
        space(events={key: [subject]})
    assert space(events={key: ["orders.placed"]})


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=ascii)
def test_a_name_is_a_word_and_nothing_else(name: str) -> None:
    with pytest.raises(ValidationError):
        space(name)
    with pytest.raises(ValidationError):
        space(api={"calls": [name]})
    with pytest.raises(ValidationError):
        SystemManifest.model_validate({"system": {"name": name}})
