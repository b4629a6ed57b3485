"""What is made of an engine's words about a container that has ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from signal import SIGHUP, SIGINT, SIGKILL, SIGQUIT, SIGTERM, SIGUSR1
from typing import Any

import pytest

from spacectl.adapters.containers.endings import Sent, ended, ended_by, sent
from spacectl.model.state import Ended

END = datetime(2026, 11, 25, 9, 0, 0, tzinfo=UTC)


def state(code: int, **more: Any) -> dict[str, Any]:
    return {"Status": "exited", "ExitCode": code, "OOMKilled": False, "Error": "", **more}


def seen(stop_signal: str | None = None) -> dict[str, Any]:
    finished = END.isoformat().replace("+00:00", ".714418582Z")
    config = {} if stop_signal is None else {"StopSignal": stop_signal}
    return {"State": state(0, FinishedAt=finished), "Config": config}


def before(seconds_s: float, number: int) -> Sent:
    return Sent(number, (END - timedelta(seconds=seconds_s)).timestamp())


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
        ([before(1, SIGTERM)], None, SIGTERM),
        ([before(9, SIGINT), before(1, SIGKILL)], None, SIGKILL),
        ([before(1, SIGTERM), before(0, SIGHUP)], None, SIGTERM),
        ([before(1, SIGHUP)], None, None),
        ([before(3_600, SIGTERM)], None, None),
        ([before(1, SIGUSR1)], "SIGUSR1", SIGUSR1),
        ([before(1, SIGUSR1)], "10", SIGUSR1),
        ([before(1, SIGQUIT)], "SIGRTMIN+3", SIGQUIT),
    ],
)
def test_only_a_signal_that_ended_it_counts(signals: list[Sent], stop_signal: str | None, number: int | None) -> None:
    assert ended_by(signals, seen(stop_signal)) == number


def test_what_an_event_says() -> None:
    event = {"Actor": {"Attributes": {"signal": "15"}}, "timeNano": 1_795_597_200_500_000_000}
    assert sent(event) == Sent(SIGTERM, 1_795_597_200.5)
