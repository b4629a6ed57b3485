"""What is made of an engine's words about a container that has ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from signal import SIGHUP, SIGINT, SIGKILL, SIGQUIT, SIGTERM, SIGUSR1
from typing import Any

import pytest

from spacectl.adapters.containers.endings import ended, from_outside
from spacectl.model.state import Ended

END = datetime(2026, 11, 25, 9, 0, 0, tzinfo=UTC)


def state(code: int, **more: Any) -> dict[str, Any]:
    return {"Status": "exited", "ExitCode": code, "OOMKilled": False, "Error": "", **more}


def seen(stop_signal: str | None = None) -> dict[str, Any]:
    finished = END.isoformat().replace("+00:00", ".714418582Z")
    config = {} if stop_signal is None else {"StopSignal": stop_signal}
    return {"State": state(0, FinishedAt=finished), "Config": config}


def before(seconds_s: float, action: str, **told: str) -> dict[str, Any]:
    """An event of the engine so long before the end."""
    at_ns = int((END - timedelta(seconds=seconds_s)).timestamp() * 1e9)
    return {"Action": action, "Actor": {"Attributes": told}, "timeNano": at_ns}


@pytest.mark.parametrize(
    ("told", "how"),
    [
        (state(0), Ended(0, None)),
        (state(3), Ended(3, None)),
        (state(137), Ended(None, 9)),
        (state(0, Status="created"), Ended(None, None, "it was made, and never started")),
        (state(137, OOMKilled=True), Ended(None, 9, "it used more memory than its limit of 64 bytes")),
        (state(127, Error="no such file"), Ended(None, None, "it could not be started: no such file")),
    ],
)
def test_what_a_state_says(told: dict[str, Any], how: Ended) -> None:
    assert ended(told, 64) == how


@pytest.mark.parametrize(
    ("signals", "stop_signal", "number"),
    [
        ([], None, None),
        ([(1, SIGTERM)], None, SIGTERM),
        ([(9, SIGINT), (1, SIGKILL)], None, SIGKILL),
        ([(1, SIGTERM), (0, SIGHUP)], None, SIGTERM),
        ([(1, SIGHUP)], None, None),
        ([(3_600, SIGTERM)], None, None),
        ([(1, SIGUSR1)], "SIGUSR1", SIGUSR1),
        ([(1, SIGUSR1)], "10", SIGUSR1),
        ([(1, SIGQUIT)], "SIGRTMIN+3", SIGQUIT),
    ],
)
def test_only_a_signal_that_ended_it_counts(
    signals: list[tuple[int, int]], stop_signal: str | None, number: int | None
) -> None:
    told = [before(seconds_s, "kill", signal=str(number)) for seconds_s, number in signals]
    cause = from_outside([*told, before(0, "die", exitCode="0")], seen(stop_signal), watched=True)
    assert cause == (None if number is None else f"stopped from outside, or with the Docker engine, by signal {number}")


def test_an_engine_that_did_not_see_the_end_ended_it() -> None:
    assert from_outside([], seen(), watched=True) == "it ended with the Docker engine"
    assert from_outside([], seen(), watched=False) is None
