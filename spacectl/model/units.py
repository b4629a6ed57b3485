"""Durations, sizes and give-up rules as people write them in manifests."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from spacectl.model.expected import Expected

WRITTEN = "written"
"""The validation context of a manifest file: there a bare number is no duration and no size."""

_DURATION_UNITS_S = {
    "ms": Decimal("0.001"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86400),
}
_SIZE_UNITS = {"B": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "TB": 1000**4}
_SIZE_UNITS |= {"KiB": 1024, "MiB": 1024**2, "GiB": 1024**3, "TiB": 1024**4}
# Only ASCII digits, so that the pattern means the same to this module, to JSON Schema and to editors.
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(ms|s|m|h|d)")
_SIZE = re.compile(r"([0-9]{1,15})B|([0-9]{1,12}(?:\.[0-9]{1,6})?)(KB|MB|GB|TB|KiB|MiB|GiB|TiB)")
_GIVE_UP = re.compile(r"([1-9][0-9]{0,5}) in (\S+)")
_NOT_ZERO = "(?=.*[1-9])"
_DECIMALS = Decimal("0.000001")


def parse_duration(text: Any) -> float:
    """Turn `250ms`, `2s`, `1m`, `3h` or `7d` into seconds.

    Raises:
        ValueError: the text is not a duration.
    """
    if _is_number(text):  # already decoded: a default, or a value built in code
        return float(text)
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError('a duration is written like "250ms", "2s", "1m", "3h" or "7d"')
    return float(Decimal(match[1]) * _DURATION_UNITS_S[match[2]])


def format_duration(seconds: float) -> str:
    """Write seconds as the shortest duration that parses back to the same value.

    What has more digits than a duration can hold is rounded to the nearest nanosecond.
    """
    if seconds == 0:
        return "0s"
    texts = [_in_unit(seconds, unit) for unit in _DURATION_UNITS_S]
    exact = [text for text in texts if _DURATION.fullmatch(text) and parse_duration(text) == seconds]
    natural = [text for text in exact if not text.startswith("0")]
    return min(natural or exact or texts[:1], key=lambda text: (len(text), "." in text))


def _in_unit(seconds: float, unit: str) -> str:
    count = (Decimal(repr(float(seconds))) / _DURATION_UNITS_S[unit]).quantize(_DECIMALS)
    return f"{_plain(count)}{unit}"


def _plain(count: Decimal) -> str:
    return f"{count:f}".rstrip("0").rstrip(".")


def parse_size(text: Any) -> int:
    """Turn `64KB`, `256MB`, `1GB` (decimal) or `1GiB` (binary) into bytes; a part of a byte is dropped.

    Raises:
        ValueError: the text is not a size.
    """
    if isinstance(text, int) and not isinstance(text, bool):
        return text
    match = _SIZE.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError('a size is written like "64KB", "256MB" or "1GB"')
    return int(match[1]) if match[1] else int(Decimal(match[2]) * _SIZE_UNITS[match[3]])


def format_size(size: int) -> str:
    """Write bytes as the shortest size that parses back to the same value."""
    exact = [f"{size // count}{unit}" for unit, count in _SIZE_UNITS.items() if size and size % count == 0]
    return min(exact or [f"{size}B"], key=len)


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Stop restarting after `count` crashes within a sliding window of `window_s` seconds."""

    count: int
    window_s: float


def parse_give_up(text: Any) -> GiveUp:
    """Turn `5 in 60s` into a rule.

    Raises:
        ValueError: the text is not such a rule, or its window is empty.
    """
    if isinstance(text, GiveUp):
        return text
    match = _GIVE_UP.fullmatch(text) if isinstance(text, str) else None
    window_s = parse_duration(match[2]) if match else 0.0
    if match is None or window_s == 0:
        raise ValueError('a give-up rule is written like "5 in 60s"')
    return GiveUp(count=int(match[1]), window_s=window_s)


def format_give_up(rule: GiveUp) -> str:
    """Write a give-up rule the way it is read."""
    return f"{rule.count} in {format_duration(rule.window_s)}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _decoder(parse: Callable[[Any], Any]) -> Callable[[Any, ValidationInfo], Any]:
    def decode(value: Any, info: ValidationInfo) -> Any:
        if info.context == WRITTEN and not isinstance(value, str):
            raise ValueError("it is written as text, with its unit")
        return parse(value)

    return decode


@dataclass(frozen=True, slots=True)
class Between:
    """Metadata that bounds a duration (seconds) or a size (bytes), both ends included."""

    low: float
    high: float

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check the bounds after the value was decoded."""
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Refuse zero where it is out of bounds; a pattern cannot tell the other bounds."""
        schema = handler(core)
        if self.low > 0:
            schema = {**schema, "pattern": schema["pattern"].replace("^", f"^{_NOT_ZERO}", 1)}
        return schema

    def _checked(self, value: float) -> float:
        if not self.low <= value <= self.high:
            raise ValueError("out of bounds")
        return value


Duration = Annotated[
    float,
    Expected('a duration such as "250ms", "2s" or "1m"'),
    BeforeValidator(_decoder(parse_duration)),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema(
        {"type": "string", "pattern": f"^(?:{_DURATION.pattern})$", "examples": ["250ms", "2s", "1m", "7d"]}
    ),
]
"""Seconds; written as a duration such as `250ms`."""

Size = Annotated[
    int,
    Expected('a size such as "64KB", "256MB" or "1GB"'),
    BeforeValidator(_decoder(parse_size)),
    PlainSerializer(format_size, return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^(?:{_SIZE.pattern})$", "examples": ["64KB", "256MB", "1GB"]}),
]
"""Bytes; written as a size such as `256MB`."""

GiveUpRule = Annotated[
    GiveUp,
    Expected('a number of crashes and a time such as "5 in 60s"'),
    BeforeValidator(_decoder(parse_give_up)),
    PlainSerializer(format_give_up, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": f"^[1-9][0-9]{{0,5}} in {_NOT_ZERO}{_DURATION.pattern}$",
            "examples": ["5 in 60s"],
        }
    ),
]
