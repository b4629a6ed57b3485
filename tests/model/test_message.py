from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from spacectl.model.message import Message, decode_body


def _message(body: bytes) -> Message:
    return Message(
        time=datetime(2026, 11, 22, 10, 0, 0, 123000, tzinfo=UTC),
        subject="orders.placed",
        stream="orders",
        sequence=1,
        id="e-1",
        source="/orders",
        size=len(body),
        headers={"ce-id": "e-1"},
        **decode_body(body),
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"a": [1, 2.5, null]}', {"data": {"a": [1, 2.5, None]}}),
        (b"null", {"data": None}),
        (b"", {"data": None}),
        (b"plain text", {"data": None, "text": "plain text"}),
        (b'{"a": NaN}', {"data": None, "text": '{"a": NaN}'}),
        (b"[" * 5000, {"data": None, "text": "[" * 5000}),
        ("é".encode("latin-1"), {"data": None, "base64": "6Q=="}),
        (b"12345678901234567890123", {"data": 12345678901234567890123}),
    ],
)
def test_its_json_holds_the_body_in_the_form_that_fits(body: bytes, said: dict[str, Any]) -> None:
    assert json.loads(_message(body).model_dump_json()) == {
        "time": "2026-11-22T10:00:00.123000Z",
        "subject": "orders.placed",
        "stream": "orders",
        "sequence": 1,
        "id": "e-1",
        "source": "/orders",
        "size": len(body),
        **said,
    }
