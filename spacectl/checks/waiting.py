"""Waits for a fact, and says what was seen instead."""

from __future__ import annotations

import time
from collections.abc import Callable
from pprint import pformat
from typing import TypeVar

import httpx

Seen = TypeVar("Seen")

_IN_VAIN = (AssertionError, LookupError, ValueError, httpx.HTTPError)
"""What a look raises while things are not there yet: an answer without the wanted key, one that is no JSON, none."""

_FIRST_PAUSE_S = 0.02
_LONGEST_PAUSE_S = 0.5


def eventually(
    look: Callable[[], Seen],
    *,
    within: float = 10.0,
    holds: Callable[[Seen], object] = bool,
    what: str = "what is looked for",
) -> Seen:
    """The first thing seen that `holds`. A look that meets an assertion, a missing key or no answer is in vain.

    Args:
        look: what to look at.
        within: seconds it may take.
        holds: whether it is as it should be; by default, whether it is true.
        what: how a failure calls it.

    Raises:
        AssertionError: it did not come about in time; the message shows what was seen last.
    """
    __tracebackhide__ = True
    deadline = time.monotonic() + within
    pause_s = _FIRST_PAUSE_S
    while True:
        seen, told = _look(look)
        if seen is not None and holds(seen[0]):
            return seen[0]
        if time.monotonic() >= deadline:
            raise AssertionError(f"{what}: not within {within:g} s; last seen:\n{told}")
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.5, _LONGEST_PAUSE_S)


def _look(look: Callable[[], Seen]) -> tuple[tuple[Seen] | None, str]:
    """What is seen, in a tuple for it may be None; and in words."""
    try:
        seen = look()
    except _IN_VAIN as error:
        return None, f"{type(error).__name__}: {error}"
    return (seen,), pformat(seen)
