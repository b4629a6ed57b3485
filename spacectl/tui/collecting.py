"""How seldom Python looks for unreachable cycles while the cockpit is open."""

from __future__ import annotations

import gc

_THRESHOLDS = (50_000, 20, 20)


def collect_seldom() -> None:
    """Look for cycles seldom, and never among what is there by now.

    A report of 5,000 edges is a hundred thousand objects, all of which a full collection walks through: with Python's
    own thresholds it doubled the time of a slow frame. Reports hold no cycles and go when they are replaced.
    """
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
