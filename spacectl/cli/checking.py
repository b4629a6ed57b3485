"""Runs the checks of a system: of an isolated copy that is brought up for it and removed, or of the one that is up."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from spacectl.adapters.control.client import ControlClient
from spacectl.cli import output
from spacectl.cli.options import RuntimeName
from spacectl.core.judging import unsettled
from spacectl.errors import AlreadyRunningError, SpacectlError
from spacectl.model.layout import Layout
from spacectl.model.report_check import CheckReport, CheckResult, Planned

if TYPE_CHECKING:
    from spacectl.errors import NotReadyError
    from spacectl.wiring.prepare import Prepared
    from spacectl.wiring.start import Lock

_PLUGIN = "spacectl.checks.suite"
_LOG = "pytest.txt"
_READY = Planned(id="ready", name="everything is ready", group="system")
_LEFT = Planned(id="left", name="no process is left", group="end")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for.

    Attributes:
        timeout: how long all of it may take, as the user wrote it.
        deadline: when that is over, in monotonic seconds.
        started: when the check began.
        keep: leave the copy up.
        restart_check: restart each space once.
        against: a git revision; how contracts changed since is judged, too.
        runtime: what every space of the copy runs as; None for what the manifests say.
    """

    timeout: str
    deadline: float
    started: datetime
    keep: bool
    restart_check: bool
    against: str | None
    runtime: RuntimeName | None


@dataclass(slots=True)
class Found:
    """What was found.

    Attributes:
        layout: the system that was checked.
        is_ready: it came up.
        files: what the bundle is to hold beside the logs.
        bundle: where it is, where something failed.
    """

    layout: Layout
    results: list[CheckResult] = field(default_factory=list)
    is_ready: bool = True
    files: dict[str, str] = field(default_factory=dict)
    bundle: Path | None = None

    @property
    def failed(self) -> bool:
        return any(result.outcome == "failed" for result in self.results)

    def report(self, system: str, started: datetime, seconds: float) -> CheckReport:
        """All of it as it is told."""
        failed: Literal["failed", "passed"] = "failed" if self.failed else "passed"
        return CheckReport(
            system=system,
            outcome=failed if self.is_ready else "not ready",
            started=started.isoformat(timespec="seconds").replace("+00:00", "Z"),
            seconds=seconds,
            results=tuple(self.results),
            bundle=None if self.bundle is None else str(self.bundle),
        )

    def add_to_bundle(self, files: Mapping[str, str]) -> None:
        """Put more into the bundle, where there is one."""
        from spacectl.wiring.bundle import write_bundle

        if self.bundle is not None:
            write_bundle(self.layout, files)


def check_running(layout: Layout, wish: Wish) -> Found:
    """Check the system that is up; nothing is stopped.

    Raises:
        NotRunningError: it is not up.
    """
    from spacectl.cli.endings import report_of
    from spacectl.wiring.bundle import begin_bundle, events, write_bundle

    report_of(ControlClient(layout.control_socket), layout)
    begin_bundle(layout)
    found = Found(layout)
    _run_checks(found, wish, leave_out=("restart", "stop"))
    if found.failed:
        found.bundle = write_bundle(layout, {**found.files, **events(layout, wish.started)})
    return found


def check_copy(root: Layout, wish: Wish) -> Found:
    """Bring up an isolated copy, check it, take it down, and remove it.

    Raises:
        SpacectlError: it cannot be brought up at all, or its supervisor ended.
    """
    from spacectl.cli.claiming import claim_check
    from spacectl.wiring.bundle import begin_bundle, write_bundle
    from spacectl.wiring.prepare import prepare, read_manifests

    copy, lock = claim_check(root)
    found = Found(copy)
    try:
        with lock:
            begin_bundle(copy)
            _check_prepared(found, prepare(read_manifests(copy), copy, (), (), runtime=wish.runtime), lock, wish)
        if not wish.keep:
            found.results.append(_nothing_left(copy))
        if found.failed:
            found.bundle = write_bundle(copy, found.files)
    finally:
        if not wish.keep:
            _put_away(copy)
    return found


def _check_prepared(found: Found, prepared: Prepared, lock: Lock, wish: Wish) -> None:
    from spacectl.cli.attending import Attendance
    from spacectl.cli.signals import held_back
    from spacectl.wiring.bundle import events, snapshot
    from spacectl.wiring.start import start

    attendance = Attendance(found.layout)
    with attendance:
        began = time.monotonic()
        with held_back():
            attendance.process = start(prepared, lock, watch=False)
        problem = attendance.come_up(wish.deadline, wish.timeout, stays=False)
        if problem is not None:
            found.is_ready = False
            found.results += _not_ready(found.layout, problem, time.monotonic() - began)
            found.files |= snapshot(found.layout)
        else:
            left_out = (*(() if wish.restart_check else ("restart",)), *(("stop",) if wish.keep else ()))
            _run_checks(found, wish, leave_out=left_out)
        if found.failed:
            found.files |= events(found.layout, wish.started)
        if wish.keep:
            attendance.process.let_run()
            output.say(f"the copy runs on; other commands reach it with --system {found.layout.home}")


def _run_checks(found: Found, wish: Wish, *, leave_out: Iterable[str]) -> None:
    from spacectl.adapters.pytest_run import PytestOrder, PytestRun
    from spacectl.cli.check_hearing import Hearing, how_ended
    from spacectl.cli.check_showing import Progress
    from spacectl.wiring.bundle import snapshot

    layout, log = found.layout, found.layout.run / _LOG
    order = PytestOrder(
        folder=layout.root,
        paths=("system.toml", *(("checks",) if layout.root.joinpath("checks").is_dir() else ())),
        plugin=_PLUGIN,
        options=_options(leave_out, wish.against),
        environment=os.environ | {"SPACECTL_SYSTEM": str(layout.home)},
        log=log,
    )
    with Progress() as progress, PytestRun(order) as run:
        hearing = Hearing(progress)
        for told in run.progress(wish.deadline):
            if told is None:
                continue
            hearing.hear(told)
            if told.result is not None and told.result.outcome == "failed" and "states.json" not in found.files:
                found.files |= snapshot(layout)  # as near to what went wrong as can be
        late = time.monotonic() >= wish.deadline
        left = _unsettled(layout) if late else ()
        run.end()
        hearing.conclude(f"not within --timeout {wish.timeout}" if late else how_ended(run.code), log, left)
    found.results += hearing.results
    found.files[_LOG] = log.read_text(encoding="utf-8", errors="replace")


def _unsettled(layout: Layout) -> tuple[str, ...]:
    """What the end checks would say of the events, for they come too late to say it."""
    with contextlib.suppress(SpacectlError):
        if told := unsettled(ControlClient(layout.control_socket).flow()):
            return ("not settled by then:", *told)
    return ()


def _options(leave_out: Iterable[str], against: str | None) -> tuple[str, ...]:
    left_out = (f"--spacectl-leave-out={kind}" for kind in leave_out)
    return (*left_out, *(() if against is None else (f"--spacectl-against={against}",)))


def _not_ready(layout: Layout, problem: NotReadyError, seconds: float) -> list[CheckResult]:
    """One failure for each replica that is missing; one for all where nothing is known of them."""
    from spacectl.cli.check_hearing import failed
    from spacectl.view.verdict import missing, missing_engines

    ps = ControlClient(layout.control_socket).report()
    wrong = {name: f"{engine.state}: {engine.reason}" for name, engine in missing_engines(ps).items()}
    tails: dict[str, tuple[str, ...]] = {}
    for replica in missing(ps):
        wrong[replica.name] = replica.state + (f": {replica.reason}" if replica.reason else "")
        tails[replica.name] = replica.tail
    if not wrong:
        return [failed(_READY, problem.message, problem.message, seconds)]
    return [
        failed(
            Planned(id=f"ready {name}", name=f"{name} is ready", group="system"),
            why, "\n".join([why, *tails.get(name, ())]), seconds,
        )
        for name, why in wrong.items()
    ]  # fmt: skip


def _nothing_left(copy: Layout) -> CheckResult:
    from spacectl.cli.check_hearing import failed
    from spacectl.wiring import leftovers

    left = leftovers.find(copy)
    if left:
        return failed(_LEFT, leftovers.told(left), leftovers.told(left))
    return CheckResult(id=_LEFT.id, name=_LEFT.name, group=_LEFT.group, outcome="passed")


def _put_away(copy: Layout) -> None:
    """Remove what the copy left on the disk, and end what is left of its processes."""
    from spacectl.wiring import leftovers
    from spacectl.wiring.removing import remove
    from spacectl.wiring.start import take_lock

    try:
        with take_lock(copy):
            leftovers.end(copy, patience_s=0.0)
            remove(copy)
    except AlreadyRunningError:
        output.say(f"kept {copy.home}: its supervisor has not ended")
