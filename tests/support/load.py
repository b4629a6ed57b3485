"""Clients that call an API all the time, over connections that they keep, and remember every failure."""

from __future__ import annotations

import http.client
import json
import threading
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


class Load:
    """Some threads, each with a connection of its own, that get and post in turn until they are told to stop.

    Attributes:
        pids: which processes answered.
        failures: what went wrong, in words.
    """

    def __init__(self, urls: list[str], *, clients: int = 6) -> None:
        self.failures: list[str] = []
        self.pids: set[int] = set()
        self._counts = [0] * clients
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(number, urls[number % len(urls)])) for number in range(clients)
        ]

    @property
    def count(self) -> int:
        """Requests that were answered as they should be."""
        return sum(self._counts)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, _kind: object, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, number: int, url: str) -> None:
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
        while not self._stop.is_set():
            try:
                self._get(connection, parts.path)
                self._post(connection, parts.path, self._counts[number])
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.failures.append(repr(error))
                connection.close()  # the next request opens another one
            else:
                self._counts[number] += 2
        connection.close()

    def _get(self, connection: http.client.HTTPConnection, path: str) -> None:
        self.pids.add(_answer(connection, "GET", f"{path}/pid")["pid"])

    def _post(self, connection: http.client.HTTPConnection, path: str, value: int) -> None:
        answer = _answer(connection, "POST", f"{path}/echo", json.dumps({"value": value}))
        if answer != {"got": {"value": value}}:
            raise ValueError(answer)


def _answer(connection: http.client.HTTPConnection, method: str, path: str, body: str | None = None) -> dict[str, int]:
    connection.request(method, path, body)
    response = connection.getresponse()
    text = response.read()
    if response.status >= http.client.BAD_REQUEST:
        raise ValueError(f"{method} {path}: {response.status} {text!r}")
    answer: dict[str, int] = json.loads(text)
    return answer
