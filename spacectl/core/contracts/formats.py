"""The formats of texts that receivers enforce: what fits them, and what to send as an example."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

_DATE_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt]([01]\d|2[0-3]):[0-5]\d:([0-5]\d)(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)", re.ASCII
)
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"
)


@dataclass(frozen=True, slots=True)
class Format:
    """What fits a format, and an example of it; `length` where every text that fits has the same."""

    fits: Callable[[str], bool]
    example: str
    length: int | None = None


def _is_date_time(text: str) -> bool:
    found = _DATE_TIME.fullmatch(text)
    if found is None:
        return False
    try:
        datetime.fromisoformat(f"{found[1]}T00:00:00")
    except ValueError:  # no such day
        return False
    return True


ENFORCED: Mapping[str, Format] = {
    "date-time": Format(_is_date_time, "2026-01-31T12:00:00Z"),
    "uuid": Format(lambda text: _UUID.fullmatch(text) is not None, "0b5c9a4e-3d57-4c1b-9b1e-2f6d8a7c4e10", 36),
    "email": Format(lambda text: _EMAIL.fullmatch(text) is not None, "someone@example.com"),
}
"""RFC 3339, RFC 9562 and (narrowly, without quoted names) RFC 5321: what pydantic enforces. Others only describe."""
