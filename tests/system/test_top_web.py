"""The cockpit in a browser: who may see it, what it shows there, and that nothing of it is left."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import httpx
import psutil
import pytest
from browser import PROGRAM, Page, open_browser

pytestmark = [pytest.mark.system, pytest.mark.anyio]

MOST = 8
DEADLINE_S = 30.0
EVENTS = '[events]\npublishes = ["clock.ticked"]\n'


class Served:
    """A `top --web` that runs."""

    def __init__(self, system: Any, *words: str) -> None:
        self.command = system.foreground("top", "--web", *words)
        self.command.until("Ctrl-C ends it")
        self.address = self.command.err.splitlines()[0]
        parts = urlsplit(self.address)
        self.place = f"http://{parts.netloc}"
        self.token = parts.query.removeprefix("token=")

    @property
    def pages(self) -> list[psutil.Process]:
        """The processes of its pages."""
        return psutil.Process(self.command.process.pid).children()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def running(make_system: Any, idle: Callable[..., str], serve: Callable[..., str]) -> Any:
    system = make_system({"clock": idle("tick", more=EVENTS), "orders": serve("--say", "open")})
    system.up()
    return system


@pytest.fixture
def served(running: Any) -> Served:
    return Served(running)


@pytest.fixture
def ask(served: Served) -> Iterator[Callable[..., httpx.Response]]:
    with httpx.Client(trust_env=False, base_url=served.place) as client:

        def one(path: str, *, cookie: str | None = None, **headers: str) -> httpx.Response:
            known = {} if cookie is None else {"Cookie": f"{cookie_name(served)}={cookie}"}
            return client.get(path, headers=headers | known)

        yield one


def cookie_name(served: Served) -> str:
    return f"spacectl-{urlsplit(served.place).port}"


def test_who_may_ask(served: Served, ask: Callable[..., httpx.Response]) -> None:
    token = served.token
    paths = ("/", "/ws", "/page.css", "/page.js", "/static/js/textual.js", "/download/x", "/nothing")
    assert {path: ask(path).status_code for path in paths if path != "/ws"} == dict.fromkeys(set(paths) - {"/ws"}, 401)
    assert ask("/ws").status_code == 403
    assert ask(f"/?token={token[:-1]}").status_code == 401
    assert ask("/", cookie="wrong").status_code == 401
    assert ask("/", cookie=token, Host="evil.example").status_code == 403
    assert ask(f"/?token={token}", Host="evil.example").status_code == 403
    assert ask("/", cookie=token, Origin="http://evil.example").status_code == 403
    own = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "a" * 24,
    }
    assert ask("/ws", cookie=token, **own).status_code == 403
    assert ask("/ws", cookie=token, Origin="http://evil.example", **own).status_code == 403
    assert ask("/ws", Origin=served.place, **own).status_code == 401
    assert not served.pages


def test_the_address_gives_a_cookie_that_opens_the_rest(served: Served, ask: Callable[..., httpx.Response]) -> None:
    first = ask(f"/?token={served.token}")
    assert first.status_code == 200
    assert first.headers["set-cookie"] == f"{cookie_name(served)}={served.token}; HttpOnly; Path=/; SameSite=Strict"
    assert first.headers["referrer-policy"] == "no-referrer"
    assert served.token not in first.text
    page = ask("/", cookie=served.token)
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert f"ws://{urlsplit(served.place).netloc}/ws" in page.text
    assert "://" not in page.text.replace(
        f"ws://{urlsplit(served.place).netloc}/ws", ""
    )  # nothing comes from elsewhere
    assert ask("/static/js/textual.js", cookie=served.token).status_code == 200
    assert 'data-font-size="72"' in ask("/?fontsize=1000", cookie=served.token).text
    assert ask("/static/../serving.py", cookie=served.token).status_code == 404


async def connect(served: Served, http: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
    headers = {"Cookie": f"{cookie_name(served)}={served.token}", "Origin": served.place}
    return await http.ws_connect(f"{served.place}/ws?width=100&height=30", headers=headers)


async def test_open_pages_are_counted_and_closed_ones_end(served: Served, running: Any) -> None:
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        pages = [await connect(served, http) for _ in range(MOST)]
        for page in pages:
            await until_drawn(page, b"orders")
        assert len(served.pages) == MOST
        for each in served.pages:
            assert "--read-only" in each.cmdline()
            assert served.token not in " ".join([*each.cmdline(), *each.environ().values()])
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await connect(served, http)
        assert refused.value.status == 503
        for page in pages:
            await page.close()
        await until(lambda: not served.pages)
        await until_drawn(await connect(served, http), b"orders")
    assert served.token not in psutil.Process(served.command.process.pid).cmdline()
    assert all(served.token not in file.read_text(errors="replace") for file in running.state.rglob("*.log"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
async def test_its_pages_end_with_it(served: Served, number: int) -> None:
    async with aiohttp.ClientSession() as http:
        page = await connect(served, http)
        await until_drawn(page, b"orders")
        (process,) = served.pages
        served.command.interrupt(number)
        assert await asyncio.to_thread(served.command.ended) == (130 if number != signal.SIGKILL else -signal.SIGKILL)
        await until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE)
        await page.close()
    assert served.command.out == ""


async def test_a_page_that_does_not_end_is_killed(served: Served) -> None:
    async with aiohttp.ClientSession() as http:
        page = await connect(served, http)
        await until_drawn(page, b"orders")
        (process,) = served.pages
        process.suspend()
        served.command.interrupt(signal.SIGTERM)
        assert await asyncio.to_thread(served.command.ended) == 130
        assert not process.is_running()
        await page.close()


async def until_drawn(page: aiohttp.ClientWebSocketResponse, text: bytes) -> None:
    seen = b""
    async with asyncio.timeout(DEADLINE_S):
        while text not in seen:
            message = await page.receive()
            assert message.type == aiohttp.WSMsgType.BINARY, message
            seen += message.data


async def until(fact: Callable[[], Any]) -> None:
    end = time.monotonic() + DEADLINE_S
    while not fact():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--port", "8000"], 2, "--port goes with --web"),
        (["--allow-actions"], 2, "--allow-actions goes with --web"),
        (["--web", "--once"], 2, "--web does not go with --once"),
        (["--web", "--json"], 2, "--web does not go with --json"),
        (["--web", "--read-only", "--allow-actions"], 2, "exclude each other"),
        (["--web", "--port", "0"], 2, "'--port'"),
        (["--web"], 4, "no system is running"),
    ],
)
def test_what_cannot_be(make_system: Any, words: list[str], code: int, told: str) -> None:
    done = make_system({}).run("top", *words)
    assert done.code == code
    assert told in done.err


def test_its_port_is_taken(running: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = running.run("top", "--web", "--port", str(port))
    assert done.code == 6
    assert f"port {port} is in use by" in done.err


needs_browser = pytest.mark.skipif(
    PROGRAM is None and os.environ.get("CI") != "true", reason="no Chromium is installed"
)  # fmt: skip


async def opened(page: Page, address: str) -> None:
    await page.open(address)
    await page.until_true("document.body && document.body.classList.contains('-first-byte')")
    await page.until_written("▸ orders")


@needs_browser
async def test_it_is_seen_and_used_in_a_browser(served: Served) -> None:
    async with open_browser() as new_page:
        page = await new_page()
        await opened(page, served.address)
        assert await page.value("location.href") == f"{served.place}/"
        assert await page.value("document.cookie") == ""
        assert await page.colours() > 50
        await page.press("?")
        await page.until_written("the spaces: how they are, what they do")
        await page.press("q")
        await page.press("5")
        await page.until_written("[5 Timeline]")
        await page.press("r")  # it is read-only
        assert all(each.startswith((served.place, "data:")) for each in page.asked)
        await page.press("q")
        await page.until_true("document.body.classList.contains('-closed')")
        await until(lambda: not served.pages)
        await page.do("Page.navigate", url=f"{served.place}/")
        await page.until_true("document.body && document.body.classList.contains('-first-byte')")


@needs_browser
async def test_another_site_cannot_use_it(served: Served) -> None:
    async with open_browser() as new_page:
        page = await new_page()
        await opened(page, served.address)
        other = await new_page()
        await other.open("data:text/html,<title>elsewhere</title>")
        await other.until_true("document.title === 'elsewhere'")
        socket_here = f"ws://{urlsplit(served.place).netloc}/ws?width=80&height=24"
        script = f"new Promise(done => {{ const one = new WebSocket('{socket_here}'); one.onopen = () => done('open'); "
        assert await other.value(f"{script} one.onerror = () => done('refused'); }})") == "refused"
        fetched = f"fetch('{served.place}/', {{credentials: 'include'}}).then(one => one.text()).catch(() => 'refused')"
        assert await other.value(fetched) == "refused"
        assert len(served.pages) == 1


@needs_browser
async def test_what_is_allowed_is_done(running: Any) -> None:
    served = Served(running, "--allow-actions", "--filter", "orders")
    before = running.replica("orders.1")["pid"]
    async with open_browser() as new_page:
        page = await new_page()
        await opened(page, served.address)
        await page.press("r")
        await page.until_written("$ spacectl restart orders")
        await page.press("y")
        await asyncio.to_thread(
            running.wait_for_replica, "orders.1", lambda each: each["state"] == "ready" and each["pid"] != before
        )
