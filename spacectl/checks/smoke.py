"""Runs the `[[smoke]]` checks of the manifests."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial

import httpx

from spacectl.checks.bus import Bus, BusWatch
from spacectl.checks.running import RunningSystem
from spacectl.checks.written import CheckFailedError, Written
from spacectl.core.pointing import line_of
from spacectl.core.subset import differences
from spacectl.model.smoke import SmokeSection
from spacectl.model.system import Space

_REQUEST_S = 10.0
_PAUSE_S = 0.1
_REPEATABLE = frozenset({"GET", "HEAD"})
_MOST_OF_A_BODY = 1000


def smoke_checks(spaces: Iterable[Space]) -> Iterator[Written]:
    """Every smoke check of these spaces, with the line it begins at."""
    for space in spaces:
        for index, smoke in enumerate(space.manifest.smoke):
            line = line_of(space.source, ("smoke", index))
            run = partial(_run, space=space.name, smoke=smoke)
            yield Written(f"{space.name}: {_named(smoke)}", "smoke", run, space.source.file, line)


def _named(smoke: SmokeSection) -> str:
    if smoke.name is not None:
        return smoke.name
    does = smoke.request or f"publish {smoke.publish}"
    return f"{does}, then {smoke.expect_event}" if smoke.expect_event else does


def _run(running: RunningSystem, space: str, smoke: SmokeSection) -> None:
    if smoke.publish is None and smoke.expect_event is None:
        _ask(running.urls[space], smoke)
        return
    began = datetime.now(UTC)
    with closing(BusWatch(running.layout, began)) as watch:
        bus = Bus(running, watch, began)
        if smoke.publish is not None:
            bus.publish(smoke.publish, smoke.body)
        else:
            _ask(running.urls[space], smoke)
        if smoke.expect_event is not None:
            wanted = smoke.expect_json if smoke.request is None else None
            where = None if wanted is None else partial(_holds, wanted)
            bus.expect(smoke.expect_event, where=where, within=smoke.within_s)


def _holds(wanted: object, data: object) -> bool:
    return not differences(wanted, data)


def _ask(url: str, smoke: SmokeSection) -> None:
    method, _, path = (smoke.request or "").partition(" ")
    deadline = time.monotonic() + smoke.within_s
    while wrong := _wrong(method, url + path, smoke):
        if method not in _REPEATABLE or time.monotonic() >= deadline:
            raise CheckFailedError(f"{smoke.request}: {wrong}")
        time.sleep(_PAUSE_S)


def _wrong(method: str, url: str, smoke: SmokeSection) -> str | None:
    """What is wrong with the answer, or None."""
    body = {} if smoke.body is None else {"json": smoke.body}
    try:
        answer = httpx.request(method, url, timeout=_REQUEST_S, trust_env=False, **body)  # type: ignore[arg-type]
    except httpx.HTTPError as error:
        return f"no answer: {error!r}"
    told = f"the answer: {answer.text[:_MOST_OF_A_BODY]}"
    if answer.status_code != smoke.expect:
        return f"expected {smoke.expect}, not {answer.status_code}\n{told}"
    if smoke.expect_json is None:
        return None
    try:
        found = differences(smoke.expect_json, answer.json())
    except ValueError:
        return f"the answer is not JSON\n{told}"
    return "\n".join([*found, told]) if found else None
