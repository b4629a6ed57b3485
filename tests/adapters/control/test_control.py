"""The real server over a real socket, its real client in threads, and a supervisor that is not running anything."""

import asyncio
import contextlib
import json
import os
import socket
import stat
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from spacectl.adapters.control.address import short_path
from spacectl.adapters.control.client import ControlClient
from spacectl.adapters.control.server import ControlServer
from spacectl.core.flow import Flow
from spacectl.errors import MachineError, ManifestError, NotRunningError, SpacectlError, UsageError
from spacectl.model.actions import Note
from spacectl.model.flow_readings import Declared
from spacectl.model.manifest import SpaceManifest
from spacectl.model.report import ApplyRequest, Change, ChangesReport, ScaleRequest, SpaceChange
from spacectl.model.state import Replica, State, Unit
from spacectl.runtime.supervisor import Supervisor
from spacectl.view.report import Surroundings

pytestmark = pytest.mark.anyio
Eventually = Callable[[Callable[[], object]], Awaitable[None]]
DEADLINE_S = 20.0


def unit(name: str, *after: str) -> Unit:
    manifest = SpaceManifest.model_validate({"space": {"name": name}, "run": {"command": "x"}})
    return Unit(name, manifest, frozenset(after), (Replica(name, 1),))


def supervisor() -> Supervisor:
    units = (unit("catalog"), unit("orders", "catalog"))
    around = Surroundings("shop", 77, 0.0, 0.0, "nats://127.0.0.1:4222", None, {}, {})
    made = Supervisor(State({each.name: each for each in units}), around, clock=time.monotonic,
                      journal=lambda _: None, selected=frozenset({"orders"}))  # fmt: skip
    made.attach(lambda _action, _state: None, lambda _state: None)
    return made


class Served:
    """A supervisor whose control API is served."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.supervisor = supervisor()
        self.server = ControlServer(self.supervisor, path)
        self.client = ControlClient(path, timeout_s=DEADLINE_S)

    @property
    def listeners(self) -> int:
        return len(self.supervisor._feed._listeners)

    def connect(self) -> socket.socket:
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.settimeout(DEADLINE_S)
        with short_path(self.path) as short:
            made.connect(short)
        return made

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """Speak HTTP by hand; the status and the body."""
        with self.connect() as made:
            made.sendall(request)
            head, _, body = b"".join(iter(lambda: made.recv(65536), b"")).partition(b"\r\n\r\n")
        return int(head.split()[1]), body

    def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        return self.ask(head.encode() + body)


@contextlib.asynccontextmanager
async def serving(path: Path) -> AsyncIterator[Served]:
    served = Served(path)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(served.server.serve())
        async with asyncio.timeout(DEADLINE_S):
            while not path.exists():  # noqa: ASYNC110  (there is no event for it)
                await asyncio.sleep(0.001)
        try:
            yield served
        finally:
            served.server.stop()
            await asyncio.wait_for(task, DEADLINE_S)


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(tmp_path / "control.sock") as made:
        yield made


@pytest.fixture
def in_thread() -> Iterator[Callable[[Callable[[], object]], threading.Thread]]:
    """Runs something in a thread that ends before the test does."""
    threads: list[threading.Thread] = []

    def start(work: Callable[[], object]) -> threading.Thread:
        threads.append(threading.Thread(target=work))
        threads[-1].start()
        return threads[-1]

    yield start
    for each in threads:
        each.join(DEADLINE_S)
        assert not each.is_alive()


async def test_how_everything_stands(served: Served) -> None:
    report = await asyncio.to_thread(served.client.report)
    assert report == served.supervisor.report()
    assert [space.name for space in report.spaces] == ["catalog", "orders"]


async def test_what_moves_is_told_and_followed_by_who_asks(served: Served) -> None:
    declared = Declared("shop", ("catalog", "orders"), {}, {("orders", "catalog"): ("orders.placed",)}, frozenset())
    served.supervisor.flowed(Flow(), declared)
    told = await asyncio.to_thread(served.client.flow)
    assert told == served.supervisor.flow()
    assert [(edge.source, edge.via, edge.declared) for edge in told.edges] == [("orders", "orders.placed", True)]

    def first_two() -> list[Change]:
        with contextlib.closing(served.client.changes(flow=True)) as changes:  # type: ignore[type-var]
            return [next(changes), next(changes)]

    whole, moving = await asyncio.to_thread(first_two)
    assert whole.ps is not None
    assert moving.flow == told


async def test_requests_become_events_for_the_spaces_they_name(served: Served) -> None:
    tell = served.client
    assert (await asyncio.to_thread(tell.start, ("orders",))).spaces == ("catalog", "orders")
    assert (await asyncio.to_thread(tell.start, ())).spaces == ("catalog", "orders")
    assert (await asyncio.to_thread(tell.stop, ("catalog",))).spaces == ("catalog",)
    assert (await asyncio.to_thread(tell.stop, ())).spaces == ("catalog", "orders")
    assert (await asyncio.to_thread(tell.restart, ())).spaces == ()  # nothing is started
    await asyncio.to_thread(tell.shut_down, now=True)
    events = served.supervisor.loop._events
    assert [type(events.get_nowait()).__name__ for _ in range(events.qsize())] == [
        "Start", "Start", "Stop", "Stop", "Restart", "ShutDown"
    ]  # fmt: skip


async def test_an_unknown_name_is_refused_with_a_hint(served: Served) -> None:
    with pytest.raises(UsageError, match='no space is named "ordres"') as raised:
        await asyncio.to_thread(served.client.stop, ("ordres",))
    assert raised.value.hint == 'did you mean "orders"?'
    status, body = await asyncio.to_thread(served.post, "/start", b'{"spaces": ["nope"]}')
    assert (status, json.loads(body)) == (409, {"message": 'no space is named "nope"', "hint": None, "exit_code": 2})


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"spaces": "orders"}', b'{"spaces": [1]}', b'{"space": []}', b"\xff"])
async def test_a_body_that_is_not_understood(served: Served, body: bytes) -> None:
    status, answer = await asyncio.to_thread(served.post, "/restart", body)
    assert status == 400
    assert "is not understood" in json.loads(answer)["message"]


@pytest.mark.parametrize(
    ("request_line", "status"),
    [("GET /nothing", 404), ("GET /start", 405), ("POST /state", 405), ("garbage", 400)],
)
async def test_what_is_no_request_of_this_api(served: Served, request_line: str, status: int) -> None:
    request = f"{request_line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    assert (await asyncio.to_thread(served.ask, request))[0] == status


async def test_only_the_owner_may_open_it(served: Served) -> None:
    assert stat.S_IMODE(served.path.stat().st_mode) == 0o600
    assert [each.name for each in served.path.parent.iterdir()] == ["control.sock"]


async def test_the_socket_is_never_there_without_someone_who_listens(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    seen: list[str] = []

    def look() -> None:
        while not seen or seen[-1] != "listens":
            with contextlib.suppress(FileNotFoundError), socket.socket(socket.AF_UNIX) as client:
                client.settimeout(DEADLINE_S)
                mode = stat.S_IMODE(path.stat().st_mode)
                client.connect(str(path))
                seen.append("listens" if mode == 0o600 else oct(mode))

    looking = threading.Thread(target=look)
    looking.start()
    async with serving(path):
        await asyncio.to_thread(looking.join, DEADLINE_S)
    assert seen == ["listens"]


async def test_a_socket_of_a_dead_supervisor_is_replaced_and_ours_removed(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    for stale in (path, tmp_path / ".control.sock"):
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(stale))
    with pytest.raises(NotRunningError, match="no system is running here"):
        ControlClient(path).report()
    served = Served(path)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(served.server.serve())
        report = None
        while report is None:
            with contextlib.suppress(NotRunningError):
                report = await asyncio.to_thread(served.client.report)
        served.server.stop()
    assert not any(tmp_path.iterdir())


async def test_a_folder_too_deep_for_a_socket_address(tmp_path: Path) -> None:
    folder = tmp_path
    while len(os.fsencode(folder)) < 300:
        folder /= "a-rather-long-name-for-a-folder"
    folder.mkdir(parents=True)
    async with serving(folder / "control.sock") as served:
        assert (await asyncio.to_thread(served.client.report)).system == "shop"
        assert stat.S_IMODE(served.path.stat().st_mode) == 0o600
    with pytest.raises(NotRunningError):
        ControlClient(folder / "away" / "control.sock").report()


async def test_the_whole_comes_first_and_then_what_changes(
    served: Served, eventually: Eventually, in_thread: Callable[..., threading.Thread]
) -> None:
    told: list[Change] = []

    def listen() -> None:
        for change in served.client.changes():
            told.append(change)  # noqa: PERF402  (as they come)

    reader = in_thread(listen)
    await eventually(lambda: told)
    assert told[0].ps == served.supervisor.report()
    assert told[0].note is None
    served.supervisor.note(Note("orders.1", "ready", "after 1.0s"))
    await eventually(lambda: len(told) == 2)
    assert (told[1].ps, told[1].note and told[1].note.text) == (None, "after 1.0s")
    served.supervisor._feed.changed()
    await eventually(lambda: len(told) == 3)
    assert told[2].ps is not None
    served.server.stop()
    await asyncio.to_thread(reader.join, DEADLINE_S)


async def test_many_listen_and_who_leaves_is_forgotten(served: Served, eventually: Eventually) -> None:
    clients = [served.connect() for _ in range(40)]
    for client in clients:
        client.sendall(b"GET /changes HTTP/1.1\r\nHost: x\r\n\r\n")
    await eventually(lambda: served.listeners == 40)
    served.supervisor.note(Note("orders.1", "ready", "now"))

    def told(client: socket.socket) -> bool:
        text = b""
        while b'"text":"now"' not in text:
            text += client.recv(65536)
        client.close()
        return b'"system":"shop"' in text

    assert all([await asyncio.to_thread(told, client) for client in clients])
    await eventually(lambda: served.listeners == 0)


async def test_a_listener_that_never_reads_holds_up_nobody_and_grows_nothing(
    served: Served, eventually: Eventually
) -> None:
    lazy = served.connect()
    lazy.sendall(b"GET /changes HTTP/1.1\r\nHost: x\r\n\r\n")
    await eventually(lambda: served.listeners == 1)
    for _ in range(50):
        for number in range(500):
            served.supervisor.note(Note("orders.1", "changed", f"{number} " + "x" * 200))
        served.supervisor._feed.changed()
        await asyncio.sleep(0)
    (listener,) = served.supervisor._feed._listeners
    assert len(listener.notes) <= 1000
    assert (await asyncio.to_thread(served.client.report)).system == "shop"
    lazy.close()
    await eventually(lambda: served.listeners == 0)


async def test_an_open_feed_does_not_hold_up_the_end(
    tmp_path: Path, eventually: Eventually, in_thread: Callable[..., threading.Thread]
) -> None:
    told: list[Change] = []
    async with serving(tmp_path / "control.sock") as served:
        reader = in_thread(lambda: told.extend(served.client.changes()))
        lazy = served.connect()
        lazy.sendall(b"GET /changes HTTP/1.1\r\nHost: x\r\n\r\n")
        await eventually(lambda: served.listeners == 2)
        began = time.monotonic()
    assert time.monotonic() - began < 5
    await asyncio.to_thread(reader.join, DEADLINE_S)
    assert len(told) == 1  # and then it ended, without an error
    lazy.close()


async def test_a_supervisor_that_does_not_answer(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as hung:
        hung.bind(str(path))
        hung.listen()
        with pytest.raises(SpacectlError, match="the supervisor does not answer") as raised:
            await asyncio.to_thread(ControlClient(path, timeout_s=0.05).report)
    assert raised.value.hint is not None
    assert not isinstance(raised.value, NotRunningError)


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (b"", NotRunningError, "no system is running here"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", NotRunningError, "no system is running here"),
        (b'HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{"future": 1}', SpacectlError, "of another version"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nNot Found", SpacectlError, "of another version"),
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\noops", SpacectlError, "the supervisor answered: oops"),
        (b"not http\r\n", NotRunningError, "no system is running here"),
    ],
    ids=["nothing", "half", "another version", "no such route", "broken", "garbage"],
)
async def test_answers_that_are_none(
    tmp_path: Path, in_thread: Callable[..., threading.Thread], answer: bytes, error: type[Exception], message: str
) -> None:
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def serve() -> None:
            client, _ = server.accept()
            with client:
                client.recv(65536)
                client.sendall(answer)

        in_thread(serve)
        with pytest.raises(error, match=message):
            await asyncio.to_thread(ControlClient(path, timeout_s=DEADLINE_S).report)


async def test_no_descriptor_is_left_open(served: Served, open_descriptors: Callable[[], int]) -> None:
    await asyncio.to_thread(served.client.report)
    before = open_descriptors()
    for _ in range(5):
        await asyncio.to_thread(served.client.report)
        with pytest.raises(NotRunningError):
            ControlClient(served.path.with_name("away")).report()
    assert open_descriptors() <= before + 1  # the server may not have closed the last one yet


class Wishes:
    """Answers what it is asked, and keeps it; refuses what it is told to."""

    def __init__(self, refusal: SpacectlError | None = None) -> None:
        self.refusal = refusal
        self.kept: list[ApplyRequest | ScaleRequest] = []

    async def apply(self, wish: ApplyRequest) -> ChangesReport:
        return self._answer(wish)

    async def scale(self, wish: ScaleRequest) -> ChangesReport:
        return self._answer(wish)

    def _answer(self, wish: ApplyRequest | ScaleRequest) -> ChangesReport:
        if self.refusal is not None:
            raise self.refusal
        self.kept.append(wish)
        change = SpaceChange(space="orders", kind="scale", why="from 1 to 3 replicas", replicas=3)
        return ChangesReport(changes=(change,), held=("[bus] port",), spaces=("orders",))


async def test_wishes_for_a_change_are_passed_on_and_answered(served: Served) -> None:
    wishes = Wishes()
    served.supervisor.attach(lambda _action, _state: None, changer=wishes)
    apply = ApplyRequest(spaces=("orders",), profiles=("traffic",), scale={"orders": 3})
    scale = ScaleRequest(scale={"orders": 3})
    answers = [await asyncio.to_thread(served.client.apply, apply), await asyncio.to_thread(served.client.scale, scale)]
    assert wishes.kept == [apply, scale]
    assert [answer.changes[0].replicas for answer in answers] == [3, 3]
    assert answers[0].held == ("[bus] port",)


@pytest.mark.parametrize("kind", [UsageError, ManifestError, MachineError, SpacectlError])
async def test_a_refusal_is_of_the_same_kind_on_both_sides(served: Served, kind: type[SpacectlError]) -> None:
    served.supervisor.attach(lambda _action, _state: None, changer=Wishes(kind("it cannot be", hint="do that")))
    with pytest.raises(kind, match="it cannot be") as raised:
        await asyncio.to_thread(served.client.scale, ScaleRequest(scale={"orders": 3}))
    assert type(raised.value) is kind
    assert (raised.value.exit_code, raised.value.hint) == (kind.exit_code, "do that")


@pytest.mark.parametrize("body", [b'{"scale": {"orders": "3"}}', b'{"scale": [1]}', b"{}", b'{"spaces": []}'])
async def test_a_number_that_is_none(served: Served, body: bytes) -> None:
    status, answer = await asyncio.to_thread(served.post, "/scale", body)
    assert status == 400
    assert "is not understood" in json.loads(answer)["message"]
