"""What a killed supervisor left behind: found by the system's mark, told by name, and ended."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterable

from spacectl.adapters import leftovers
from spacectl.adapters.leftovers import Leftover
from spacectl.core.assemble import ENGINES
from spacectl.core.environment import INSTANCE
from spacectl.errors import AlreadyRunningError
from spacectl.model.layout import Layout
from spacectl.wiring.prepare import instance_of

_MOST_NAMED = 12


def find(layout: Layout) -> list[Leftover]:
    """The processes that carry this system's mark; with no supervisor there should be none."""
    return leftovers.find(INSTANCE, instance_of(layout.root))


def told(left: Iterable[Leftover]) -> str:
    """The processes in words: `bus.1 (pid 8), orders.1 (pid 9)`."""
    words = [f"{each.name} (pid {each.pid})" for each in sorted(left, key=lambda each: (each.name, each.pid))]
    return ", ".join(words[:_MOST_NAMED]) + (f" and {len(words) - _MOST_NAMED} more" if words[_MOST_NAMED:] else "")


def refuse(layout: Layout) -> None:
    """Make sure that no process of an earlier run is left.

    Raises:
        AlreadyRunningError: one is; its supervisor was killed.
    """
    left = find(layout)
    if left:
        raise AlreadyRunningError(
            f"the supervisor of the system in {layout.root} was killed, and its processes live on: {told(left)}",
            hint="`spacectl down` ends them",
        )


def end(layout: Layout, *, patience_s: float = 10.0, hurry: Callable[[], bool] = lambda: False) -> list[Leftover]:
    """End what a killed supervisor left behind, the engines last: SIGTERM, then SIGKILL when the patience is over.

    Returns:
        What it was.
    """
    found: dict[int, Leftover] = {}
    terminated: set[int] = set()
    deadline = time.monotonic() + patience_s
    while left := find(layout):
        found |= {each.pid: each for each in left}
        spaces = [each.pid for each in left if each.name.rpartition(".")[0] not in ENGINES]
        next_to_go = spaces or [each.pid for each in left]  # the spaces may need the engines to finish what they do
        leftovers.signal_all((pid for pid in next_to_go if pid not in terminated), signal.SIGTERM)
        terminated |= set(next_to_go)
        if hurry() or time.monotonic() >= deadline:
            leftovers.signal_all((each.pid for each in left), signal.SIGKILL)
        time.sleep(0.02)
    return list(found.values())


def kill(layout: Layout) -> None:
    """End all of it at once."""
    end(layout, patience_s=0.0)
