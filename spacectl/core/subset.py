"""Whether a JSON value holds what is expected of it: objects may have more keys, all else must be equal."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

_MOST_SHOWN = 120


def differences(expected: Any, seen: Any, at: str = "") -> list[str]:
    """Where a value lacks what is expected, each in words that begin with a JSON pointer; empty where it holds it all.

    Numbers are equal as JSON has them: 1 and 1.0 are, 1 and true are not.
    """
    if isinstance(expected, Mapping):
        if not isinstance(seen, Mapping):
            return [f"{at or '/'}: expected an object, not {_shown(seen)}"]
        return [each for key, value in expected.items() for each in _member(value, seen, key, at)]
    if isinstance(expected, Sequence) and not isinstance(expected, str):
        if not isinstance(seen, Sequence) or isinstance(seen, str) or len(seen) != len(expected):
            return [f"{at or '/'}: expected {_shown(expected)}, not {_shown(seen)}"]
        pairs = zip(expected, seen, strict=True)
        return [each for index, (want, have) in enumerate(pairs) for each in differences(want, have, f"{at}/{index}")]
    same = expected == seen and isinstance(expected, bool) == isinstance(seen, bool)
    return [] if same else [f"{at or '/'}: expected {_shown(expected)}, not {_shown(seen)}"]


def _member(value: Any, seen: Mapping[str, Any], key: str, at: str) -> list[str]:
    place = f"{at}/{key.replace('~', '~0').replace('/', '~1')}"
    return differences(value, seen[key], place) if key in seen else [f"{place}: is missing"]


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
