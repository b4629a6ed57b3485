"""The client of the bus: what it loads, and how it connects."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from spacectl.adapters.nats.client import connected
from spacectl.adapters.nats_server import find_nats_server


@pytest.fixture
def websockets(tmp_path: Path) -> Iterator[str]:
    """A server that takes WebSockets; their address."""
    config = tmp_path / "nats.conf"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    there = {"host": "127.0.0.1", "port": port, "no_tls": True}
    config.write_text(json.dumps({"host": "127.0.0.1", "port": -1, "websocket": there}))
    with subprocess.Popen([find_nats_server(), "-c", str(config)], stderr=subprocess.DEVNULL) as server:
        yield f"ws://127.0.0.1:{port}"
        server.terminate()


@pytest.mark.filterwarnings("ignore:parameter 'timeout' of type 'float' is deprecated")  # by the client, of aiohttp
def test_a_bus_is_reached_by_websockets(websockets: str) -> None:
    async def echo() -> bytes:
        async with connected(websockets, name="test", timeout_s=15) as client:
            answers = await client.subscribe("echo")
            await client.publish("echo", b"hello")
            return (await answers.next_msg(timeout=15)).data

    assert asyncio.run(echo()) == b"hello"


def test_the_part_for_websockets_is_not_loaded_for_others() -> None:
    look = "import sys, spacectl.adapters.nats.client; print([n for n in ('aiohttp', 'multidict') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
