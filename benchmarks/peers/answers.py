"""The one poller that tells for every tool alike whether its services answer."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable

_PAUSE_S = 0.002


def who_answers(port: int) -> int | None:
    """The process id of the service that answers on a port of loopback; None when nobody does."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2.0) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            answer = b""
            while more := connection.recv(4096):
                answer += more
    except OSError:
        return None
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(body) if head.startswith(b"HTTP/1.1 200 ") else None


def until_all_answer(ports: Iterable[int], *, within_s: float) -> float:
    """Wait until every port has answered; the moment (`time.monotonic()`) at which the last one did.

    Ports are asked one after another, each until it answers: when all do is the same as with all at once, and what
    starts meanwhile is hardly disturbed.

    Raises:
        TimeoutError: one did not in time.
    """
    deadline = time.monotonic() + within_s
    for port in ports:
        while who_answers(port) is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"nobody answers on port {port} after {within_s:g} s")
            time.sleep(_PAUSE_S)
    return time.monotonic()


def until_another_answers(port: int, before: int, *, within_s: float) -> float:
    """Wait until a process other than the one before answers; the moment it did.

    Raises:
        TimeoutError: none did in time.
    """
    deadline = time.monotonic() + within_s
    while who_answers(port) in {None, before}:
        if time.monotonic() > deadline:
            raise TimeoutError(f"no successor answers on port {port} after {within_s:g} s")
        time.sleep(_PAUSE_S / 2)
    return time.monotonic()
