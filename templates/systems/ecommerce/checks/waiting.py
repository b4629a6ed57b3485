"""Waiting for a fact, with a deadline and an account of what was seen instead."""

import os
import time
from collections.abc import Callable
from pprint import pformat
from typing import TypeVar

Seen = TypeVar("Seen")

PATIENCE_S = float(os.environ.get("CHECKS_PATIENCE_S", "90"))
"""How long a fact may take to come true. What a killed space had in hand comes again after 30 s."""

FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 1.0


def until(
    look: Callable[[], Seen],
    holds: Callable[[Seen], bool],
    what: str,
    *,
    within_s: float = PATIENCE_S,
    show: Callable[[Seen], str] = pformat,
) -> Seen:
    """Look again and again until what is seen `holds`, and return it.

    Raises:
        AssertionError: it did not come true in time; the message shows what was seen last.
    """
    __tracebackhide__ = True  # what was seen matters, not where the waiting is written
    deadline = time.monotonic() + within_s
    pause_s = FIRST_PAUSE_S
    while not holds(seen := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {within_s:g} s; last seen:\n{show(seen)}")
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.5, LONGEST_PAUSE_S)
    return seen
