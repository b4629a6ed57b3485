"""Events as lines of a report, in the order in which they came."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from spacectl.model.message import Message
from spacectl.model.wording import counted, escaped

_MOST = 50
_MOST_OF_A_BODY = 300


def message_lines(messages: Sequence[Message], since: datetime) -> list[str]:
    """The last events, each with the seconds since a moment, its subject, its source and its body."""
    left_out = len(messages) - _MOST
    more = [f"  … {counted(left_out, 'event')} before these"] if left_out > 0 else []
    return more + [_line(message, since) for message in messages[-_MOST:]]


def _line(message: Message, since: datetime) -> str:
    after_s = (message.time - since).total_seconds()
    source = f"  from {escaped(message.source)}" if message.source else ""
    return f"  {after_s:+.3f}  {escaped(message.subject)}{source}  {escaped(_body(message), at_most=_MOST_OF_A_BODY)}"


def _body(message: Message) -> str:
    if message.text is not None or message.base64 is not None:
        return message.text or f"base64:{message.base64}"
    return json.dumps(message.data, ensure_ascii=False, separators=(",", ":")) if message.size else ""
