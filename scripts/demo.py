"""The whole way in a minute: make a shop, bring it up, buy something, see what that caused, take it down.

Uses the `spacectl` command and the shop's own APIs, nothing else. Run it with `make demo`.
"""

# ruff: noqa: INP001, S603 - a script, which runs the program that it shows

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import httpx
from rich.console import Console
from rich.markup import escape
from rich.rule import Rule
from rich.table import Table

Json = dict[str, Any]

WIDTH = 80
NOT_RUNNING = 4
INTERRUPTED = 130
CONFIRMED_WITHIN_S = 30.0
TAP_WITHIN_S = 15.0
REQUEST_TIMEOUT_S = 10.0
WORTH_SAYING_S = 1.0
LOG_LINES = 12
BASKET = {"HOM-0001": 1, "KIT-0006": 2}
MESSAGES = 5
"""What one paid order causes: checked out, placed, reserved, captured, confirmed."""

console = Console(highlight=False, soft_wrap=False)
console.width = min(console.width, WIDTH)


class DemoError(Exception):
    """The demo cannot go on; the message says why."""


class StillRunningError(DemoError):
    """Something could not be stopped, and its folder is needed to stop it."""


@dataclass(frozen=True)
class Spacectl:
    """The command, run in a folder, with another for what programs write for the moment."""

    folder: Path
    scratch: Path

    def run(self, *arguments: str) -> None:
        """Run it in view: what it writes goes straight to the terminal.

        Raises:
            DemoError: it failed.
        """
        command(*arguments)
        started = time.monotonic()
        code = subprocess.run(
            self._command(arguments), cwd=self.folder, env=self._environment(), check=False
        ).returncode
        if code != 0:
            raise DemoError(f"`spacectl {' '.join(arguments)}` ended with {code}")
        if (took_s := time.monotonic() - started) > WORTH_SAYING_S:
            console.print(f"[dim]took {took_s:.1f} s[/dim]")

    def read(self, *arguments: str, within_s: float = TAP_WITHIN_S) -> list[Json]:
        """The JSON lines that it prints until it ends, or until the time is up.

        Raises:
            DemoError: it failed.
        """
        with subprocess.Popen(
            self._command(arguments), cwd=self.folder, env=self._environment(), stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                text, _ = process.communicate(timeout=within_s)
            except subprocess.TimeoutExpired:
                process.terminate()
                text, _ = process.communicate()
            else:
                if process.returncode != 0:
                    raise DemoError(f"`spacectl {' '.join(arguments)}` ended with {process.returncode}")
        return [json.loads(line) for line in text.splitlines() if line]

    def end(self) -> int:
        """Take down whatever runs in the folder; returns the exit code, 0 also when nothing ran."""
        down = subprocess.run(
            self._command(["down"]),
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if down.returncode == NOT_RUNNING:
            console.print("Nothing runs any more.")
            return 0
        console.print(down.stderr.rstrip(), markup=False)
        return down.returncode

    def _command(self, arguments: Sequence[str]) -> list[str]:
        return [sys.executable, "-m", "spacectl", *arguments]

    def _environment(self) -> dict[str, str]:
        # Somebody's own system must not be mistaken for this one, and what build tools leave in the folder for
        # temporary files goes with the demo.
        mine = {name: value for name, value in os.environ.items() if name != "SPACECTL_SYSTEM"}
        return mine | {"TMPDIR": str(self.scratch)}


@dataclass(frozen=True)
class Api:
    """The spaces' APIs, at the addresses that `ps` gave."""

    http: httpx.Client
    urls: Mapping[str, str]

    def ask(self, method: str, space: str, path: str, body: Json | None = None) -> Json:
        """The JSON of an answer.

        Raises:
            DemoError: the space did not answer, or said no.
        """
        try:
            answer = self.http.request(method, f"{self.urls[space].rstrip('/')}{path}", json=body)
        except httpx.TransportError as error:
            raise DemoError(f"{space} does not answer {method} {path}: {error}") from error
        if not answer.is_success:
            raise DemoError(f"{space} answered {method} {path} with {answer.status_code}: {answer.text[:300]}")
        decoded: Json = answer.json()
        return decoded


def main() -> int:
    """Show it all; returns the exit code."""
    signal.signal(signal.SIGTERM, interrupt)
    try:
        with somewhere() as folder:
            show(folder)
    except DemoError as error:
        console.print(f"\nThe demo failed: {escape(str(error))}", style="red")
        return 1
    except KeyboardInterrupt:
        console.print("\nInterrupted.")
        return INTERRUPTED
    heading("Done")
    console.print("Make one of your own:")
    if shutil.which("spacectl") is None:
        console.print(f"  . {os.path.relpath(sys.prefix)}/bin/activate")
    console.print("  spacectl new shop -t ecommerce && cd shop && spacectl up --profile traffic")
    return 0


def show(folder: Path) -> None:
    """Each thing in its turn."""
    heading("1. A shop of five services, made from a template")
    scratch = folder / "tmp"
    scratch.mkdir()
    Spacectl(folder, scratch).run("new", "shop", "-t", "ecommerce")
    shop = Spacectl(folder / "shop", scratch)
    with running(shop):
        heading("3. What runs")
        shop.run("ps")
        console.print("shopper rests: it plays customers, and comes with `up --profile traffic`.")
        with httpx.Client(timeout=REQUEST_TIMEOUT_S) as http:
            api = Api(http, addresses(shop))
            heading("4. Buy something, through the shop's own APIs")
            order = buy(api)
        heading("5. The way of the order")
        console.print(way(order))
        heading("6. The messages it caused")
        console.print(messages(shop, order))


@contextmanager
def running(shop: Spacectl) -> Iterator[None]:
    """The shop, up; taken down at the end whatever happened, and shown by its logs when that was a failure."""
    heading("2. Bring it up: build each service, start it, wait until it is ready")
    console.print("The first time this fetches the services' libraries.")
    try:
        shop.run("up", "--detach", "--timeout", "180s")
        yield
    except DemoError:
        last_words(shop.folder)
        raise
    finally:
        heading("7. Take it down")
        take_down(shop)


def take_down(shop: Spacectl) -> None:
    """Stop everything; whoever is impatient meanwhile has to wait, for nothing may be left running."""
    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    command("down")
    code = shop.end()
    for number, handler in handlers.items():
        signal.signal(number, handler)
    if code != 0:
        raise StillRunningError(f"`spacectl down` ended with {code}; something may still run in {shop.folder}")


def addresses(shop: Spacectl) -> dict[str, str]:
    """The URL of each space that has one."""
    (system,) = shop.read("ps", "--json")
    return {space["name"]: space["url"] for space in system["spaces"] if space["url"]}


def buy(api: Api) -> Json:
    """Search, fill a cart, check out, and wait until the order is confirmed; returns the order."""
    found = api.ask("GET", "catalog", "/products?q=wool&limit=3")
    console.print(f"Looking for wool: {found['total']} products, such as")
    for product in found["items"]:
        console.print(f"  {product['sku']}  {product['name']:<34} {euros(product['price_cents']):>12}")
    cart_id = api.ask("POST", "cart", "/carts")["cart_id"]
    for sku, quantity in BASKET.items():
        cart = api.ask("PUT", "cart", f"/carts/{cart_id}/items/{sku}", {"quantity": quantity})
    console.print(f"A cart with {sum(BASKET.values())} things in it: {euros(cart['total_cents'])}")
    api.ask("POST", "cart", f"/carts/{cart_id}/checkout", {"customer_id": "demo", "payment_token": "tok_visa"})
    console.print("Checked out with a good card.")
    order = confirmed(api, cart_id)
    console.print(f"Order {order['order_id']} is {order['status']}.")
    return order


def confirmed(api: Api, cart_id: str) -> Json:
    """The order of that cart, once it is confirmed."""
    deadline = time.monotonic() + CONFIRMED_WITHIN_S
    seen = "no order"
    with console.status("The spaces hand the order on by events …"):
        while time.monotonic() < deadline:
            orders: list[Json] = api.ask("GET", "orders", f"/orders?cart_id={cart_id}")["items"]
            if orders and orders[0]["status"] == "confirmed":
                return orders[0]
            if orders:
                seen = f"an order that is {orders[0]['status']}"
            time.sleep(0.1)
    raise DemoError(f"no confirmed order within {CONFIRMED_WITHIN_S:g} s, only {seen}")


def way(order: Json) -> Table:
    """The statuses of the order, with the time from the first."""
    table = Table("status", "after", width=40)
    first = datetime.fromisoformat(order["history"][0]["at"])
    for step in order["history"]:
        after = datetime.fromisoformat(step["at"]) - first
        table.add_row(step["status"], f"{after.total_seconds() * 1000:.0f} ms")
    return table


def messages(shop: Spacectl, order: Json) -> Table:
    """The events about the order, as `tap` shows them, in the order of time."""
    tap = ("tap", "--since", "10m", "--count", str(MESSAGES), "--json")
    command(*tap)
    tapped = shop.read(*tap)
    about = {order["order_id"], order["cart_id"]}
    mine = [event for event in tapped if about & set(map(str, (event["data"] or {}).values()))]
    if len(mine) < MESSAGES:
        raise DemoError(f"{MESSAGES} messages were expected, tap showed {len(mine)} of {len(tapped)} about the order")
    table = Table("time", "event", "from", "bytes", width=WIDTH)
    for event in sorted(mine, key=lambda event: event["time"]):
        moment = datetime.fromisoformat(event["time"]).astimezone()
        table.add_row(f"{moment:%H:%M:%S.%f}"[:-3], event["subject"], event["source"] or "", str(event["size"]))
    return table


def last_words(folder: Path) -> None:
    """The end of each log of the system, for whoever has to find out what went wrong."""
    for log in sorted((folder / ".spacectl" / "logs").glob("*.log")):
        lines = log.read_text(errors="replace").splitlines()[-LOG_LINES:]
        console.print(Rule(f"{log.name}, its last {len(lines)} lines", style="dim", align="left"))
        console.print("\n".join(lines), markup=False, soft_wrap=True)


@contextmanager
def somewhere() -> Iterator[Path]:
    """A new folder, removed at the end, unless something still runs in it."""
    folder = Path(tempfile.mkdtemp(prefix="spacectl-demo-"))
    needed = False
    try:
        yield folder
    except StillRunningError:
        needed = True
        raise
    finally:
        if not needed:
            shutil.rmtree(folder)


def heading(text: str) -> None:
    """Say what comes next."""
    console.print()
    console.print(Rule(text, align="left", style="bold"))


def command(*arguments: str) -> None:
    """Show what is run."""
    console.print(f"[bold]$ spacectl {escape(' '.join(arguments))}[/bold]")


def euros(cents: int) -> str:
    """Money as people read it."""
    return f"{cents / 100:,.2f} EUR"


def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    """Being told to end is like Ctrl-C: everything is taken down first."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
