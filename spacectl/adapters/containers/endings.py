"""How a container ended, from what the engine tells of it: by itself, by its limit, or by somebody else.

The state: https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerInspect
"""

from __future__ import annotations

import signal
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from spacectl.model.state import Ended

_SIGNALLED = 128
"""Exit codes above it stand for signals, as in a shell."""

EVENTS = ("kill", "die")
"""What of the engine's events tells how a container ended."""

_NS = 1e9
_PATIENCE_S = 60.0
"""A program that took longer to end than this after it was asked to has ended by itself."""

_ASKING = frozenset({signal.SIGINT, signal.SIGQUIT, signal.SIGKILL, signal.SIGTERM})
"""Signals that ask a program to end; with others somebody tells it something."""


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


def from_outside(events: Iterable[Mapping[str, Any]], seen: Mapping[str, Any], *, watched: bool) -> str | None:
    """Why a program ended that made an exit code of it, where it did not end by itself; None where it did.

    Args:
        events: what the engine tells of it of the kinds EVENTS, in order; it keeps a few hundred, and none when it is
            started anew.
        seen: what the engine says of it.
        watched: it ended a moment ago, so that an engine that knows nothing of that was started anew.
    """
    told = list(events)
    if watched and not any(each["Action"] == "die" for each in told):
        return "it ended with the Docker engine"
    finished_ns = datetime.fromisoformat(seen["State"]["FinishedAt"]).timestamp() * _NS
    asking = _ASKING | {_number(seen["Config"].get("StopSignal") or "SIGTERM")}
    recent = [each for each in told if each["Action"] == "kill" and finished_ns - each["timeNano"] <= _PATIENCE_S * _NS]
    numbers = [int(each["Actor"]["Attributes"].get("signal", 0)) for each in recent]
    asked = [number for number in numbers if number in asking]
    return f"stopped from outside, or with the Docker engine, by signal {asked[-1]}" if asked else None


def _number(word: str) -> int:
    """A signal as an image names it: `SIGQUIT`, `QUIT` or `3`; 0 for one of those that only the engine knows."""
    name = f"SIG{word.upper().removeprefix('SIG')}"
    return int(word) if word.isdecimal() else int(signal.Signals.__members__.get(name, 0))
