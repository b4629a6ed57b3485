"""What a report means to someone who waits: it is there, it can no longer come, or it is still on its way."""

from __future__ import annotations

from collections.abc import Iterable

from spacectl.model.report import ChangesReport, EngineReport, PsReport, ReplicaReport, SpaceChange, SpaceReport

_THERE = {"service": "ready", "job": "completed"}
_ENGINE_THERE = frozenset({"ready", "external"})
_ENGINE_COMING = frozenset({"waiting", "starting"})
_HOPELESS = frozenset({"failed", "stopped"})


def is_there(space: SpaceReport) -> bool:
    """Whether a space is what it was started to be; one that nobody wants is."""
    if space.desired == 0:
        return True
    return all(replica.state == _THERE[space.kind] for replica in space.replicas)


def is_lost(space: SpaceReport) -> bool:
    """Whether a space will not get there without someone's doing."""
    return space.desired > 0 and any(replica.state in _HOPELESS for replica in space.replicas)


def engines(ps: PsReport) -> dict[str, EngineReport]:
    """What runs between the spaces, by name."""
    return {"bus": ps.bus} | ({} if ps.gateway is None else {"gateway": ps.gateway})


def missing_engines(ps: PsReport) -> dict[str, EngineReport]:
    """The engines without which spaces cannot talk, and that are not there."""
    return {name: engine for name, engine in engines(ps).items() if engine.state not in _ENGINE_THERE}


def settled(ps: PsReport, names: Iterable[str] | None = None) -> bool:
    """Whether all of these spaces are there, or waiting on is useless."""
    spaces = _of(ps, names)
    engine_is_lost = any(engine.state == "failed" for engine in engines(ps).values())
    if engine_is_lost or any(is_lost(space) for space in spaces):
        # Let the others arrive or fail first: one look then shows everything that is wrong.
        over = all(is_there(space) or is_lost(space) or _is_held(space) for space in spaces)
        return over and not any(engine.state in _ENGINE_COMING for engine in engines(ps).values())
    return not missing_engines(ps) and all(is_there(space) for space in spaces)


def changed(before: PsReport, now: PsReport, report: ChangesReport) -> bool:
    """Whether everything that was to change has, and the spaces it is about are there or never will be.

    Where somebody else has changed the system since, what they wanted counts: nobody waits for what will not come.
    """
    later = now.revision > report.revision
    return all(_is_done(before, now, each, later=later) for each in report.changes) and settled(now, report.spaces)


def unbuilt(now: PsReport, report: ChangesReport) -> tuple[str, ...]:
    """The spaces that run on as they were, because the build of what they were to become failed."""
    renewed = {change.space for change in report.changes if change.kind == "restart"}
    return tuple(
        f"{space.name} ({space.reason})"
        for space in now.spaces
        if space.name in renewed and space.reason is not None and is_there(space)
    )


def _is_done(before: PsReport, now: PsReport, change: SpaceChange, *, later: bool) -> bool:
    space = next((space for space in now.spaces if space.name == change.space), None)
    match change.kind:
        case "stop":
            return space is None or later
        case "scale":
            return later or (space is not None and len(space.replicas) == change.replicas)
        case "restart" if space is None:
            return later
        case "restart":
            return space is not None and (
                space.reason is not None or _places(before, space.name).isdisjoint(_places(now))
            )
        case _:
            return space is not None or later


def _places(ps: PsReport, name: str | None = None) -> set[str]:
    """The processes and containers of a space, or of all."""
    replicas = [each for space in ps.spaces if name in {None, space.name} for each in space.replicas]
    return {each.place for each in replicas if each.place is not None}


def missing(ps: PsReport, names: Iterable[str] | None = None) -> list[ReplicaReport]:
    """The replicas that are not there."""
    return [
        replica
        for space in _of(ps, names)
        if not is_there(space)
        for replica in space.replicas
        if replica.state != _THERE[space.kind]
    ]


def resting(ps: PsReport, names: Iterable[str] | None = None) -> bool:
    """Whether none of these spaces has a process any more."""
    rest = {"stopped", "completed", "failed"}
    return all(replica.state in rest for space in _of(ps, names) for replica in space.replicas)


def _of(ps: PsReport, names: Iterable[str] | None) -> list[SpaceReport]:
    wanted = None if names is None else set(names)
    return [space for space in ps.spaces if wanted is None or space.name in wanted]


def _is_held(space: SpaceReport) -> bool:
    """Whether a space only waits for others."""
    return all(replica.state == "waiting" for replica in space.replicas)
