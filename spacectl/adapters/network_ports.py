"""Free ports on loopback, and who holds one that is not free."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Iterable
from contextlib import ExitStack
from itertools import chain
from typing import Self

import psutil

from spacectl.errors import MachineError, UsageError

RANGE = "SPACECTL_PORTS"
"""The variable that names other ports to give out, such as `20000-25999`: for jobs that start at the same moment."""

_FIRST, _LAST = 20_000, 31_999
"""Below the range from which Linux takes ports for outgoing connections (32768 on), so that none is taken by chance."""

_HIGHEST = 2**16 - 1


class PortHold:
    """A port that nobody takes by chance, though nobody listens on it: only who shares it on purpose can.

    That is a server of the same user with SO_REUSEPORT (socket(7)), as Envoy is.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def release(self) -> None:
        """Let go of it; a process that was forked meanwhile keeps it."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


class Reservation:
    """Gives out free ports, each only once, holding them until it is closed.

    Args:
        seed: decides where the search begins.
        given: ports that are somebody's, though perhaps nobody listens on them at the moment.

    Raises:
        UsageError: the variable that names the ports to give out does not name any.
    """

    def __init__(self, seed: str, given: Iterable[int] = ()) -> None:
        self._given = frozenset(given)
        self._held = ExitStack()
        self._sockets: dict[int, socket.socket] = {}
        ports = _range()
        offset = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4], "big") % len(ports)
        self._candidates = chain(ports[offset:], ports[:offset])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def take(self, port: int) -> bool:
        """Hold this port, if it is free.

        Raises:
            MachineError: this user may not listen on it.
        """
        held = None if port in self._given else _bind(port)
        if held is None:
            return False
        self._sockets[port] = self._held.enter_context(held)
        return True

    def keep(self, port: int) -> PortHold:
        """Hold one of these ports for longer than the reservation, without a moment in which it is free."""
        held = self._sockets[port]
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)  # else others could bind it too
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.shutdown(socket.SHUT_RDWR)  # it listens no longer, and is bound as before
        return PortHold(os.dup(held.fileno()))

    def first(self, *preferred: int) -> int:
        """Hold the first free one of the preferred ports, else any free one.

        Raises:
            MachineError: no port is free.
        """
        for port in chain(preferred, self._candidates):
            if self.take(port):
                return port
        raise MachineError("no port is free on 127.0.0.1", hint="stop something that listens")


def is_free(port: int) -> bool:
    """Whether a process could listen on this port of loopback now.

    Raises:
        MachineError: this user may not listen on it.
    """
    held = _bind(port)
    if held is None:
        return False
    held.close()
    return True


def owner(port: int) -> str:
    """Who listens on a port, in words: `nginx (pid 77)`, as far as this user may see it."""
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
                return _name(connection.pid)
    except psutil.AccessDenied:
        pass
    return "another process"


def _name(pid: int | None) -> str:
    if pid is None:
        return "a process of another user"
    try:
        return f"{psutil.Process(pid).name()} (pid {pid})"
    except psutil.Error:
        return f"pid {pid}"


def _bind(port: int) -> socket.socket | None:
    if not 0 < port <= _HIGHEST:
        return None
    held = socket.socket()
    # As servers do: a port whose old connections linger in TIME_WAIT is free; one that is listened on is not.
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        held.bind(("127.0.0.1", port))
        held.listen(1)
    except PermissionError as error:
        held.close()
        hint = "take one from 1024 on, or let the program have it: sysctl net.ipv4.ip_unprivileged_port_start"
        raise MachineError(f"port {port} is kept for privileged users", hint=hint) from error
    except OSError:
        held.close()
        return None
    return held


def _range() -> range:
    text = os.environ.get(RANGE, "")
    first, _, last = text.partition("-")
    if not text:
        return range(_FIRST, _LAST + 1)
    if first.isdecimal() and last.isdecimal() and 0 < int(first) <= int(last) <= _HIGHEST:
        return range(int(first), int(last) + 1)
    raise UsageError(f"{RANGE}={text} names no ports", hint=f"write it as {RANGE}={_FIRST}-{_LAST}")
