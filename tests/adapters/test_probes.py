import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from spacectl.adapters.probes import LogSearch, Prober, Target
from spacectl.model.checks import BusCheck, Check, EngineCheck, ExecCheck, HttpCheck, LogCheck, TcpCheck, UptimeCheck
from spacectl.model.manifest import Command

pytestmark = pytest.mark.anyio
Eventually = Callable[[Callable[[], object]], Awaitable[None]]
HEALTH = HttpCheck("/health")


@pytest.fixture
def target(tmp_path: Path) -> Target:
    async def nothing() -> None:
        return None

    async def nobody() -> frozenset[int]:
        return frozenset()

    async def unable(_: Command) -> str:
        return "nothing is run here"

    log = tmp_path / "log"
    return Target(os.getpid(), "127.0.0.1", None, time.monotonic(), log, 0, unable, nothing, nobody, 0)


@contextlib.asynccontextmanager
async def serving(answer: bytes, *, hang: bool = False) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that answers every request with these bytes; what it was asked."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer)
            await writer.drain()
            if hang:
                await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], asked
    finally:
        server.close()
        await server.wait_closed()


async def probe(target: Target, *checks: Check, timeout_s: float = 10.0) -> str | None:
    return await Prober().probe(target, checks, timeout_s)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", None),
        (b"HTTP/1.0 204\r\n\r\n", None),
        (b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n\r\n", None),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "/health answers 404"),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "/health answers 503"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "the answer is not HTTP"),
        (b"\x00\xff\r\n\r\n", "the answer is not HTTP"),
        (b"HTTP/1.1 \xb2\xb2 OK\r\n", "the answer is not HTTP"),
        (b"x" * 200_000, "the answer is not HTTP"),
        (b"", "it closed the connection without an answer"),
    ],
)
async def test_http_is_judged_by_its_status_line(target: Target, answer: bytes, verdict: str | None) -> None:
    async with serving(answer) as (port, asked):
        assert await probe(replace(target, port=port), HEALTH) == verdict
    assert asked[0].startswith(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1:")


async def test_a_huge_header_after_the_status_line_does_not_matter(target: Target) -> None:
    async with serving(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000 + b"\r\n\r\n") as (port, _):
        assert await probe(replace(target, port=port), HEALTH) is None


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200"], ids=["silent", "half a line"])
async def test_a_server_that_does_not_answer_in_time(target: Target, answer: bytes) -> None:
    async with serving(answer, hang=True) as (port, _):
        assert await probe(replace(target, port=port), HEALTH, timeout_s=0.05) == "timed out after 50ms"


async def test_nobody_listens(target: Target) -> None:
    with socket.socket() as bound:  # not listening; the port is nobody else's meanwhile
        bound.bind(("127.0.0.1", 0))
        closed = replace(target, port=bound.getsockname()[1])
        assert await probe(closed, HEALTH) == "connection refused"
        assert await probe(closed, TcpCheck()) == "connection refused"


async def test_tcp_needs_no_answer(target: Target) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert await probe(replace(target, port=listener.getsockname()[1]), TcpCheck()) is None


async def test_without_a_port_there_is_nothing_to_probe(target: Target) -> None:
    assert await probe(target, HEALTH) == await probe(target, TcpCheck()) == "it has no port to probe"


async def test_no_connection_is_left_open(target: Target, open_descriptors: Callable[[], int]) -> None:
    async with serving(b"", hang=True) as (port, _):
        silent = replace(target, port=port)
        await probe(silent, HEALTH, timeout_s=0.02)
        before = open_descriptors()
        for _ in range(10):
            await probe(silent, HEALTH, timeout_s=0.02)
    assert open_descriptors() <= before


async def test_a_command_is_judged_by_whoever_runs_it_and_cancelled_when_it_is_late(target: Target) -> None:
    ran: list[object] = []

    async def run(command: Command) -> str | None:
        ran.append(command)
        if command == "slow":
            try:
                await asyncio.Event().wait()
            finally:
                ran.append("ended")
        return "it said no" if command == "no" else None

    judged = replace(target, run=run)
    assert await probe(judged, ExecCheck(("yes",))) is None
    assert await probe(judged, ExecCheck("no")) == "it said no"
    assert await probe(judged, ExecCheck("slow"), timeout_s=0.02) == "timed out after 20ms"
    assert ran == [("yes",), "no", "slow", "ended"]


async def test_uptime_counts_from_the_start(target: Target) -> None:
    assert await probe(target, UptimeCheck(3600)) == "running, not long enough yet"
    assert await probe(replace(target, started_at=time.monotonic() - 2), UptimeCheck(1)) is None


async def test_an_engine_answers_for_itself(target: Target) -> None:
    async def no() -> str:
        return "no streams"

    assert await probe(target, EngineCheck()) is None
    assert await probe(replace(target, engine=no), EngineCheck()) == "no streams"


async def test_the_first_failure_in_the_order_of_the_checks_is_told(target: Target) -> None:
    target.log.write_text("nothing\n")
    checks = (UptimeCheck(0), LogCheck("never"), HEALTH)
    assert await probe(target, *checks) == "no line of its output matches 'never' yet"
    assert await probe(target, *reversed(checks)) == "it has no port to probe"


class TestLog:
    async def test_only_what_was_written_since_the_start_counts(self, tmp_path: Path) -> None:
        log = tmp_path / "log"
        log.write_text("ready\n")
        search = LogSearch("^ready$", log, log.stat().st_size)
        assert not await search.found()
        with log.open("a") as file:
            file.write("not ready\nready")
        assert await search.found()

    async def test_a_line_is_found_across_the_borders_of_what_is_read(self, tmp_path: Path) -> None:
        log = tmp_path / "log"
        search = LogSearch("listening on .* port", log, 0)
        assert not await search.found()
        with log.open("ab") as file:
            file.write(b"x" * (1024**2 - 15) + b"\nlistening on 127.0.0.1 ")
        assert not await search.found()
        with log.open("ab") as file:
            file.write(b"port 80\n")
        assert await search.found()
        log.unlink()
        assert await search.found()  # what was found stays found

    async def test_any_bytes_and_any_letters(self, tmp_path: Path) -> None:
        log = tmp_path / "log"
        log.write_bytes(b"\xff\xfe\x00\r\nserver d\xc3\xa9marr\xc3\xa9\r\n")
        assert await LogSearch("d[éè]marr\\u00e9\\s*$", log, 0).found()
        assert not await LogSearch("(?i)^stopped", log, 0).found()

    async def test_a_log_that_was_emptied_is_read_from_its_start(self, tmp_path: Path) -> None:
        log = tmp_path / "log"
        log.write_text("a long line that is soon gone\n")
        search = LogSearch("^up$", log, 0)
        assert not await search.found()
        log.write_text("up\n")
        assert await search.found()

    async def test_a_line_without_an_end_is_not_kept_whole(self, tmp_path: Path) -> None:
        log = tmp_path / "log"
        with log.open("wb") as file:
            file.truncate(8 * 1024**2)
        search = LogSearch("never", log, 0)
        assert not await search.found()
        assert len(search._rest) <= 1024**2

    async def test_each_process_is_searched_anew(self, target: Target) -> None:
        prober = Prober()
        target.log.write_text("ready\n")
        assert await prober.probe(target, (LogCheck("ready"),), 1) is None
        successor = replace(target, pid=target.pid + 1, log_start=6)
        assert await prober.probe(successor, (LogCheck("ready"),), 1) is not None
        assert await prober.probe(target, (LogCheck("ready"),), 1) is None
        prober.forget(target.pid)
        prober.forget(successor.pid)
        assert prober._searches == {}

    async def test_a_log_that_grows_faster_than_it_is_read_times_out(self, target: Target) -> None:
        with subprocess.Popen(["/bin/sh", "-c", f"exec yes > {target.log}"]) as flood:
            try:
                reason = await probe(target, LogCheck("never"), timeout_s=0.3)
            finally:
                flood.kill()
        assert reason in {"timed out after 300ms", "no line of its output matches 'never' yet"}


class TestBus:
    """The bus is only a port here; nats-server's own word is tested with the wiring."""

    @pytest.fixture
    def listener(self) -> Iterator[socket.socket]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            yield listener

    @pytest.fixture
    def client(self, listener: socket.socket) -> Iterator[subprocess.Popen[str]]:
        """A shell whose child, not itself, is connected; the client's port is on its stdout."""
        connect = f"import socket; s = socket.create_connection(('127.0.0.1', {listener.getsockname()[1]}))"
        line = f'{sys.executable} -c "{connect}; print(s.getsockname()[1], flush=True); input()"; true'
        with subprocess.Popen(["/bin/sh", "-c", line], stdin=-1, stdout=-1, text=True) as process:
            yield process
            assert process.stdin is not None
            process.stdin.close()

    async def test_a_connection_of_its_own_user_from_below_the_process(
        self, target: Target, client: subprocess.Popen[str], listener: socket.socket
    ) -> None:
        assert client.stdout is not None
        port = int(client.stdout.readline())

        def seen_by_the_bus(*ports: int) -> Target:
            async def known() -> frozenset[int]:
                return frozenset(ports)

            return replace(target, pid=client.pid, bus_ports=known, bus_port=listener.getsockname()[1])

        assert await probe(seen_by_the_bus(port, 1), BusCheck()) is None
        for ports in ((), (port + 1,)):
            assert await probe(seen_by_the_bus(*ports), BusCheck()) == "not connected to the bus yet"
        nobody = replace(seen_by_the_bus(port), pid=2**22 + 1)
        assert await probe(nobody, BusCheck()) == "not connected to the bus yet"

    async def test_where_the_bus_cannot_be_asked_any_connection_to_it_will_do(
        self, target: Target, client: subprocess.Popen[str], listener: socket.socket
    ) -> None:
        async def nobody_knows() -> None:
            return None

        assert client.stdout is not None
        client.stdout.readline()
        bus_port = listener.getsockname()[1]
        asked = replace(target, pid=client.pid, bus_ports=nobody_knows, bus_port=bus_port)
        assert await probe(asked, BusCheck()) is None
        assert await probe(replace(asked, bus_port=bus_port + 1), BusCheck()) == "not connected to the bus yet"
