"""How a container ended, from what the engine tells of it: by itself, by its limit, or by somebody else.

The state: https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerInspect
"""

from __future__ import annotations

import signal
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from spacectl.model.state import Ended

_SIGNALLED = 128
"""Exit codes above it stand for signals, as in a shell."""

_PATIENCE_S = 60.0
"""A program that took longer to end than this after it was asked to has ended by itself."""

_ASKING = frozenset({signal.SIGINT, signal.SIGQUIT, signal.SIGKILL, signal.SIGTERM})
"""Signals that ask a program to end; with others somebody tells it something."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A signal that the engine has sent to a container.

    Attributes:
        at_s: seconds since the epoch.
    """

    number: int
    at_s: float


def sent(event: Mapping[str, Any]) -> Sent:
    """What an event of the engine, of the kind `kill`, tells."""
    return Sent(int(event["Actor"]["Attributes"].get("signal", 0)), event["timeNano"] / 1e9)


def ended(state: Mapping[str, Any], memory: int | None) -> Ended:
    """How it ended, whoever ended it.

    Args:
        state: what the engine says of a container that does not run.
        memory: its limit in bytes.
    """
    code = int(state["ExitCode"])
    if state["Status"] == "created":
        return Ended(None, None, "it was made, and never started")
    if state.get("OOMKilled"):
        limit = f" of {memory} bytes" if memory else ""
        return Ended(None, 9, f"it used more memory than its limit{limit}")
    if state.get("Error") and code:
        return Ended(None, None, f"it could not be started: {state['Error']}")
    return Ended(code, None) if code <= _SIGNALLED else Ended(None, code - _SIGNALLED)


def ended_by(signals: Iterable[Sent], seen: Mapping[str, Any]) -> int | None:
    """The signal that made a program end that made an exit code of it; None where it ended by itself.

    Args:
        signals: those that it was sent, in order.
        seen: what the engine says of it.
    """
    finished_s = datetime.fromisoformat(seen["State"]["FinishedAt"]).timestamp()
    asking = _ASKING | {_number(seen["Config"].get("StopSignal") or "SIGTERM")}
    asked = [each.number for each in signals if each.number in asking and finished_s - each.at_s <= _PATIENCE_S]
    return asked[-1] if asked else None


def _number(word: str) -> int:
    """A signal as an image names it: `SIGQUIT`, `QUIT` or `3`; 0 for one of those that only the engine knows."""
    name = f"SIG{word.upper().removeprefix('SIG')}"
    return int(word) if word.isdecimal() else int(signal.Signals.__members__.get(name, 0))
