"""What the cockpit is connected to: real logs, manifests and a supervisor's notes on disk."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from spacectl.errors import NotRunningError, SpacectlError, UsageError
from spacectl.model.layout import Layout
from spacectl.wiring import cockpit

pytestmark = pytest.mark.anyio
DEADLINE_S = 20.0
NOTE = {"time": "2026-11-22T10:00:00.000Z", "subject": "orders.1", "kind": "ready", "text": "after 1s"}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path)
    made.logs.mkdir(parents=True)
    made.run.mkdir()
    folder = tmp_path / "spaces" / "orders"
    folder.mkdir(parents=True)
    (tmp_path / "system.toml").write_text('[system]\nname = "tiny"\n')
    (folder / "space.toml").write_text('[space]\nname = "orders"\n[run]\ncommand = "true"\nenv_file = ".env"\n')
    (folder / ".env").write_text("MODE=fast\n")
    return made


async def test_lines_come_as_they_are_written(layout: Layout) -> None:
    log = layout.log("orders.1")
    log.write_bytes(b"one\nERROR two\n")
    async with asyncio.timeout(DEADLINE_S), aclosing(cockpit.written(layout, None)) as batches:
        first = await anext(batches)
        assert [(line.source, line.line) for line in first] == [("orders.1", b"one"), ("orders.1", b"ERROR two")]
        assert [line.level and line.level.word for line in first] == [None, "error"]
        with log.open("ab") as file:
            file.write(b"three\n")
        assert [line.line for line in await anext(batches)] == [b"three"]


async def test_only_the_last_lines_of_a_long_log_come_first(layout: Layout) -> None:
    layout.log("orders.1").write_bytes(b"".join(b"%d\n" % number for number in range(5000)))
    async with asyncio.timeout(DEADLINE_S), aclosing(cockpit.written(layout, None)) as batches:
        lines = [line.line for line in await anext(batches)]
    assert lines[0] == b"4800"
    assert lines[-1] == b"4999"


def test_the_past_stands_in_the_log_of_the_supervisor(layout: Layout) -> None:
    assert cockpit.past(layout) == []
    layout.supervisor_log.write_text(f"Traceback\n{json.dumps(NOTE)}\n{{half")
    assert [(note.subject, note.kind) for note in cockpit.past(layout)] == [("orders.1", "ready")]


def test_what_stands_on_disk_about_a_space(layout: Layout) -> None:
    manifest, env_file = cockpit.declared(layout, "orders")
    assert manifest is not None
    assert manifest.run.command == "true"
    assert env_file == {"MODE": "fast"}
    assert cockpit.published(layout) == {"orders": ()}
    assert cockpit.declared(layout, "nobody") == (None, {})
    (layout.root / "spaces/orders/.env").write_bytes(b"\xff\xfe=\xff")
    assert cockpit.declared(layout, "orders") == (manifest, {})
    (layout.root / "spaces/orders/space.toml").write_text("[space\n")
    assert cockpit.declared(layout, "orders") == (None, {})
    assert cockpit.published(layout) == {}


async def test_nothing_runs(layout: Layout) -> None:
    with pytest.raises(NotRunningError):
        await anext(cockpit.told(layout))
    with pytest.raises(NotRunningError):
        await anext(cockpit.first(layout, 1.0))
    with pytest.raises(SpacectlError):
        await anext(cockpit.passing(layout, ()))
    with pytest.raises(SpacectlError):
        await cockpit.publish(layout, "orders.placed", "{}")
    with pytest.raises(UsageError, match="not JSON"):
        await cockpit.publish(layout, "orders.placed", "{")


async def test_a_url_is_opened_by_what_opens_them_here(tmp_path: Path, monkeypatch: Any) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {tmp_path}/opened\n')
    browser.chmod(0o755)
    monkeypatch.setattr("webbrowser._tryorder", None)
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    assert await cockpit.opened("http://127.0.0.1:1/x") == "opened http://127.0.0.1:1/x"
    assert (tmp_path / "opened").read_text() == "http://127.0.0.1:1/x"
