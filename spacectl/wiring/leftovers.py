"""What a killed supervisor left behind: found by the system's mark and its records, sorted out, taken over or ended."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Callable, Collection, Iterable, Mapping

from spacectl.adapters.processes import leftovers
from spacectl.adapters.run_records import RunRecords, boot_id
from spacectl.core.adopting import Found, Survivors, scales_of, survivors
from spacectl.core.assemble import ENGINES, assemble
from spacectl.core.environment import INSTANCE
from spacectl.core.scaling import counts_of, still_asked
from spacectl.model.container import pseudo_pid
from spacectl.model.layout import Layout
from spacectl.model.record import UnitRecord
from spacectl.model.system import System
from spacectl.wiring.prepare import instance_of

_MOST_NAMED = 12


def find(layout: Layout) -> list[Found]:
    """The live processes of this system; with no supervisor there should be none."""
    return _found(layout, _records(layout))


def told(left: Iterable[Found]) -> str:
    """The processes in words: `bus.1 (pid 8), orders.1 (pid 9)`."""
    words = [f"{each.name} ({_place(each)})" for each in sorted(left, key=lambda each: (each.name, each.pid))]
    return ", ".join(words[:_MOST_NAMED]) + (f" and {len(words) - _MOST_NAMED} more" if words[_MOST_NAMED:] else "")


def _place(found: Found) -> str:
    return f"pid {found.pid}" if found.pid > 0 else f"container {found.mark}"


def survey(layout: Layout, system: System, counts: Mapping[str, int]) -> Survivors:
    """Sort out what an earlier supervisor of this system left running.

    Args:
        layout: where its records are.
        system: what its manifests say now.
        counts: how many replicas spaces are to have, where that is neither what the manifest says nor what was asked
            for in the earlier run.
    """
    records, run = _records(layout), RunRecords(layout.run).read_run()
    run = run if run is not None and run.boot == boot_id() else None
    scaled = {**counts_of(system, still_asked(scales_of(run), system)), **counts}
    state = assemble(system, embedded_bus=system.manifest.bus.url is None, counts=scaled)
    names = [replica.name for unit in state.units.values() for replica in unit.replicas]
    return survivors(names, records, _found(layout, records), time.monotonic(), run)


def end(
    layout: Layout,
    *,
    patience_s: float = 10.0,
    hurry: Callable[[], bool] = lambda: False,
    spared: Collection[str] = (),
) -> list[Found]:
    """End what a killed supervisor left, the engines last: its stop signal, then SIGKILL when the patience is over.

    Args:
        layout: the system.
        patience_s: how long they are waited for, in seconds.
        hurry: whether the patience is over already.
        spared: the marks of what is to live on.

    Returns:
        What it was.
    """
    found: dict[int, Found] = {}
    asked: set[int] = set()
    signals = {unit.unit: signal.Signals[unit.stop_signal] for unit in _records(layout)}
    deadline = time.monotonic() + patience_s
    while left := [each for each in find(layout) if each.mark not in spared]:
        found |= {each.pid: each for each in left}
        spaces = [each for each in left if each.name.rpartition(".")[0] not in ENGINES]
        for each in spaces or left:  # the spaces may need the engines to finish what they do
            if each.pid not in asked:
                asked.add(each.pid)
                _signal([each], signals.get(each.name.rpartition(".")[0], signal.SIGTERM))
        _signal((each for each in left if each.ended), signal.SIGTERM)  # of a container: this removes it
        if hurry() or time.monotonic() >= deadline:
            _signal(left, signal.SIGKILL)
        time.sleep(0.02)
    if not spared and may_have_containers(layout):
        from spacectl.adapters.containers.leftovers import remove_networks

        if remove_networks(instance_of(layout.home)):
            shutil.rmtree(layout.containers, ignore_errors=True)
    return list(found.values())


def kill(layout: Layout) -> None:
    """End all of it at once."""
    end(layout, patience_s=0.0)


def may_have_containers(layout: Layout) -> bool:
    """Whether it is worth asking an engine: containers ran here, or nobody knows what did."""
    return layout.containers.is_dir() or not layout.ports.exists()


def remove_images(layout: Layout) -> list[str]:
    """Remove the images that were built for the system; returns their names. An isolated copy has none of its own."""
    from spacectl.adapters.containers.leftovers import remove_images

    return remove_images(instance_of(layout.root)) if layout.copy is None else []


def _signal(found: Iterable[Found], number: int) -> None:
    everything = list(found)
    leftovers.signal_all((each.pid for each in everything if each.pid > 0), number)
    if names := [each.mark for each in everything if each.pid < 0]:
        from spacectl.adapters.containers.leftovers import end

        end(names, number)


def _records(layout: Layout) -> list[UnitRecord]:
    boot = boot_id()
    return [record for record in RunRecords(layout.run).read() if record.boot == boot]


def _found(layout: Layout, records: Iterable[UnitRecord]) -> list[Found]:
    recorded = {
        (each.pid, each.start_ticks): (f"{unit.unit}.{each.number}", each.mark)
        for unit in records
        for each in unit.replicas
        if each.pid and not each.ended
    }
    instance = instance_of(layout.home)
    processes = leftovers.find(INSTANCE, instance, {each: told for each, told in recorded.items() if each[0] > 0})
    if not may_have_containers(layout):
        return processes
    from spacectl.adapters.containers.leftovers import find

    containers = [
        Found(pseudo_pid(each.name), 0, each.replica, each.name, leads=True, ended=not each.is_running)
        for each in find(instance, were_there=layout.containers.is_dir())
    ]
    inside = {each.mark for each in containers}
    return [*(each for each in processes if each.mark not in inside), *containers]
