import asyncio
import time

import pytest

from spacectl.errors import InternalError
from spacectl.model.actions import Action, Spawn, Terminate
from spacectl.model.events import Exited, Gone, ShutDown, Spawned, SpawnFailed, Start, Stop
from spacectl.model.manifest import SpaceManifest
from spacectl.model.phase import Phase
from spacectl.model.state import Ended, Replica, State, Unit
from spacectl.runtime.loop import Loop

pytestmark = pytest.mark.anyio
ORDERS = frozenset({"orders"})


def state() -> State:
    decoded = {
        "space": {"name": "orders"},
        "run": {"command": "x"},
        "restart": {"backoff": 0.02, "give_up": "3 in 60s"},
    }
    return State(
        {"orders": Unit("orders", SpaceManifest.model_validate(decoded), frozenset(), (Replica("orders", 1),))}
    )


class Machine:
    """Does at once what the loop asks for: processes end as soon as they are started, or when they are asked to."""

    def __init__(self, *, crashing: bool) -> None:
        self.crashing = crashing
        self.asked: list[Action] = []
        self.changes = 0
        self.pid = 0
        self.loop = Loop(state(), time.monotonic, self.perform, self.changed)

    def perform(self, action: Action, _: State) -> None:
        self.asked.append(action)
        if isinstance(action, Spawn):
            self.pid += 1
            self.loop.post(Spawned("orders.1", self.pid, 1))
        if (isinstance(action, Spawn) and self.crashing) or isinstance(action, Terminate):
            self.loop.post(Exited("orders.1", self.pid, Ended(1, None)))
            self.loop.post(Gone("orders.1", self.pid))

    def changed(self, _: State) -> None:
        self.changes += 1

    @property
    def orders(self) -> Replica:
        return self.loop.state.replica("orders.1")


async def test_it_ends_when_all_is_gone() -> None:
    machine = Machine(crashing=False)
    machine.loop.post(Start(ORDERS))
    machine.loop.post(ShutDown())
    await asyncio.wait_for(machine.loop.run(), 20)
    assert machine.orders.phase is Phase.STOPPED
    assert any(isinstance(each, Terminate) for each in machine.asked)


async def test_time_is_an_event_too() -> None:
    machine = Machine(crashing=True)
    machine.loop.post(Start(ORDERS))
    running = asyncio.ensure_future(machine.loop.run())
    async with asyncio.timeout(20):
        while machine.orders.phase is not Phase.FAILED:  # noqa: ASYNC110  (back-off after back-off)
            await asyncio.sleep(0.001)
    assert [each for each in machine.asked if isinstance(each, Spawn)] == [Spawn("orders.1")] * 3
    machine.loop.post(ShutDown())
    await asyncio.wait_for(running, 20)


async def test_nothing_to_do_is_nothing_done() -> None:
    machine = Machine(crashing=False)
    running = asyncio.ensure_future(machine.loop.run())
    machine.loop.post(Stop(frozenset({"nobody"})))
    await asyncio.wait([running], timeout=0.1)
    assert machine.changes == 0
    machine.loop.post(ShutDown())
    await asyncio.wait_for(running, 20)


async def test_events_that_come_together_are_one_change() -> None:
    machine = Machine(crashing=False)
    for _ in range(100):
        machine.loop.post(Start(ORDERS))
        machine.loop.post(Stop(ORDERS))
    machine.loop.post(ShutDown())
    await asyncio.wait_for(machine.loop.run(), 20)
    assert machine.changes <= 3


async def test_a_move_that_cannot_be_stops_it_with_a_clear_message() -> None:
    machine = Machine(crashing=False)
    machine.loop.post(SpawnFailed("orders.1", "for no spawn was asked", final=False))
    with pytest.raises(InternalError, match=r"orders\.1 cannot move from stopped to stopped"):
        await asyncio.wait_for(machine.loop.run(), 20)
