"""Keeps connections busy with GET requests, and says how many were answered: where there is no wrk.

    python benchmarks/load.py PORT CONNECTIONS SECONDS [PATH]

Each connection sends the next request when the answer before has come; heads are searched, not parsed.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from typing import cast

_PATH = "/some/path?q=1"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)


class Client(asyncio.Protocol):
    """One connection."""

    answered = 0
    _received = b""

    def __init__(self, path: str) -> None:
        self._request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head + b"\r\n")
        if not end or length is None or len(body) < int(length[1]):
            return
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head)
        self.answered += 1
        self._received = b""
        self._transport.write(self._request)


async def main(port: int, connections: int, seconds: float, path: str = _PATH) -> None:
    loop = asyncio.get_running_loop()
    begun = time.monotonic()
    made = [await loop.create_connection(lambda: Client(path), "127.0.0.1", port) for _ in range(connections)]
    await asyncio.sleep(seconds)
    answered, passed_s = sum(client.answered for _, client in made), time.monotonic() - begun
    print(f"{answered} requests in {passed_s:.2f}s\nRequests/sec: {answered / passed_s:.2f}")
    for transport, _ in made:
        transport.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), *sys.argv[4:]))
