"""The checks that every system has: what must be true whatever its spaces do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import httpx

from spacectl.adapters.journal import notes_since
from spacectl.checks.contracts import contract_checks
from spacectl.checks.running import RunningSystem
from spacectl.checks.smoke import smoke_checks
from spacectl.checks.written import CheckFailedError, CheckSkippedError, Written
from spacectl.core.judging import dead_ends, given_up, refused, restarted, undrained, unsettled
from spacectl.core.pointing import line_of
from spacectl.errors import NotRunningError
from spacectl.model.flow import FlowReport
from spacectl.model.report import PsReport, SpaceReport
from spacectl.model.system import Space, System
from spacectl.view.verdict import is_lost, is_there, missing, missing_engines, resting
from spacectl.wiring.prepare import read_manifests

RESTART, STOP = "restart", "stop"
_HEALTH = "/health"
_REQUEST_S = 10.0
_DRAIN_S = 10.0
_LOOK_S = 0.05
_SLACK_S = 10.0
"""What a machine under load may take longer than the manifests say."""


def written_checks(running: RunningSystem, against: str | None = None) -> Iterator[Written]:
    """Every check of the system that runs, in the order of their groups; `against` is a git revision."""
    system = read_manifests(running.layout)
    spaces = [space for space in system.spaces if _desired(running, space.name)]
    services = [space for space in spaces if space.manifest.space.kind == "service"]
    yield Written("everything is ready", "system", _all_ready)
    yield Written("no declared edge points at nothing", "system", partial(_no_dead_ends, system=system))
    for space in services:
        if space.manifest.api.serves:
            written = Written("answers its health path", "system", partial(_answers, space=space))
            yield _of(space, written, "ready", "http")
    yield from contract_checks(running, against)
    yield from smoke_checks(spaces)
    yield Written("every event is settled", "end", partial(_settled, system=system))
    yield Written("nothing crashed or gave up", "end", _no_crash)
    yield Written("the bus refused nothing", "end", _nothing_refused)
    for space in services:
        yield _of(space, Written("restarts cleanly", "end", partial(_restarts, space=space), kind=RESTART), "run")
    for space in reversed(services):
        written = Written("stops when it is told to", "end", partial(_stops, space=space), kind=STOP)
        yield _of(space, written, "stop", "timeout")


def _of(space: Space, written: Written, *path: str) -> Written:
    """The same check, in the name of a space and at a line of its manifest."""
    line = line_of(space.source, path) or line_of(space.source, ("space",))
    return replace(written, name=f"{space.name} {written.name}", file=space.source.file, line=line)


def _desired(running: RunningSystem, name: str) -> bool:
    return any(space.name == name and space.desired > 0 for space in running.report.spaces)


def _refuse(wrong: Iterable[str]) -> None:
    told = list(wrong)
    if told:
        raise CheckFailedError("\n".join(told))


def _all_ready(running: RunningSystem) -> None:
    ps = running.report
    _refuse([
        *(f"{name}: {engine.state}: {engine.reason}" for name, engine in missing_engines(ps).items()),
        *(f"{each.name}: {each.state}" + (f": {each.reason}" if each.reason else "") for each in missing(ps)),
    ])  # fmt: skip


def _no_dead_ends(running: RunningSystem, system: System) -> None:
    _refuse(dead_ends(system, {space.name for space in running.report.spaces if space.desired > 0}))


def _answers(running: RunningSystem, space: Space) -> None:
    """A path that a manifest names must answer with 2xx or 3xx, as for the probe; the usual one, if it is there."""
    url = running.urls[space.name]
    alive = space.manifest.alive
    declared = space.manifest.ready.http or (alive.http if alive is not None else None)
    path = declared or _HEALTH
    try:
        answer = httpx.get(url + path, timeout=_REQUEST_S, trust_env=False)
    except httpx.HTTPError as error:
        raise CheckFailedError(f"{space.name}: GET {url}{path}: {error!r}") from error
    if declared is None and answer.status_code == httpx.codes.NOT_FOUND:
        raise CheckSkippedError(f"{space.name} declares no health path, and has nothing at {_HEALTH}")
    if answer.is_error:
        body = answer.text[:500]
        raise CheckFailedError(f"{space.name}: GET {path} through the front door answers {answer.status_code}: {body}")


def _settled(running: RunningSystem, system: System) -> None:
    """Wait as long as something moves, and once as long as the slowest acknowledgement may take."""
    waits = [space.manifest.events.delivery.ack_wait_s for space in system.spaces if space.manifest.events.subscribes]
    if not waits:
        raise CheckSkippedError("no space subscribes to anything")
    patience_s = max(_DRAIN_S, max(waits) + _DRAIN_S / 2)
    began, last = time.time(), -1
    deadline = time.monotonic() + patience_s
    while True:
        flow = running.client.flow()
        if flow.at is not None and datetime.fromisoformat(flow.at).timestamp() > began:
            if given_up(flow):
                raise CheckFailedError("\n".join(unsettled(flow)))
            if not undrained(flow):
                return
        if (moved := _settled_so_far(flow)) > last:
            last, deadline = moved, time.monotonic() + patience_s
        if time.monotonic() >= deadline:
            break
        time.sleep(_LOOK_S * 4)
    _refuse(undrained(flow) or ["the bus's counters cannot be read: " + ", ".join(flow.unseen)])


def _settled_so_far(flow: FlowReport) -> int:
    return sum(edge.total - edge.in_flight for edge in flow.edges if edge.kind == "event")


def _no_crash(running: RunningSystem) -> None:
    _refuse(restarted(running.report, running.forgiven))


def _nothing_refused(running: RunningSystem) -> None:
    _refuse(refused(running.report))


def _restarts(running: RunningSystem, space: Space) -> None:
    before = running.report
    old = {each.place for each in _space(before, space.name).replicas} - {None}
    manifest, replicas = space.manifest, max(1, len(_space(before, space.name).replicas))
    limit_s = replicas * (manifest.stop.timeout_s + manifest.ready.start_timeout_s) + _SLACK_S
    began = datetime.now(UTC)
    running.client.restart((space.name,))
    now = _wait(running, limit_s, lambda ps: _is_renewed(_space(ps, space.name), old))
    _refuse(_killed(running, space.name, began))
    told = _space(now, space.name)
    if not is_there(told) or old & {each.place for each in told.replicas}:
        raise CheckFailedError("\n".join(f"{each.name}: {each.state}: {each.reason}" for each in told.replicas))
    _refuse(_crashes(running, space.name, began))


def _is_renewed(space: SpaceReport, old: set[str | None]) -> bool:
    return (is_there(space) and not old & {each.place for each in space.replicas}) or is_lost(space)


def _stops(running: RunningSystem, space: Space) -> None:
    began = datetime.now(UTC)
    running.client.stop((space.name,))
    limit_s = space.manifest.stop.timeout_s + _SLACK_S
    now = _wait(running, limit_s, lambda ps: resting(ps, (space.name,)))
    _refuse(_killed(running, space.name, began))
    if not resting(now, (space.name,)):
        raise CheckFailedError(f"{space.name} was still there after {limit_s:g} s")


def _killed(running: RunningSystem, name: str, since: datetime) -> list[str]:
    """What did not end within its time and was killed."""
    return _noted(running, name, since, {"killed"})


def _crashes(running: RunningSystem, name: str, since: datetime) -> list[str]:
    return _noted(running, name, since, {"backoff", "failed"})


def _noted(running: RunningSystem, name: str, since: datetime, kinds: set[str]) -> list[str]:
    return [
        f"{note.subject}: {note.text}"
        for note in notes_since(running.layout.supervisor_log, since)
        if note.kind in kinds and note.subject.rpartition(".")[0] == name
    ]


def _wait(running: RunningSystem, limit_s: float, holds: Callable[[PsReport], bool]) -> PsReport:
    deadline = time.monotonic() + limit_s
    while not holds(now := running.report) and time.monotonic() < deadline:
        time.sleep(_LOOK_S)
    return now


def _space(ps: PsReport, name: str) -> SpaceReport:
    found = next((space for space in ps.spaces if space.name == name), None)
    if found is None:
        raise NotRunningError(f"{name} is no longer part of the system")
    return found
