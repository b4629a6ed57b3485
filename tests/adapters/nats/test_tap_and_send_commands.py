"""`tap` and `send` against a real server."""

from __future__ import annotations

import asyncio
import io
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from spacectl.adapters.nats.client import connected
from spacectl.adapters.nats.tap import BATCH
from spacectl.cli.send import send
from spacectl.cli.tap import line_of, printable, tap
from spacectl.errors import NotRunningError, UsageError
from spacectl.model.message import Message

SHOP = {
    "orders": {"publishes": ["orders.placed", "orders.cancelled"]},
    "payments": {"publishes": ["payments.captured"]},
}
PROGRAM = "import typer; from spacectl.cli.tap import tap; typer.run(tap)"


@pytest.fixture
def shop(start_bus: Callable[..., Any]) -> Any:
    bus = start_bus(SHOP)
    asyncio.run(bus.provision())
    return bus


@pytest.fixture
def tapping(shop: Any) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts `tap` as a process of its own, and returns when it shows what comes."""
    running: list[subprocess.Popen[str]] = []

    def start(*words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", PROGRAM, *words, "--system", str(shop.root)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stderr is not None
        assert process.stderr.readline().startswith("watching")
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


def test_what_is_sent_is_a_cloud_event_and_tap_shows_it(shop: Any, capsys: pytest.CaptureFixture[str]) -> None:
    send("orders.placed", '{"id": 7}', header=["tenant=a=b"], event_id="e-1", system=shop.root)
    assert capsys.readouterr().out == "orders.placed: stored as message 1 of stream orders, id e-1\n"
    tap(["orders.>"], since="1m", follow=False, as_json=True, system=shop.root)
    shown = json.loads(capsys.readouterr().out)
    assert shown.keys() == {"time", "subject", "stream", "sequence", "id", "source", "size", "data"}
    assert abs(datetime.fromisoformat(shown.pop("time")) - datetime.now(UTC)).total_seconds() < 60
    assert shown == {
        "subject": "orders.placed",
        "stream": "orders",
        "sequence": 1,
        "id": "e-1",
        "source": "/spacectl",
        "size": 9,
        "data": {"id": 7},
    }

    async def headers() -> dict[str, str]:
        async with connected(shop.access.admin_url, name="test", timeout_s=5) as client:
            return dict((await client.jsm().get_msg("orders", 1)).headers or {})

    stored = asyncio.run(headers())
    assert abs(datetime.fromisoformat(stored.pop("ce-time")) - datetime.now(UTC)).total_seconds() < 60
    assert stored == {
        "ce-specversion": "1.0",
        "ce-id": "e-1",
        "ce-source": "/spacectl",
        "ce-type": "orders.placed",
        "content-type": "application/json",
        "Nats-Msg-Id": "e-1",
        "tenant": "a=b",
    }


def test_a_second_event_with_the_same_id_is_a_duplicate(shop: Any, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        send("orders.placed", "1", event_id="same", as_json=True, system=shop.root)
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first == {"subject": "orders.placed", "stream": "orders", "sequence": 1, "id": "same", "duplicate": False}
    assert second == {**first, "duplicate": True}


@pytest.mark.parametrize("argument", ["-", None])
def test_the_event_can_come_from_stdin(
    shop: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, argument: str | None
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'{"id": 1}\n')))
    send("orders.placed", argument, system=shop.root)
    assert "message 1 of stream orders" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said", "hint"),
    [
        (("orders.plced", "1"), 'no space publishes "orders.plced"', 'did you mean "orders.placed"?'),
        (("orders.>", "1"), 'no space publishes "orders.>"', None),
        (("orders.placed", "{id: 1}"), "the event is not JSON: key must be a string", None),
        (("orders.placed", "NaN"), "the event is not JSON", None),
        (("orders.placed", ""), "the event is not JSON", None),
        (("orders.placed", '"' + "x" * 2**20 + '"'), "the bus takes at most 1048576", None),
    ],
)
def test_send_refuses(shop: Any, words: tuple[str, str], said: str, hint: str | None) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        send(*words, system=shop.root)
    assert hint is None or caught.value.hint == hint


@pytest.mark.parametrize("header", ["no-value", "=x", "a b=c", "ce-id=1", "NATS-MSG-ID=1", "a=b\nc: d"])
def test_send_refuses_a_header(tmp_path: Path, header: str) -> None:
    with pytest.raises(UsageError, match="--header"):
        send("orders.placed", "1", header=[header], system=tmp_path)


def test_tap_refuses_a_subject_that_nobody_publishes(shop: Any) -> None:
    with pytest.raises(UsageError, match=r'no space publishes "payment\.captured"') as caught:
        tap(["orders.>", "payment.captured"], system=shop.root)
    assert caught.value.hint == 'did you mean "payments.captured"?'
    with pytest.raises(UsageError, match="needs --since"):
        tap(follow=False, system=shop.root)
    with pytest.raises(UsageError, match='--since "soon"'):
        tap(since="soon", system=shop.root)


def test_tap_says_so_when_nothing_is_published(start_bus: Callable[..., Any]) -> None:
    bus = start_bus({"hermit": {}})
    with pytest.raises(UsageError, match="publishes anything"):
        tap(system=bus.root)


def test_where_nothing_runs_both_say_so(shop: Any, tmp_path: Path) -> None:
    (tmp_path / "system.toml").touch()
    with pytest.raises(NotRunningError, match="no system is running here"):
        tap(system=tmp_path)
    root = shop.root
    shop.stop()
    with pytest.raises(NotRunningError, match="no system is running here: the bus does not answer"):
        send("orders.placed", "1", system=root)


def test_wrong_passwords_are_not_taken_for_a_bug(shop: Any) -> None:
    shop.passwords = dict.fromkeys(shop.passwords, "wrong")
    with pytest.raises(NotRunningError, match="refuses the user or password"):
        send("orders.placed", "1", system=shop.root)


def test_tap_ends_after_a_count_and_shows_one_line_each(tapping: Callable[..., Any], shop: Any) -> None:
    process = tapping("--count", "2")
    send("orders.placed", '{"id": 7}', system=shop.root)
    send("payments.captured", '"\\u001b[2J"', system=shop.root)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    first, second = out.splitlines()
    assert first.split()[1:] == ["orders.placed", "/spacectl", "9", "B", '{"id":7}']
    assert second.split()[1:3] == ["payments.captured", "/spacectl"]
    assert "\x1b" not in out
    assert err == ""


def test_tap_is_interrupted_without_noise(tapping: Callable[..., Any]) -> None:
    process = tapping()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert out == ""
    assert "asyncio" not in err
    assert "Traceback" not in err
    assert process.returncode in (1, 130)  # Typer alone says "Aborted!"; spacectl's boundary makes it 130


def test_tap_ends_when_its_reader_does(tapping: Callable[..., Any]) -> None:
    process = tapping()
    process.stdout.close()
    process.stdout = None
    process.communicate(timeout=20)
    assert process.returncode != 0


def test_a_stopped_tap_costs_the_bus_nothing(tapping: Callable[..., Any], shop: Any) -> None:
    process = tapping("--json")
    send("orders.placed", "1", system=shop.root)
    assert process.stdout.readline()  # now it has asked for the next ones
    process.send_signal(signal.SIGSTOP)

    async def publish() -> Any:
        async with connected(shop.access.admin_url, name="publisher", timeout_s=5) as client, shop.admin() as admin:
            js = client.jetstream()
            for _ in range(8 * BATCH):
                await js.publish_async("orders.placed", b"x" * 1000)
            await js.publish_async_completed()
            async with asyncio.timeout(20):
                while True:
                    (tap,) = [c for c in await admin.connections() if c.name == "tap"]
                    if tap.received >= BATCH // 2:
                        return tap

    stopped = asyncio.run(publish())
    assert stopped.received < 2 * BATCH
    assert stopped.pending_bytes == 0


def test_a_line_is_cut_to_the_width_of_the_terminal() -> None:
    message = Message(
        time=datetime.now(UTC),
        subject="orders.placed",
        stream="orders",
        sequence=1,
        id=None,
        source=None,
        size=900,
        data={"text": "日本" * 400},
    )
    line = line_of(message, width=80)
    assert line.cell_len <= 80
    assert line.plain.endswith("…")
    assert line_of(message).cell_len > 800


def test_what_could_act_on_a_terminal_is_escaped() -> None:
    assert printable("é\x1b[31m\x9b\u202e\n") == r"é\x1b[31m\x9b\u202e\n"
