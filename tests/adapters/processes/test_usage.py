import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from spacectl.adapters.processes.children import Processes
from spacectl.adapters.processes.usage import Sampler, Usage
from spacectl.model.launch import Launch

pytestmark = pytest.mark.anyio
Eventually = Callable[[Callable[[], object]], Awaitable[None]]
Make = Callable[..., Launch]


async def sampled(sampler: Sampler, pid: int, fact: Callable[[Usage], bool], eventually: Eventually) -> None:
    await eventually(lambda: fact(sampler.sample([pid])[pid]))


async def test_a_busy_grandchild_counts_where_it_belongs(
    processes: Processes, launch: Make, eventually: Eventually
) -> None:
    busy = processes.spawn(launch("setsid sh -c 'while :; do :; done' & wait"))
    idle = processes.spawn(launch("exec sleep 300", log="idle"))
    sampler = Sampler()
    assert sampler.sample([busy.pid])[busy.pid].cpu_percent == 0.0  # nothing to compare with yet
    await sampled(sampler, busy.pid, lambda usage: usage.cpu_percent > 20, eventually)
    assert sampler.sample([idle.pid])[idle.pid].cpu_percent == 0.0


async def test_children_that_came_and_went_count(processes: Processes, launch: Make, eventually: Eventually) -> None:
    burst = "python3 -c 'sum(range(300_000))'"
    child = processes.spawn(launch(f"while :; do {burst}; done"))
    sampler = Sampler()
    sampler.sample([child.pid])

    def used() -> bool:
        sampler.sample([child.pid])
        return sampler._cpu_s[child.pid] > 0.3  # more than any one burst needs

    await eventually(used)


async def test_memory_is_that_of_the_whole_tree(
    processes: Processes, launch: Make, tmp_path: Path, eventually: Eventually
) -> None:
    hold = "held = bytearray(60_000_000); open('held', 'w').close(); import signal; signal.pause()"
    child = processes.spawn(launch(f'python3 -c "{hold}" & wait'))
    await eventually((tmp_path / "held").exists)
    await sampled(Sampler(), child.pid, lambda usage: usage.memory_bytes > 60_000_000, eventually)


async def test_who_is_not_there_is_left_out(processes: Processes, launch: Make) -> None:
    child = processes.spawn(launch("exec sleep 300"))
    sampler = Sampler()
    assert sampler.sample([child.pid]).keys() == {child.pid}
    os.killpg(child.pid, signal.SIGKILL)
    await child.ended
    assert sampler.sample([child.pid]) == {}


async def test_a_stranger_counts_from_when_it_is_asked_for(processes: Processes, launch: Make) -> None:
    first = processes.spawn(launch("exec sleep 300"))
    second = processes.spawn(launch("exec sleep 300", log="second"))
    sampler = Sampler()
    assert sampler.sample([first.pid]).keys() == {first.pid}
    assert sampler.sample([first.pid, second.pid]).keys() == {first.pid, second.pid}
