import time
from dataclasses import replace

import pytest

from spacectl.errors import UsageError
from spacectl.model.actions import Note
from spacectl.model.events import Event, Restart, ShutDown, Start, Stop
from spacectl.model.manifest import SpaceManifest
from spacectl.model.phase import Phase
from spacectl.model.state import Process, Replica, State, Unit
from spacectl.runtime.supervisor import Numbers, Supervisor
from spacectl.view.report import Surroundings

pytestmark = pytest.mark.anyio


def unit(name: str, *after: str, engine: bool = False, pid: int | None = None) -> Unit:
    manifest = SpaceManifest.model_validate({"space": {"name": name}, "run": {"command": "x"}})
    replica = Replica(name, 1)
    if pid is not None:
        replica = Replica(name, 1, phase=Phase.READY, wanted=True, process=Process(pid, 1), started_at=1.0)
    return Unit(name, manifest, frozenset(after), (replica,), engine=engine)


def supervisor(*units: Unit, closing: bool = False, notes: list[Note] | None = None) -> Supervisor:
    around = Surroundings("shop", 77, 0.0, 0.0, "nats://127.0.0.1:4222", None, {}, {})
    state = State({each.name: each for each in units}, closing=closing)
    kept = [] if notes is None else notes
    return Supervisor(state, around, clock=time.monotonic, journal=kept.append, selected=frozenset({"orders"}))


def posted(made: Supervisor) -> list[Event]:
    queue = made.loop._events
    return [queue.get_nowait() for _ in range(queue.qsize())]


SHOP = (unit("bus", engine=True), unit("catalog", "bus"), unit("orders", "catalog", "bus"), unit("shopper", "orders"))


async def test_start_brings_what_a_space_is_after_and_the_bus() -> None:
    made = supervisor(*SHOP)
    assert made.start(("shopper",)).spaces == ("catalog", "orders", "shopper")
    assert made.start(()).spaces == ("catalog", "orders")  # what `up` selected
    assert posted(made) == [
        Start(frozenset({"bus", "catalog", "orders", "shopper"})),
        Start(frozenset({"bus", "catalog", "orders"})),
    ]


async def test_stop_and_restart_leave_the_bus_alone() -> None:
    running = (unit("bus", engine=True, pid=1), unit("catalog", "bus", pid=2), unit("orders", "bus"))
    made = supervisor(*running)
    assert made.stop(()).spaces == ("catalog", "orders")
    assert made.restart(()).spaces == ("catalog",)  # only what is started
    assert made.restart(("orders",)).spaces == ("orders",)
    assert posted(made) == [
        Stop(frozenset({"catalog", "orders"})),
        Restart(frozenset({"catalog"})),
        Restart(frozenset({"orders"})),
    ]


async def test_names_that_are_none() -> None:
    made = supervisor(*SHOP)
    for name, hint in (("ordres", 'did you mean "orders"?'), ("bus", None)):
        with pytest.raises(UsageError, match=f'no space is named "{name}"') as raised:
            made.stop((name,))
        assert raised.value.hint == hint
    assert posted(made) == []


async def test_a_system_that_goes_down_takes_no_wishes() -> None:
    made = supervisor(*SHOP, closing=True)
    for ask in (made.start, made.stop, made.restart):
        for names in ((), ("orders",)):
            with pytest.raises(UsageError, match="the system is going down"):
                ask(names)
    made.shut_down(now=True)
    assert posted(made) == [ShutDown(now=True)]


async def test_a_space_that_leaves_takes_no_wishes() -> None:
    made = supervisor(unit("orders"), replace(unit("legacy", pid=7), leaving=True))
    with pytest.raises(UsageError, match='no space is named "legacy"'):
        made.restart(("legacy",))
    assert [space.name for space in made.report().spaces] == ["legacy", "orders"]  # it is still there


async def test_what_a_changed_system_is_made_ready_for() -> None:
    made = supervisor(*SHOP)
    front = "http://127.0.0.1:8080"
    made.remade(
        selected=frozenset({"catalog"}),
        ports={"orders.1": 4001},
        urls={"orders": f"{front}/orders"},
        gateway_url=front,
        warnings={"orders": "its limits are not kept"},
    )
    assert made.start(()).spaces == ("catalog",)
    report = made.report()
    orders = next(space for space in report.spaces if space.name == "orders")
    assert (orders.url, orders.replicas[0].port) == (f"{front}/orders", 4001)
    assert orders.warnings == ("its limits are not kept",)
    assert report.gateway is not None
    assert report.gateway.url == front


async def test_what_processes_use_is_part_of_the_report() -> None:
    made = supervisor(unit("bus", engine=True, pid=9), unit("orders", pid=10), unit("catalog"))
    assert made.pids() == [9, 10]
    made.measured(Numbers({10: 1.5}, {10: 61_000_000, 9: 1}))
    replica = next(space for space in made.report().spaces if space.name == "orders").replicas[0]
    assert (replica.cpu_percent, replica.memory_bytes) == (1.5, 61_000_000)


async def test_notes_are_kept_and_told() -> None:
    notes: list[Note] = []
    made = supervisor(*SHOP, notes=notes)
    feed = made.changes()
    assert (await anext(feed)).ps == made.report()
    made.note(Note("orders.1", "ready", "after 1.0s"))
    told = (await anext(feed)).note
    assert told is not None
    assert (told.subject, told.kind, told.text) == ("orders.1", "ready", "after 1.0s")
    assert told.time.endswith("Z")
    assert notes == [Note("orders.1", "ready", "after 1.0s")]
    await feed.aclose()  # type: ignore[attr-defined]
