"""Follows the change feed of a running supervisor on an event loop, where a thread that waits could not be ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

from pydantic import ValidationError

from spacectl.adapters.control.address import short_path
from spacectl.errors import NotRunningError, OtherVersionError, SpacectlError
from spacectl.model.report import Change

_LONGEST_LINE = 256 * 1024**2
"""Bytes; a report of 5,000 edges has some 2 MB."""

# As of HTTP/1.0 the body is what comes until the end of the connection, so that it needs no decoding (RFC 9112, 6.3).
_REQUEST = b"GET /changes?flow=true HTTP/1.0\r\nHost: spacectl\r\n\r\n"


async def follow(path: Path) -> AsyncGenerator[Change, None]:
    """How everything stands, then every change, and what moves where that is told; ends when the supervisor does.

    Raises:
        NotRunningError: no supervisor answers.
        SpacectlError: it is of another version, or it belongs to another user.
    """
    reader, writer = await _opened(path)
    try:
        writer.write(_REQUEST)
        await _skip_head(reader)
        while (line := await _line(reader)).endswith(b"\n"):  # the last may be cut off where the supervisor ended
            yield _understood(line)
    finally:
        writer.close()


async def _opened(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        with short_path(path) as short:
            return await asyncio.open_unix_connection(short, limit=_LONGEST_LINE)
    except PermissionError as error:
        raise SpacectlError("the system that runs here belongs to another user") from error
    except OSError as error:
        raise NotRunningError("no system is running here", hint="start it with `spacectl up`") from error


async def _skip_head(reader: asyncio.StreamReader) -> None:
    status = await _line(reader)
    if not status:
        raise NotRunningError("the supervisor has ended")
    if b" 200 " not in status:
        raise SpacectlError(f"the supervisor answered: {status.decode(errors='replace').strip()}")
    while (await _line(reader)).strip():
        pass


async def _line(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readline()
    except OSError:  # it was killed while it wrote
        return b""


def _understood(line: bytes) -> Change:
    try:
        return Change.model_validate_json(line, strict=False)
    except ValidationError as error:
        raise OtherVersionError from error
