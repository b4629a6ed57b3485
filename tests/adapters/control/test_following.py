"""The change feed as the cockpit follows it, from the real server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from spacectl.adapters.control.following import follow
from spacectl.adapters.control.server import ControlServer
from spacectl.errors import NotRunningError, SpacectlError
from spacectl.model.report import Accepted, Change, EngineReport, Noted, PsReport

pytestmark = pytest.mark.anyio
DEADLINE_S = 20.0
NOTE = Noted(time="2026-11-22T10:00:00.000Z", subject="orders.1", kind="ready", text="x" * 300_000 + "\u2028\n")


def ps() -> PsReport:
    return PsReport(system="shop", state="ready", since="2026-11-22T10:00:00Z", supervisor_pid=1, gateway=None,
                    bus=EngineReport(state="ready", url=None), spaces=())  # fmt: skip


class Telling:
    """Tells how everything stands and one note, then nothing until it is over."""

    def __init__(self) -> None:
        self.listeners = 0

    async def changes(self, **_: object) -> AsyncIterator[Change]:
        self.listeners += 1
        try:
            yield Change(ps=ps())
            yield Change(note=NOTE)
            await asyncio.Event().wait()
        finally:
            self.listeners -= 1

    def report(self, **_: object) -> PsReport:
        return ps()

    def _nothing(self, names: tuple[str, ...]) -> Accepted:
        return Accepted(spaces=names)

    start = stop = restart = _nothing

    def shut_down(self, *, now: bool) -> None:
        raise AssertionError(now)


@contextlib.asynccontextmanager
async def serving(control: Telling, path: Path) -> AsyncIterator[ControlServer]:
    server = ControlServer(control, path)
    task = asyncio.ensure_future(server.serve())
    async with asyncio.timeout(DEADLINE_S):
        while not path.exists():  # noqa: ASYNC110  (there is no event for it)
            await asyncio.sleep(0.001)
    try:
        yield server
    finally:
        server.stop()
        await asyncio.wait_for(task, DEADLINE_S)


async def answering(path: Path, answer: bytes) -> asyncio.Server:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    return await asyncio.start_unix_server(serve, path)


async def test_everything_is_told_until_the_supervisor_ends(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    seen: list[Change] = []
    async with asyncio.timeout(DEADLINE_S), serving(Telling(), path) as server:
        async for change in follow(path):
            seen.append(change)
            if change.note is not None:
                server.stop()
    assert seen == [Change(ps=ps()), Change(note=NOTE)]


async def test_who_leaves_is_forgotten(
    tmp_path: Path, eventually: Callable[[Callable[[], object]], object], open_descriptors: Callable[[], int]
) -> None:
    path, control = tmp_path / "control.sock", Telling()
    async with serving(control, path):
        before = open_descriptors()
        changes = follow(path)
        await anext(changes)
        assert control.listeners == 1
        await changes.aclose()
        await eventually(lambda: control.listeners == 0)  # type: ignore[misc]
        await eventually(lambda: open_descriptors() <= before)  # type: ignore[misc]


async def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(NotRunningError):
        await anext(follow(tmp_path / "control.sock"))


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (b"", NotRunningError, "has ended"),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", SpacectlError, "404"),
        (b'HTTP/1.1 200 OK\r\n\r\n{"other": 1}\n', SpacectlError, "another version"),
    ],
)
async def test_what_is_no_feed(tmp_path: Path, answer: bytes, error: type[SpacectlError], message: str) -> None:
    path = tmp_path / "control.sock"
    async with await answering(path, answer):
        with pytest.raises(error, match=message):
            await anext(follow(path))


async def test_a_line_that_was_cut_off_is_no_line(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    async with await answering(path, b'HTTP/1.1 200 OK\r\n\r\n{"note": nu'):
        assert [change async for change in follow(path)] == []
