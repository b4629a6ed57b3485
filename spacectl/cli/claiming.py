"""Decides whether `up` starts a supervisor, or speaks to the one that runs: two at once never meet halfway."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

from spacectl.cli import output
from spacectl.errors import AlreadyRunningError, NotRunningError

if TYPE_CHECKING:
    from spacectl.model.layout import Layout
    from spacectl.wiring.start import Lock

_PATIENCE_S = 1.0
"""How long to wait for another command before saying so."""


def claim(layout: Layout, deadline: float) -> Lock | None:
    """The lock, with which a supervisor may be started; None where one runs already and listens.

    One that is just starting or stopping is waited for.

    Raises:
        AlreadyRunningError: it does neither listen nor end before the deadline (monotonic seconds).
    """
    from spacectl.wiring.start import try_take_lock

    tell_at = time.monotonic() + _PATIENCE_S
    while (lock := try_take_lock(layout)) is None:
        if _listens(layout):
            return None
        now = time.monotonic()
        if now >= deadline:
            message = (
                f"the system in {layout.home} is held by {_holder(layout)}, which is still starting or stopping it"
            )
            raise AlreadyRunningError(message, hint="`spacectl ps` shows how far it is, `spacectl down` ends it")
        if now >= tell_at:
            tell_at = deadline
            output.say(f"waiting for {_holder(layout)}, which is starting or stopping the system")
        time.sleep(0.02)
    return lock


def claim_copy(layout: Layout) -> tuple[Layout, Lock]:
    """The first isolated copy of which nothing runs, and its lock."""
    from spacectl.model.layout import Layout
    from spacectl.wiring import leftovers
    from spacectl.wiring.start import try_take_lock

    copies = (Layout(layout.root, str(number)) for number in itertools.count(1))
    unused = (copy for copy in copies if not copy.state.exists() or not leftovers.find(copy))
    return next((copy, lock) for copy in unused if (lock := try_take_lock(copy)) is not None)


def claim_check(layout: Layout) -> tuple[Layout, Lock]:
    """An empty isolated copy for a check, and its lock; what an earlier check left of it is gone."""
    from spacectl.model.layout import Layout
    from spacectl.wiring import leftovers
    from spacectl.wiring.removing import empty
    from spacectl.wiring.start import try_take_lock

    copies = (Layout(layout.root, f"check-{number}") for number in itertools.count(1))
    unused = (copy for copy in copies if not copy.state.exists() or not leftovers.find(copy))
    copy, lock = next((copy, lock) for copy in unused if (lock := try_take_lock(copy)) is not None)
    empty(copy)
    return copy, lock


def _listens(layout: Layout) -> bool:
    from spacectl.adapters.control.client import ControlClient

    try:
        return ControlClient(layout.control_socket).report().state != "stopping"
    except NotRunningError:
        return False


def _holder(layout: Layout) -> str:
    from spacectl.wiring.start import lock_holder

    pid = lock_holder(layout)
    return "another command" if pid is None else f"the supervisor (pid {pid})"
