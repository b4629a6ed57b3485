"""Decides what changes where a running system is to become what its manifests say now, and says why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from spacectl.model.launch import Launch
from spacectl.model.manifest import SpaceManifest
from spacectl.model.phase import Phase
from spacectl.model.report import SpaceChange
from spacectl.model.state import Unit

_AT_REST = frozenset({Phase.STOPPED, Phase.FAILED})
_LIVE = ("space", "ready", "alive", "restart", "stop", "watch", "events")
"""Sections that count for a running process from now on; it need not be started again for them."""


@dataclass(frozen=True, slots=True)
class Relaunch:
    """A replica that runs: how it was started, and how it would be started now."""

    unit: str
    before: Launch
    now: Launch


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done.

    Attributes:
        changes: what a person is shown; a space that is not among them is not touched.
        renew: the spaces whose processes are started again.
        start: the spaces that are to run and do not.
    """

    changes: tuple[SpaceChange, ...]
    renew: frozenset[str]
    start: frozenset[str]


def plan_changes(
    known: Mapping[str, Unit],
    written: Iterable[Unit],
    *,
    relaunches: Iterable[Relaunch],
    stale: frozenset[str],
    selected: frozenset[str],
) -> Plan:
    """Compare what runs with what is written.

    Args:
        known: the units as they are.
        written: the spaces as they are written now, each with as many replicas as it is to have.
        relaunches: of every replica that runs.
        stale: the spaces whose build inputs are others than when they were built.
        selected: the spaces that are to run.
    """
    wanted = {unit.name: unit for unit in written}
    again = list(relaunches)
    changes = [
        *(
            change
            for name, unit in sorted(wanted.items())
            for change in _changes(
                known.get(name), unit, [each for each in again if each.unit == name], name in stale, name in selected
            )
        ),
        *_stops(known, wanted),
    ]
    return Plan(
        tuple(changes),
        renew=frozenset(each.space for each in changes if each.kind == "restart"),
        start=frozenset(each.space for each in changes if each.kind == "start"),
    )


def _changes(
    known: Unit | None, written: Unit, again: list[Relaunch], stale: bool, selected: bool
) -> Iterator[SpaceChange]:
    name = written.name
    if known is None or known.leaving:
        if selected:
            yield SpaceChange(space=name, kind="start", why="new")
        else:
            yield SpaceChange(space=name, kind="add", why="new, and not among what is to start")
        return
    count = len(written.replicas)
    if count != len(known.staying):
        why = f"from {len(known.staying)} to {count} {'replica' if count == 1 else 'replicas'}"
        yield SpaceChange(space=name, kind="scale", why=why, replicas=count)
    reasons = list(_reasons(known.manifest, written.manifest, again, stale=stale))
    if known.wanted and reasons:
        yield SpaceChange(space=name, kind="restart", why="; ".join(reasons))
    elif selected and (rests := _rests(known, count)) is not None:
        yield SpaceChange(space=name, kind="start", why=rests)
    elif live := _live_sections(known, written):
        yield SpaceChange(space=name, kind="update", why=f"{' '.join(live)} changed; it runs on")


def _reasons(known: SpaceManifest, written: SpaceManifest, again: list[Relaunch], *, stale: bool) -> Iterator[str]:
    """Why what runs, or ran, is no longer what is written. Values are never told: they may be secrets."""
    launched = dict.fromkeys(reason for each in again for reason in relaunched(each.before, each.now))
    yield from launched if again else _rewritten(known, written)
    if known.space.kind != written.space.kind:
        yield f"it is a {written.space.kind} now"
    if written.build.command is not None and known.build.command != written.build.command:
        yield "build command changed"
    elif stale:
        yield "build inputs changed"
    for section, word in ((known.container, "container"), (known.limits, "limits")):
        if section != getattr(written, word):
            yield f"[{word}] changed"
    if known.run.runtime != written.run.runtime:
        yield "runtime changed"
    if known.api.serves != written.api.serves:
        yield "[api] serves changed"


def relaunched(before: Launch, now: Launch) -> Iterator[str]:
    """Why a process is not what it would be started as now. Values are never told: they may be secrets."""
    if before.argv != now.argv:
        yield "command changed"
    if before.container != now.container and before.container is not None and now.container is not None:
        yield "image changed" if before.container.image != now.container.image else "[container] or [limits] changed"
    if before.folder != now.folder:
        yield "its folder is another one"
    if before.port != now.port:
        yield "port changed"
    yield from _env_changed(before.env, now.env, known={"PORT"} if before.port != now.port else set())


def _rewritten(known: SpaceManifest, written: SpaceManifest) -> Iterator[str]:
    if known.run.command != written.run.command:
        yield "command changed"
    if known.api.port != written.api.port:
        yield "port changed"
    if known.run.env_file != written.run.env_file:
        yield "env_file changed"
    if known.api.calls != written.api.calls:
        yield "[api] calls changed"
    yield from _env_changed(known.run.env, written.run.env, known=set())


def _env_changed(before: Mapping[str, str], now: Mapping[str, str], *, known: set[str]) -> Iterator[str]:
    names = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
    if told := [name for name in names if name not in known]:
        yield f"env {', '.join(told)} changed"


def _rests(unit: Unit, count: int) -> str | None:
    """Why a unit that is to run does not; None where it runs, is on its way, or has done its work."""
    resting = [each for each in unit.staying[:count] if each.phase in _AT_REST or not each.wanted]
    if not resting:
        return None
    failed = any(each.phase is Phase.FAILED for each in resting)
    return "it had failed" if failed else "it was at rest"


def _live_sections(known: Unit, written: Unit) -> list[str]:
    before, now = known.manifest, written.manifest
    sections = [f"[{name}]" for name in _LIVE if getattr(before, name) != getattr(now, name)]
    return [*sections, *(["after"] if known.after != written.after else [])]


def _stops(known: Mapping[str, Unit], wanted: Mapping[str, Unit]) -> Iterator[SpaceChange]:
    for name, unit in sorted(known.items()):
        if name not in wanted and not unit.engine and not unit.leaving:
            yield SpaceChange(space=name, kind="stop", why="no longer part of the system")
