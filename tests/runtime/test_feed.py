import asyncio
from collections.abc import AsyncIterator

import pytest

from spacectl.model.flow import FlowReport
from spacectl.model.report import Change, EngineReport, Noted, PsReport
from spacectl.runtime.feed import Feed

pytestmark = pytest.mark.anyio
DEADLINE_S = 20.0


class Reports:
    """Snapshots that count themselves."""

    def __init__(self) -> None:
        self.taken = 0

    def __call__(self) -> PsReport:
        self.taken += 1
        bus = EngineReport(state="ready", url=None)
        return PsReport(
            system="shop", state=f"{self.taken}", since="", supervisor_pid=1, gateway=None, bus=bus, spaces=()
        )


def flow() -> FlowReport:
    return FlowReport(system="shop", at=None)


def note(text: str) -> Noted:
    return Noted(time="", subject="orders.1", kind="ready", text=text)


async def told(listener: AsyncIterator[Change]) -> str:
    change = await asyncio.wait_for(anext(listener), DEADLINE_S)
    if change.flow is not None:
        return f"flow of {change.flow.system}"
    return f"ps {change.ps.state}" if change.ps else f"note {change.note.text}" if change.note else "nothing"


async def test_the_whole_comes_first() -> None:
    feed = Feed(Reports(), flow)
    feed.noted(note("nobody listens"))
    listener = feed.listen()
    assert await told(listener) == "ps 1"
    feed.noted(note("a"))
    feed.noted(note("b"))
    feed.changed()
    assert [await told(listener) for _ in range(3)] == ["note a", "note b", "ps 2"]
    await listener.aclose()  # type: ignore[attr-defined]


async def test_many_changes_are_told_as_the_last_of_them() -> None:
    reports = Reports()
    feed = Feed(reports, flow)
    listener = feed.listen()
    await told(listener)
    for _ in range(1000):
        feed.changed()
    assert await told(listener) == "ps 2"
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(listener), 0.1)
    assert reports.taken == 2


async def test_a_slow_listener_loses_the_oldest_notes_and_gets_the_present() -> None:
    feed = Feed(Reports(), flow)
    slow, quick = feed.listen(), feed.listen()
    await told(slow)
    await told(quick)
    for number in range(3000):
        feed.noted(note(f"{number}"))
        feed.changed()
        if number == 0:
            assert await told(quick) == "note 0"
    assert await told(slow) == "note 2000"
    assert [await told(slow) for _ in range(1000)][-1].startswith("ps ")


async def test_who_stops_listening_is_forgotten() -> None:
    feed = Feed(Reports(), flow)
    listeners = [feed.listen() for _ in range(3)]
    for each in listeners:
        await told(each)
    assert len(feed._listeners) == 3
    waiting = asyncio.ensure_future(anext(listeners[0]))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    await listeners[1].aclose()  # type: ignore[attr-defined]
    assert len(feed._listeners) == 1
    feed.changed()
    assert await told(listeners[2]) == "ps 4"


async def test_what_moves_is_told_to_those_who_ask_for_it() -> None:
    feed = Feed(Reports(), flow)
    asks, does_not = feed.listen(flow=True), feed.listen()
    assert [await told(asks), await told(asks), await told(does_not)] == ["ps 1", "flow of shop", "ps 2"]
    feed.flowed()
    assert await told(asks) == "flow of shop"
    feed.changed()
    assert await told(does_not) == "ps 3"
    for listener in (asks, does_not):
        await listener.aclose()  # type: ignore[attr-defined]
