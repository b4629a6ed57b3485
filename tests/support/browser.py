"""A real browser without a window: Chromium, told what to do over its DevTools protocol."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import re
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DEADLINE_S = 40.0
WORDS = (
    "--headless=new", "--no-sandbox", "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0", "--use-mock-keychain",
)  # fmt: skip
ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[@-Z\\-_])")

COLOURS = """
new Promise(done => {{
  const image = new Image();
  image.onload = () => {{
    const canvas = new OffscreenCanvas(image.width, image.height), pen = canvas.getContext("2d");
    pen.drawImage(image, 0, 0);
    done(new Set(new Uint32Array(pen.getImageData(0, 0, image.width, image.height).data.buffer)).size);
  }};
  image.src = "data:image/png;base64,{png}";
}})
"""


class Page:
    """One page, with all that its websockets received and every address that it asked for."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self.received = b""
        self.statuses: dict[str, int] = {}
        self.asked: list[str] = []

    async def hear(self) -> None:
        """Take in what the browser tells, until it ends."""
        async for message in self._socket:
            told = message.json()
            if "id" in told:
                self._answers.pop(told["id"]).set_result(told)
                continue
            values = told["params"]
            match told["method"]:
                case "Network.webSocketFrameReceived":
                    frame = values["response"]
                    self.received += base64.b64decode(frame["payloadData"]) if frame["opcode"] == 2 else b""
                case "Network.responseReceived":
                    self.statuses[values["response"]["url"]] = values["response"]["status"]
                case "Network.requestWillBeSent":
                    self.asked.append(values["request"]["url"])

    async def do(self, method: str, **values: Any) -> Any:
        """One command of the protocol; its result."""
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": values})
        told = await asyncio.wait_for(answer, DEADLINE_S)
        assert "error" not in told, told
        return told["result"]

    async def open(self, address: str) -> None:
        await self.do("Page.navigate", url=address)

    async def value(self, script: str) -> Any:
        """What a script in the page comes to."""
        told = await self.do("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    async def press(self, key: str) -> None:
        """A key that writes a letter."""
        code = ord(key.upper())
        for kind, text in (("keyDown", key), ("keyUp", "")):
            await self.do("Input.dispatchKeyEvent", type=kind, key=key, text=text, windowsVirtualKeyCode=code)

    @property
    def text(self) -> str:
        """All that was written to the terminal in the page, without the codes that move and colour."""
        return ESCAPES.sub("", self.received.decode(errors="replace"))

    async def until_written(self, text: str) -> None:
        """Wait until something was written to the terminal in the page."""
        await _until(lambda: text in self.text, f"{text!r} written")

    async def until_true(self, script: str) -> None:
        """Wait until a script in the page comes to something true."""
        end = time.monotonic() + DEADLINE_S
        while not await self.value(script):
            assert time.monotonic() < end, f"not within {DEADLINE_S:.0f}s: {script}"
            await asyncio.sleep(0.05)

    async def picture(self) -> bytes:
        """The page as PNG."""
        return base64.b64decode((await self.do("Page.captureScreenshot"))["data"])

    async def colours(self) -> int:
        """How many colours there are in what is shown."""
        png = base64.b64encode(await self.picture()).decode()
        return int(await self.value(COLOURS.format(png=png)))


@contextlib.asynccontextmanager
async def open_browser(width: int = 1000, height: int = 600) -> AsyncIterator[Callable[[], Any]]:
    """A browser with a profile of its own, gone at the end; gives a function that opens one more page."""
    assert PROGRAM is not None, "no Chromium was found"
    with tempfile.TemporaryDirectory(prefix="browser", ignore_cleanup_errors=True) as folder:
        process = await asyncio.create_subprocess_exec(
            PROGRAM, *WORDS, f"--user-data-dir={folder}", f"--window-size={width},{height}", "about:blank",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            port = await _port(Path(folder) / "DevToolsActivePort")
            async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as tasks:
                hearing: list[asyncio.Task[None]] = []

                async def page() -> Page:
                    async with http.put(f"http://127.0.0.1:{port}/json/new") as answer:
                        address = (await answer.json())["webSocketDebuggerUrl"]
                    made = Page(await http.ws_connect(address, max_msg_size=0))
                    hearing.append(tasks.create_task(made.hear()))
                    for domain in ("Page", "Network", "Runtime"):
                        await made.do(f"{domain}.enable")
                    await made.do("Emulation.setDeviceMetricsOverride", width=width, height=height,
                                  deviceScaleFactor=1, mobile=False)  # fmt: skip
                    return made

                try:
                    yield page
                finally:
                    for task in hearing:
                        task.cancel()
        finally:
            process.terminate()
            await process.wait()


async def _port(file: Path) -> int:
    """Where it listens, as it writes down once it does: the port, then a path."""
    await _until(lambda: file.exists() and "\n" in file.read_text(), "the browser listens")
    return int(file.read_text().splitlines()[0])


async def _until(fact: Callable[[], Any], what: str) -> None:
    end = time.monotonic() + DEADLINE_S
    while not fact():
        assert time.monotonic() < end, f"not within {DEADLINE_S:.0f}s: {what}"
        await asyncio.sleep(0.02)
