"""Goes on with what an earlier supervisor left running, and restarts what is no longer what the manifests say."""

from __future__ import annotations

from spacectl.core.adopting import Survivors
from spacectl.core.plan_changes import relaunched
from spacectl.model.actions import Note
from spacectl.model.events import CompletedBefore, Restart
from spacectl.model.launch import SpawnError
from spacectl.runtime.supervisor import Supervisor
from spacectl.runtime.world import Process, World
from spacectl.wiring.launching import Launcher


def take_over(survivors: Survivors, supervisor: Supervisor, launcher: Launcher, world: World) -> None:
    """Adopt the processes that run on; to be called before anything is started."""
    state = supervisor.loop.state
    changed: dict[str, str] = {}
    for event in survivors.adopted:
        replica = state.replica(event.replica)
        unit = state.units[replica.unit]
        process = launcher.adopt(unit, replica.number, event, survivors.launches.get(event.replica))
        world.adopt(unit, replica.number, process, event)
        if not unit.engine and (why := _changed(launcher, unit.name, replica.number, process)):
            changed[unit.name] = why
    for name in survivors.completed:
        supervisor.post(CompletedBefore(name))
    for name, why in changed.items():
        supervisor.note(Note(name, "apply: restart", why))
    if changed:
        supervisor.post(Restart(frozenset(changed)))


def _changed(launcher: Launcher, unit: str, number: int, process: Process) -> str:
    """Why a process is to be started anew, in words; empty where it is what it would be started as now."""
    try:
        now = launcher.would_start_now(unit, number)
    except SpawnError:  # it could not be started again: it runs on
        return ""
    return "; ".join(relaunched(process.launch, now))
