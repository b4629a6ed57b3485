"""Asks replicas whether they are well: over HTTP and TCP, by a command, by their log, by their bus connection."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

import psutil

from spacectl.model.checks import (
    BusCheck,
    Check,
    EngineCheck,
    ExecCheck,
    HttpCheck,
    LogCheck,
    TcpCheck,
    UptimeCheck,
)
from spacectl.model.manifest import Command
from spacectl.model.units import format_duration

Failure = str | None
"""Why a check failed, in words; None when it passed."""

_LOG_BYTES = 1024**2  # read at a time; a log check never holds more of a log than twice this
_ESTABLISHED = "01"  # include/net/tcp_states.h
_ANSWER_BYTES = 64 * 1024  # more than any status line has


@dataclass(frozen=True, slots=True)
class Target:
    """The process that is probed.

    Attributes:
        host: an IPv4 address of this machine.
        started_at: monotonic seconds.
        log_start: size of the log when it was started.
        run: runs a command in the replica's folder and environment; says why it failed.
        engine: asks the engine itself.
        bus_ports: the client-side ports of the connections that the bus has from this space's user; None where the
            bus is not ours to ask.
        bus_port: where the bus listens.
        own_network: it is in a network namespace of its own, and so is all it started.
    """

    pid: int
    host: str
    port: int | None
    started_at: float
    log: Path
    log_start: int
    run: Callable[[Command], Awaitable[Failure]]
    engine: Callable[[], Awaitable[Failure]]
    bus_ports: Callable[[], Awaitable[frozenset[int] | None]]
    bus_port: int
    own_network: bool = False


class LogSearch:
    """Finds a pattern in a growing log, reading every byte once; what was found once stays found."""

    def __init__(self, pattern: str, log: Path, start: int) -> None:
        self._pattern = re.compile(pattern, re.MULTILINE)
        self._log = log
        self._offset = start
        self._rest = b""
        self._found = False

    async def found(self) -> bool:
        """Whether a line that matches has been written by now; a last one without a newline counts too."""
        while not self._found and (more := self._read()):
            text = self._rest + more
            self._found = self._pattern.search(text.decode(errors="replace")) is not None
            self._rest = text[text.rfind(b"\n") + 1 :][-_LOG_BYTES:]
            await asyncio.sleep(0)  # a log that grows faster than it is read must not hold up everything else
        return self._found

    def _read(self) -> bytes:
        try:
            with self._log.open("rb") as file:
                if file.seek(0, os.SEEK_END) < self._offset:  # someone emptied it
                    self._offset, self._rest = 0, b""
                file.seek(self._offset)
                more = file.read(_LOG_BYTES)
        except OSError:
            return b""
        self._offset += len(more)
        return more


class Prober:
    """Runs the checks of replicas; remembers what log checks have read."""

    def __init__(self) -> None:
        self._searches: dict[tuple[int, float, str], LogSearch] = {}

    def forget(self, pid: int) -> None:
        """Drop what is remembered of a process that ended."""
        self._searches = {key: search for key, search in self._searches.items() if key[0] != pid}

    async def probe(self, target: Target, checks: tuple[Check, ...], timeout_s: float) -> Failure:
        """Run all checks side by side; the first failure, in the order of the checks, or None."""
        try:
            async with asyncio.timeout(timeout_s):
                if len(checks) == 1:  # as nearly always: no task of its own
                    return await self._check(target, checks[0])
                answers = await asyncio.gather(*(self._check(target, check) for check in checks))
        except TimeoutError:
            return f"timed out after {format_duration(timeout_s)}"
        return next((answer for answer in answers if answer is not None), None)

    async def _check(self, target: Target, check: Check) -> Failure:
        match check:
            case HttpCheck(path=path):
                return await _http(target, path)
            case TcpCheck():
                return await _tcp(target)
            case ExecCheck(command=command):
                return await target.run(command)
            case LogCheck(pattern=pattern):
                return await self._log(target, pattern)
            case BusCheck():
                return await _bus(target)
            case UptimeCheck(seconds_s=seconds_s):
                return None if time.monotonic() - target.started_at >= seconds_s else "running, not long enough yet"
            case EngineCheck():
                return await target.engine()
        assert_never(check)

    async def _log(self, target: Target, pattern: str) -> Failure:
        key = (target.pid, target.started_at, pattern)
        if key not in self._searches:
            self._searches[key] = LogSearch(pattern, target.log, target.log_start)
        return None if await self._searches[key].found() else f"no line of its output matches {pattern!r} yet"


async def _http(target: Target, path: str) -> Failure:
    """Read no more than the status line: a probe every few milliseconds has no use for a client with a pool."""
    if target.port is None:
        return "it has no port to probe"
    request = f"GET {path} HTTP/1.1\r\nHost: {target.host}:{target.port}\r\nConnection: close\r\n\r\n"
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as connection:
        try:
            _begin_connecting(connection, (target.host, target.port))
            await asyncio.get_running_loop().sock_sendall(connection, request.encode())
        except OSError as error:
            return _refusal(error)
        try:
            line = await _first_line(connection)
        except OSError:
            return "the connection broke"
    return _verdict(path, line)


def _begin_connecting(connection: socket.socket, address: tuple[str, int]) -> None:
    """Connect, without waiting for the end of it: who sends waits where that is needed.

    Hardly ever is it: on loopback the kernel shakes hands, or refuses, at once, although it says EINPROGRESS.
    """
    error = connection.connect_ex(address)
    if error not in {0, errno.EINPROGRESS}:
        raise OSError(error, os.strerror(error))


async def _first_line(connection: socket.socket) -> bytes:
    """What comes up to the first newline, or up to the end where there is none; of a line that never ends only some."""
    text = b""
    while b"\n" not in text and len(text) < _ANSWER_BYTES:
        more = await asyncio.get_running_loop().sock_recv(connection, _ANSWER_BYTES)
        if not more:
            break
        text += more
    return text.partition(b"\n")[0]


def _verdict(path: str, status_line: bytes) -> Failure:
    if not status_line:
        return "it closed the connection without an answer"
    words = status_line.split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():  # noqa: PLR2004
        return "the answer is not HTTP"
    status = int(words[1])
    return None if 200 <= status < 400 else f"{path} answers {status}"  # noqa: PLR2004


async def _tcp(target: Target) -> Failure:
    if target.port is None:
        return "it has no port to probe"
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as connection:
        try:
            await asyncio.get_running_loop().sock_connect(connection, (target.host, target.port))
        except OSError as error:
            return _refusal(error)
    return None


def _refusal(error: OSError) -> str:
    match error:
        case ConnectionRefusedError():
            return "connection refused"
        case ConnectionResetError() | BrokenPipeError():
            return "the connection broke"
    return str(error.strerror or error)


async def _bus(target: Target) -> Failure:
    if target.own_network:
        connected = target.bus_port in await asyncio.to_thread(_remote_ports, target.pid)
        return None if connected else "not connected to the bus yet"
    known = await target.bus_ports()
    held = await asyncio.to_thread(_connections, target.pid) if known is None or known else set()
    if known is None:  # an existing server: a connection to it must do
        connected = any(remote == target.bus_port for _, remote in held)
    else:
        connected = any(local in known for local, _ in held)
    return None if connected else "not connected to the bus yet"


def _remote_ports(pid: int) -> set[int]:
    """Where the TCP connections of a process's network namespace lead to, by port (proc(5), /proc/PID/net/tcp)."""
    found = set()
    for table in (Path(f"/proc/{pid}/net/tcp"), Path(f"/proc/{pid}/net/tcp6")):
        try:
            lines = table.read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        fields = [line.split() for line in lines]
        found |= {int(each[2].rpartition(":")[2], 16) for each in fields if each[3] == _ESTABLISHED}
    return found


def _connections(pid: int) -> set[tuple[int, int]]:
    """The (local, remote) ports of the established TCP connections of a process and all below it."""
    try:
        main = psutil.Process(pid)
        tree = [main, *main.children(recursive=True)]
    except psutil.Error:
        return set()
    found = set()
    for process in tree:
        try:
            connections = process.net_connections("tcp")
        except psutil.Error:
            continue
        found |= {(each.laddr.port, each.raddr.port) for each in connections if each.laddr and each.raddr}
    return found
