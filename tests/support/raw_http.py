"""Small servers and clients of HTTP, as raw as the tests of the gateway need them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import h2.config
import h2.connection
import h2.events
import h2.exceptions

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(handler: Handler, port: int = 0) -> AsyncIterator[int]:
    """A server on loopback; yields its port. At the end its connections are closed, whatever they do."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await handler(reader, writer)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            tasks.discard(task)
            await closed(writer)

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        while tasks:
            await asyncio.wait(set(tasks))


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Streams]:
    """A connection to a server on loopback."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        await closed(writer)


async def closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


@dataclass(frozen=True)
class Head:
    """The first part of a request or an answer."""

    first: str
    fields: dict[str, str]


async def read_head(reader: asyncio.StreamReader) -> Head:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    pairs = (line.split(":", 1) for line in lines[1:] if line)
    return Head(lines[0], {name.lower(): value.strip() for name, value in pairs})


def named(name: str) -> Handler:
    """Answers every request with its own name and the request's first line, over a connection that it keeps."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await read_head(reader)
            await reader.readexactly(int(head.fields.get("content-length", 0)))
            body = f"{name}: {head.first}".encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    return handle


async def echo_websocket(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Accepts an upgrade, then sends every byte back."""
    head = await read_head(reader)
    if head.fields.get("upgrade") != "websocket":
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        return
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    while data := await reader.read(4096):
        writer.write(data)


class Http2:
    """One end of an HTTP/2 connection without TLS."""

    def __init__(self, streams: Streams, *, client: bool) -> None:
        self._reader, self._writer = streams
        self.connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=client))
        self.connection.initiate_connection()
        self.flush()

    def flush(self) -> None:
        self._writer.write(self.connection.data_to_send())

    async def events(self) -> AsyncIterator[Any]:
        while data := await self._reader.read(65536):
            for event in self.connection.receive_data(data):
                yield event
            self.flush()


async def unary_grpc(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers as a gRPC server does: headers, the request's data, and the status in trailers; HTTP/1.1 not at all."""
    with suppress(h2.exceptions.ProtocolError):
        await _answer_grpc(reader, writer)


async def _answer_grpc(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    end = Http2((reader, writer), client=False)
    got: dict[int, bytes] = {}
    async for event in end.events():
        if isinstance(event, h2.events.DataReceived):
            got[event.stream_id] = got.get(event.stream_id, b"") + event.data
        elif isinstance(event, h2.events.StreamEnded):
            end.connection.send_headers(event.stream_id, [(":status", "200"), ("content-type", "application/grpc")])
            end.connection.send_data(event.stream_id, got.get(event.stream_id, b""))
            end.connection.send_headers(event.stream_id, [("grpc-status", "0")], end_stream=True)


async def grpc_call(port: int, data: bytes) -> tuple[dict[str, str], bytes, dict[str, str]]:
    """Headers, data and trailers of the answer to one request in HTTP/2."""
    fields = [(":method", "POST"), (":scheme", "http"), (":authority", "x"), (":path", "/shop.Orders/Place"),
              ("content-type", "application/grpc"), ("te", "trailers")]  # fmt: skip
    head: dict[str, str] = {}
    trailers: dict[str, str] = {}
    body = b""
    async with connected(port) as streams:
        end = Http2(streams, client=True)
        end.connection.send_headers(1, fields)
        end.connection.send_data(1, data, end_stream=True)
        end.flush()
        async for event in end.events():
            match event:
                case h2.events.ResponseReceived():
                    head = _texts(event.headers)
                case h2.events.DataReceived():
                    body += event.data
                case h2.events.TrailersReceived():
                    trailers = _texts(event.headers)
                case h2.events.StreamEnded():
                    break
    return head, body, trailers


def _texts(headers: Any) -> dict[str, str]:
    return {_text(name): _text(value) for name, value in headers}


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode()
